"""This module tests the plugin registry: it imports what is named and nothing else, and says what is wrong."""

import importlib
import itertools
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from attrs import field, frozen, validators
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from supervisors.config import ConfigError, load
from supervisors.plugin import BadPluginConfigError, PluginError, PluginRegistry, UnknownPluginError
from tests.supervisors.config_sample import Root

GROUP = "test.plugins"
SERIAL = itertools.count()  # a module's name is never used twice: the import system remembers


@frozen(kw_only=True)
class Options:
    """Options of the plugins under test."""

    port: int = field(default=6379, validator=validators.in_(range(65536)), metadata={"help": "a port"})
    mode: str = field(default="plain", metadata={"help": "a mode"})


SOURCE = """
from types import SimpleNamespace
from tests.supervisors.test_plugin import Options
{extra}
PLUGIN = SimpleNamespace(id={id!r}, config=Options, create=lambda config, deps: (config, deps))
"""


class Shop:
    """A folder of plugins and the entry points that are installed."""

    def __init__(self, folder):
        self.folder = folder
        self.points: dict[str, EntryPoint] = {}
        sys.path.insert(0, str(folder))

    def install(self, plugin_id, *, says=None, extra="", attribute="PLUGIN"):
        module = f"plugin_under_test_{next(SERIAL)}"
        (self.folder / f"{module}.py").write_text(SOURCE.format(id=says or plugin_id, extra=extra))
        importlib.invalidate_caches()
        self.points[plugin_id] = EntryPoint(plugin_id, f"{module}:{attribute}", GROUP)
        return module

    def find(self, group):
        assert group == GROUP
        return tuple(self.points.values())

    def registry(self):
        return PluginRegistry(GROUP, self.find)

    def close(self):
        sys.path.remove(str(self.folder))
        for name in [name for name in sys.modules if name.startswith("plugin_under_test_")]:
            del sys.modules[name]


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path)
    yield shop
    shop.close()


def test_ids_are_sorted_and_sifted_by_kind(shop):
    for plugin_id in ("decoy.ssh", "decoy.http", "exporter.jsonl"):
        shop.install(plugin_id)

    assert ("decoy.http", "decoy.ssh", "exporter.jsonl") == shop.registry().ids()
    assert ("decoy.http", "decoy.ssh") == shop.registry().ids("decoy")
    assert () == shop.registry().ids("deco")


def test_only_the_named_plugin_is_imported_and_once(shop):
    named, other = shop.install("decoy.redis"), shop.install("decoy.ssh")
    registry = shop.registry()
    registry.ids()
    plugin = registry.load("decoy.redis")

    assert "decoy.redis" == plugin.id
    assert plugin is registry.load("decoy.redis")
    assert (True, False) == (named in sys.modules, other in sys.modules)


def test_a_plugin_is_made_from_its_options_and_deps(shop):
    shop.install("decoy.redis")
    deps = object()

    assert (Options(port=1), deps) == shop.registry().create("decoy.redis", {"port": 1}, deps)


def test_an_unknown_plugin_is_answered_with_a_guess(shop):
    shop.install("decoy.redis")

    with pytest.raises(
        UnknownPluginError, match=r'no plugin "decoy.redsi" is installed \(did you mean "decoy.redis"\?\)'
    ):
        shop.registry().load("decoy.redsi")
    with pytest.raises(UnknownPluginError, match=r'no plugin "x" is installed$'):
        shop.registry().load("x")


def test_every_bad_option_is_named(shop):
    shop.install("decoy.redis")
    with pytest.raises(BadPluginConfigError) as caught:
        shop.registry().create("decoy.redis", {"prot": 1, "port": "x", "mode": 5}, None)

    assert {"prot", "port", "mode"} == {problem.key for problem in caught.value.problems}
    assert str(caught.value).startswith('decoy.redis: prot: unknown key "prot"')
    assert 'did you mean "port"?' in str(caught.value)


def test_bad_options_from_a_file_keep_their_line(shop, tmp_path):
    shop.install("decoy.redis")
    path = tmp_path / "fleet.toml"
    path.write_text('[[decky]]\nname = "a"\n[decky.services.redis]\nport = 70000\n')
    table = load(Root, [path], environ={}).value.decky[0].services["redis"]
    with pytest.raises(BadPluginConfigError) as caught:
        shop.registry().create("decoy.redis", table, None)

    assert f"{path}:4:8: error DN1012: port: must be in" in str(ConfigError(caught.value.problems))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"extra": "import no_such_library"}, "decoy.x: needs no_such_library, which is not installed"),
        ({"extra": "raise ImportError('too old')"}, "decoy.x: too old"),
        ({"attribute": "PLUGGIN"}, r"decoy.x: plugin_under_test_\d+:PLUGGIN is not there"),
        ({"says": "decoy.y"}, "decoy.x: .* says it is 'decoy.y'"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_an_error_with_its_id(shop, options, expected):
    shop.install("decoy.x", **options)
    shop.install("decoy.good")
    registry = shop.registry()

    with pytest.raises(PluginError, match=expected):
        registry.load("decoy.x")
    assert "decoy.good" == registry.load("decoy.good").id


def test_the_installed_entry_points_are_those_of_the_group():
    assert () == PluginRegistry("no.such.group").ids()


IDS = ["decoy.a", "decoy.b", "notifier.a"]


class RegistryMachine(RuleBasedStateMachine):
    """Plugins that come, go, lack a dependency or get bad options, against a dict."""

    folder: Path

    def __init__(self):
        super().__init__()
        self.shop = Shop(self.folder)
        self.registry = self.shop.registry()
        self.modules: dict[str, tuple[str, bool]] = {}  # id -> module, whole
        self.loaded: set[str] = set()  # ids that once were loaded
        self.imported: set[str] = set()  # modules that somebody named

    def teardown(self):
        self.shop.close()

    @rule(plugin_id=st.sampled_from(IDS), whole=st.booleans())
    def install(self, plugin_id, whole):
        if plugin_id not in self.modules:
            extra = "" if whole else "import no_such_library"
            self.modules[plugin_id] = (self.shop.install(plugin_id, extra=extra), whole)

    @rule(plugin_id=st.sampled_from(IDS))
    def remove(self, plugin_id):
        self.modules.pop(plugin_id, None)
        self.shop.points.pop(plugin_id, None)

    @rule(plugin_id=st.sampled_from(IDS), table=st.sampled_from([{}, {"port": 1}, {"prot": 1}, {"port": -1, "x": 0}]))
    def create(self, plugin_id, table):
        known = plugin_id in self.modules
        if known:
            self.imported.add(self.modules[plugin_id][0])
        if plugin_id not in self.loaded and not known:
            expected: type[Exception] | None = UnknownPluginError
        elif plugin_id not in self.loaded and not self.modules[plugin_id][1]:
            expected = PluginError
        else:
            self.loaded.add(plugin_id)
            expected = None if table in ({}, {"port": 1}) else BadPluginConfigError
        if expected is None:
            assert (Options(**table), "deps") == self.registry.create(plugin_id, table, "deps")
            return
        with pytest.raises(expected) as caught:
            self.registry.create(plugin_id, table, "deps")
        assert expected is type(caught.value)
        assert plugin_id in str(caught.value)
        if isinstance(caught.value, BadPluginConfigError):
            assert set(table) == {problem.key for problem in caught.value.problems}

    @invariant()
    def what_is_installed_is_listed(self):
        assert tuple(sorted(self.modules)) == self.registry.ids()

    @invariant()
    def nothing_unnamed_is_imported(self):
        under_test = {name for name in sys.modules if name.startswith("plugin_under_test_")}

        assert under_test <= self.imported


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory):
    RegistryMachine.folder = tmp_path_factory.mktemp("plugins")


TestRegistry = RegistryMachine.TestCase
TestRegistry.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
