"""This module tests the configuration loader: what it accepts, how it merges, and what it says of an error."""

import contextlib
import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest
import tomlkit
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from supervisors.config import (
    ConfigError,
    NoSuchKeyError,
    Secret,
    Table,
    drop_ins,
    explain,
    load,
    parse_duration,
    parse_size,
    structure,
    to_toml,
)
from supervisors.config_doc import in_force, keys, toml_value
from supervisors.config_source import MAX_FILE, scan
from tests.supervisors.config_sample import Decky, Output, Persona, Root, Severity, Tls, Web, golden

DATA = Path(__file__).parent.parent / "data" / "config"
CASES = sorted(DATA.glob("*.toml"))


@pytest.fixture
def write(tmp_path: Path):
    def make(text: str, name: str = "decnet.toml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return make


def problems(files, environ=None, prefix=""):
    with pytest.raises(ConfigError) as caught:
        load(Root, files, environ=environ or {}, prefix=prefix)
    return caught.value.problems


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_wrong_file_gets_its_golden_message(path):
    assert path.with_suffix(".expected").read_text() == golden(path)


def test_thirty_kinds_of_wrong_configuration_have_a_golden_message():
    assert len(CASES) >= 30
    assert not [path.name for path in CASES if golden(path) == "no error\n"]


def test_no_file_gives_the_defaults():
    assert Root() == load(Root, [], environ={}).value


def test_every_kind_of_value_is_accepted(write):
    path = write(
        """
        version = 1
        output = [{ name = "soc", min_severity = "high", events = ["a", "b"] }]
        [web]
        listen = ["[::1]:1"]
        port = 0
        idle = "1.5h"
        enabled = false
        tls = { mode = "files", cert = "/c.pem" }
        [retention]
        events = 10
        max_disk = "500kB"
        [persona.ann]
        born = 2000-01-02
        [[decky]]
        name = "a"
        [decky.services.ssh]
        port = 22
        """
    )

    got = load(Root, [path], environ={}).value

    assert (
        Root(
            output=(Output(name="soc", min_severity=Severity.HIGH, events=("a", "b")),),
            web=Web(
                listen=("[::1]:1",), port=0, idle=5400.0, enabled=False, tls=Tls(mode="files", cert=Path("/c.pem"))
            ),
            retention=type(got.retention)(events=10.0, max_disk=500_000),
            persona={"ann": Persona(born=dt.date(2000, 1, 2))},
            decky=(Decky(name="a", services={"ssh": {"port": 22}}),),
        )
        == got
    )


def test_later_files_win_by_key_and_by_name(write):
    first = write(
        '[web]\nport = 1\nlisten = ["a", "b"]\n[[output]]\nname = "x"\ntype = "slack"\n[[output]]\nname = "y"\n'
    )
    second = write(
        '[web]\nlisten = ["c"]\n[[output]]\nname = "z"\n[[output]]\nname = "x"\nevents = ["e"]\n', "20-b.toml"
    )

    loaded = load(Root, [first, second], environ={})

    assert (1, ("c",)) == (loaded.value.web.port, loaded.value.web.listen)
    assert (
        Output(name="x", type="slack", events=("e",)),
        Output(name="y"),
        Output(name="z"),
    ) == loaded.value.output
    assert {
        "web.port": f"{first}:2",
        "web.listen": f"{second}:2",
        "output[0].name": f"{second}:6",
        "output[0].type": f"{first}:6",
        "output[0].events": f"{second}:7",
        "output[1].name": f"{first}:8",
        "output[2].name": f"{second}:4",
    } == loaded.origins


def test_drop_ins_come_in_lexical_order(tmp_path):
    for name in ("20-b.toml", "10-a.toml", "30-c.toml.bak"):
        (tmp_path / name).write_text("")

    assert ("10-a.toml", "20-b.toml") == tuple(path.name for path in drop_ins(tmp_path))
    assert () == drop_ins(tmp_path / "nowhere")


def test_the_environment_overrides_files(write):
    environ = {"T__WEB__LISTEN": '["::1"]', "T__RETENTION": "{ max_disk = 5 }", "OTHER": "x", "T__": "ignored"}

    loaded = load(Root, [write("[web]\nport = 1\nlisten = []\n")], environ=environ, prefix="T__")

    assert (("::1",), 1, 5) == (loaded.value.web.listen, loaded.value.web.port, loaded.value.retention.max_disk)
    assert "$T__WEB__LISTEN" == loaded.origins["web.listen"]
    assert "$T__RETENTION" == loaded.origins["retention.max_disk"]


def test_the_environment_is_the_process_s_own_unless_another_is_given(monkeypatch):
    monkeypatch.setenv("T__WEB__PORT", "7")

    assert 7 == load(Root, [], prefix="T__").value.web.port
    assert Web().port == load(Root, []).value.web.port
    assert Persona() == structure(Persona, {})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("T__WEB__PORTT", "1", '$T__WEB__PORTT: error DN1003: unknown key "portt" in [web] (did you mean "port"?)'),
        ("T__WEB__PORT", "x", '$T__WEB__PORT: error DN1002: is not a TOML value (a text needs quotes: "...")'),
        ("T__WEB__PORT", "1\nb = 2", '$T__WEB__PORT: error DN1002: is not a TOML value (a text needs quotes: "...")'),
        ("T__WEB__PORT", "-1", "$T__WEB__PORT: error DN1012: web.port: -1 is not a port (0 to 65535)"),
        ("T__WEB", "[1]", "$T__WEB: error DN1012: web: expected a table, got a list"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named_and_its_text_is_not_shown(name, text, expected):
    (problem,) = problems([], {name: text}, "T__")

    assert expected == problem.render()


def test_problems_of_all_files_come_in_their_order(write):
    first = write("bad = 1\n[web]\nport = 'x'\n")
    second = write("= 1\n", "b.toml")
    third = write("[retention]\nevents = 'y'\n[[decky]]\ncount = 1\n", "c.toml")

    got = problems([first, second, third, third.parent / "none.toml", third.parent])

    assert [
        ("decnet.toml", 1, 1, "DN1003"),
        ("decnet.toml", 3, 8, "DN1012"),
        ("b.toml", 1, 1, "DN1002"),
        ("c.toml", 2, 10, "DN1012"),
        ("none.toml", 0, 0, "DN1001"),
        (third.parent.name, 0, 0, "DN1001"),
    ] == [(Path(p.file).name, p.line, p.column, p.code) for p in got]


def test_a_missing_key_is_not_reported_while_a_file_is_broken(write):
    assert ["DN1002"] == [p.code for p in problems([write("[[decky]]\n"), write("[", "b.toml")])]


def test_a_file_too_big_is_refused_unread(write):
    (problem,) = problems([write("#" * (MAX_FILE + 1))])

    assert f"is larger than {MAX_FILE} bytes" == problem.text


def test_values_nested_too_deeply_are_an_error_of_the_file(write):
    (problem,) = problems([write("a = " + "[" * 5000 + "]" * 5000)])

    assert ("DN1002", "values are nested too deeply") == (problem.code, problem.text)


def test_a_hundred_problems_are_shown_and_the_rest_counted(write):
    with pytest.raises(ConfigError) as caught:
        load(Root, [write("".join(f"key{n} = 1\n" for n in range(150)))], environ={})

    assert str(caught.value).endswith("... and 50 more\n150 errors; nothing was changed.")


# Secrets


def test_a_secret_is_read_from_where_it_is_kept_and_never_shown(write, tmp_path):
    (tmp_path / "key").write_text("s3cret\n")
    environ = {"PW": "pässword", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    config = write(
        """
        database.password = { env = "PW" }
        [[output]]
        name = "a"
        url = { file = "key" }
        [[output]]
        name = "b"
        url = { credential = "key" }
        """
    )

    value = load(Root, [config], environ=environ).value
    secrets = [value.database.password, *(output.url for output in value.output)]

    assert ["pässword", "s3cret", "s3cret"] == [secret.reveal() for secret in secrets if secret]
    assert "s3cret" not in repr(value)
    assert "pässword" not in f"{value}"
    assert "<Secret from file key>" == str(value.output[0].url)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff", 'secret file "key" is not UTF-8'),
        (b"x" * 70_000, 'cannot read secret file "key": larger than 65536 bytes'),
    ],
)
def test_an_unusable_secret_is_an_error(write, tmp_path, content, expected):
    (tmp_path / "key").write_bytes(content)
    (problem,) = problems([write('database.password = { file = "key" }')])

    assert expected == problem.text


def test_credentials_need_the_service_manager(write):
    (problem,) = problems([write('database.password = { credential = "pw" }')])

    assert 'cannot read secret credential "pw": the service manager passed no credentials' == problem.text


def test_a_literal_secret_is_not_repeated(write):
    text = 'database = { password = "hunter2", oops = 1 }\n'
    with pytest.raises(ConfigError) as caught:
        load(Root, [write(text)], environ={"T__DATABASE__PASWORD": '"hunter2"'}, prefix="T__")

    assert 3 == len(caught.value.problems)
    assert "hunter2" not in str(caught.value)


# Tables of free form


def test_a_free_table_is_checked_later_with_its_lines(write):
    path = write('[[decky]]\nname = "a"\n[decky.services.ssh]\nmdoe = "off"\n')
    table = load(Root, [path], environ={}).value.decky[0].services["ssh"]

    assert isinstance(table, Table)
    with pytest.raises(ConfigError) as caught:
        structure(Tls, table, environ={})

    (problem,) = caught.value.problems
    assert (str(path), 4, 1, "mode") == (problem.file, problem.line, problem.column, problem.suggestion)


def test_builtins_are_structured_too():
    assert Tls(mode="off") == structure(Tls, {"mode": "off", "cert": None}, environ={})
    with pytest.raises(ConfigError, match="error DN1012: mode: 5 is not one of self-signed, files, off"):
        structure(Tls, {"mode": 5}, environ={})


@frozen
class Odd:
    either: int | str | bool = 0
    many: frozenset[int] = frozenset()
    when: dt.datetime | None = None
    anything: object = field(default=None, init=False)
    low: int = 0
    high: int = field(default=9)

    @high.validator
    def _above_low(self, _: object, value: int) -> None:
        if value < self.low:
            raise ValueError("lies below low")


def test_unions_sets_and_rules_between_keys():
    assert Odd(either="x", many=frozenset({1}), low=3, high=4) == structure(
        Odd, {"either": "x", "many": [1, 1], "low": 3, "high": 4}, environ={}
    )
    with pytest.raises(ConfigError, match="either: expected a whole number or a text or true or false, got a list"):
        structure(Odd, {"either": []}, environ={})
    with pytest.raises(ConfigError, match="high: lies below low"):
        structure(Odd, {"low": 5, "high": 4}, environ={})
    with pytest.raises(ConfigError, match="1 error;"):
        structure(Odd, {"low": "x", "high": 4}, environ={})


def test_a_type_that_no_file_can_hold_is_a_defect_of_ours():
    @frozen
    class Wrong:
        value: complex = 0j

    with pytest.raises(TypeError, match="cannot have the type"):
        structure(Wrong, {"value": 1}, environ={})


@pytest.mark.parametrize(("text", "expected"), [("90d", 7776000.0), ("1.5h", 5400.0), ("250ms", 0.25), (" 2 S ", 2.0)])
def test_durations_are_seconds(text, expected):
    assert expected == parse_duration(text)


@pytest.mark.parametrize(("text", "expected"), [("20GiB", 20 << 30), ("1kB", 1000), ("0.5 MiB", 1 << 19), ("7b", 7)])
def test_sizes_are_bytes(text, expected):
    assert expected == parse_size(text)


# Documentation


def test_the_default_file_changes_nothing(write):
    assert Root() == load(Root, [write(to_toml(Root))], environ={}).value


def test_the_default_file_shows_the_defaults(write):
    """Uncommenting every key that has a default must not change anything either."""
    text = to_toml(Root).partition("# Where alerts go.")[0]
    shown = re.sub(r"^#(\w+ = )(?!\.\.\.)", r"\1", text, flags=re.MULTILINE)
    loaded = load(Root, [write(shown)], environ={})

    assert Root() == loaded.value
    assert {"version", "web.port", "web.tls.mode", "retention.max_disk"} <= set(loaded.origins)


def test_the_default_file_has_help_and_marks_what_is_hot():
    text = to_toml(Root)

    assert '# How long things stay. (hot)\n[retention]\n# how long events stay\n#events = "90d"\n' in text
    assert '# who signs: self-signed | files | off\n#mode = "self-signed"\n' in text
    assert "#[[decky]]\n# its name; required: a text\n#name = ...\n" in text
    assert "#[persona.NAME]\n" in text


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("web.port", ("web.port", "a whole number", "8443", False)),
        ("retention.events", ("retention.events", 'a duration such as 1.5 (seconds) or "30m"', '"90d"', True)),
        ("retention.max_disk", ("retention.max_disk", 'a size such as 4096 or "20GiB"', '"20GiB"', True)),
        ("output.name", ("output[].name", "a text", None, True)),
        ("output[0].min_severity", ("output[].min_severity", "one of low, medium, high, critical", '"low"', True)),
        ("persona.ann.language", ("persona.*.language", "a text", '"en"', False)),
        ("output", ("output", "a list of table", "[]", True)),
        ("web", ("web", "a table", None, False)),
    ],
)
def test_a_key_is_explained(key, expected):
    doc = explain(Root, key)

    assert expected == (doc.key, doc.type, doc.default, doc.hot)


def test_a_key_without_default_is_required():
    assert explain(Root, "decky.name").required
    assert not explain(Root, "decky.count").required
    assert ("low", "medium", "high", "critical") == explain(Root, "output.min_severity").choices


def test_an_unknown_key_is_answered_with_a_guess():
    with pytest.raises(NoSuchKeyError, match=re.escape('"web.prot" (did you mean "web.port"?)')):
        explain(Root, "web.prot")


@frozen
class Inner:
    path: Path = Path("/x")


@frozen
class Defaults:
    inner: Inner  # no default: a table nobody wrote is an empty one
    plain: Inner = Inner()
    since: dt.date = dt.date(2026, 1, 2)
    tags: frozenset[str] = frozenset({"b", "a"})
    labels: dict[str, int] = field(factory=lambda: {"x y": 1})
    many: tuple[Inner, ...] = (Inner(),)
    ratio: float = field(default=0.5, metadata={"unit": "ratio"})
    wait: float = 90.0
    size: int = field(default=1000, metadata={"unit": "bytes"})
    anything: Any = None
    either: int | str = 0
    own: int = field(default=attrs.Factory(lambda self: 1, takes_self=True))


def test_defaults_of_every_kind_are_written_as_toml():
    docs = {doc.key: doc.default for doc in keys(Defaults)}

    assert {
        "inner": None,
        "inner.path": '"/x"',
        "plain": None,
        "plain.path": '"/x"',
        "since": "2026-01-02",
        "tags": '["a", "b"]',
        "labels": '{ "x y" = 1 }',
        "many": '[{ "path" = "/x" }]',
        "many[].path": '"/x"',
        "ratio": "0.5",
        "wait": '"90s"',
        "size": "1000",
        "anything": None,
        "either": "0",
        "own": None,
    } == docs
    assert not explain(Defaults, "inner").required
    assert "a whole number or a text" == explain(Defaults, "either").type
    with pytest.raises(TypeError, match="no TOML"):
        toml_value(object())


def test_what_is_in_force_is_written_as_toml_key_by_key(write):
    path = write(
        '[[output]]\nname = "soc"\nurl = { env = "URL" }\n'
        '[[decky]]\nname = "w"\n[decky.services.ssh]\n"a.b" = [1, 2]\nlist = [{ x = 1 }]\n'
    )
    shown = dict(in_force(load(Root, [path], environ={"URL": "https://secret"}).value))

    assert shown["retention.max_disk"] == '"20GiB"'
    assert shown["output[0].url"] == '{ "env" = "URL" }'
    assert shown["output[0].min_severity"] == '"low"'
    assert shown['decky[0].services.ssh."a.b"'] == "[1, 2]"
    assert shown["decky[0].services.ssh.list[0].x"] == "1"
    assert "web.tls.cert" not in shown, "what has no value is not in force"
    assert "secret" not in repr(shown)


def test_the_default_file_of_a_class_without_help(write):
    text = to_toml(Defaults)

    assert '\n[inner]\n#path = "/x"\n' in text
    assert Defaults(inner=Inner()) == load(Defaults, [write(text)], environ={}).value


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"labels": []}, "labels: expected a table, got a list"),
        ({"inner": {"path": ""}}, 'inner.path: "" is not a path'),
        ({"inner": {"path": 5}}, "inner.path: expected a path, got the number 5"),
        ({"wait": 10**400}, "wait: expected a finite number"),
        ({"size": "1 furlong"}, 'size: "1 furlong" is not a number with one of the units'),
        ({"since": dt.datetime(2026, 1, 2)}, "since: expected a date, got the date 2026-01-02 00:00:00"),  # noqa: DTZ001 - TOML's local time
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(table, expected):
    with pytest.raises(ConfigError, match=re.escape(expected)):
        structure(Defaults, table, environ={})


def test_free_values_stay_as_they_are(write):
    path = write('anything = [1, { x = [true] }]\nlabels."a.b" = 2\n')

    assert [1, {"x": [True]}] == load(Defaults, [path], environ={}).value.anything


def test_a_syntax_error_without_a_place_is_told_too(write):
    (problem,) = problems([write("version = " + "9" * 5000)])

    assert ("DN1002", 0) == (problem.code, problem.line)


def test_the_scanner_gives_up_on_what_is_no_toml():
    with pytest.raises(ValueError, match="unexpected text"):
        scan("?")


# Any input


KEYS = st.sampled_from(["web", "port", "a", "b-c", "ü x", "d.e", '"', "output", "name"]) | st.text(max_size=4)
SCALARS = (
    st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
DOCUMENTS = st.dictionaries(KEYS, VALUES | st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=3), max_size=5)


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


@given(DOCUMENTS)
def test_the_span_of_every_value_holds_just_its_text(document):
    try:
        text = tomlkit.dumps(document)
        data = tomllib.loads(text)
    except (ValueError, tomlkit.exceptions.TOMLKitError):
        return  # the writer's limits are not ours
    spans = scan(text)

    for path, value in leaves(data):
        start, end = spans[path].value
        assert value == tomllib.loads(f"x = {text[start:end]}")["x"]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('a = """\nx"""""\nb=1', ("a",), '"""\nx"""""'),
        ("a = '''x''''\n", ("a",), "'''x''''"),
        ("a = 2000-01-01 10:00:00Z # c", ("a",), "2000-01-01 10:00:00Z"),
        ("a = [ # [\n 1, # ,\n [2,], { b = '}' } ]", ("a", 2, "b"), "'}'"),
        ("[[a]]\n[a.b]\n[[a.b.c]]\nd=1\n[[a]]\n[[a.b.c]]\n[[a.b.c]]\nd=2", ("a", 1, "b", "c", 1, "d"), "2"),
        ('"a.b" . c = "\\"" # x', ("a.b", "c"), '"\\""'),
        ("[ a . 'b' ]\nc.d = +1_000", ("a", "b", "c", "d"), "+1_000"),
    ],
)
def test_spans_of_odd_documents(text, path, expected):
    start, end = scan(text)[path].value

    assert expected == text[start:end]


SNIPPETS = st.sampled_from(
    [path.read_text() for path in CASES if path.stem != "39-not-utf8"]
    + [
        "\0",
        "\x1b",
        "[",
        "]",
        "[[",
        "{",
        "}",
        '"""',
        "'''",
        "=",
        ".",
        "\n",
        "\r\n",
        "#",
        "0x" + "f" * 5000,
        "9" * 5000,
        "nan",
    ]
)


@given(st.lists(SNIPPETS | st.text(max_size=8) | DOCUMENTS.map(repr), max_size=6), st.binary(max_size=8))
def test_no_file_raises_anything_but_a_config_error(tmp_path_factory, pieces, tail):
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_bytes("".join(pieces).encode(errors="surrogatepass") + tail)
    try:
        load(Root, [path], environ={})
    except ConfigError as error:
        text = str(error)
        assert text.endswith("nothing was changed.")
        assert all(c.isprintable() or c == "\n" for c in text)


@given(DOCUMENTS)
def test_no_table_raises_anything_but_a_config_error(document):
    with contextlib.suppress(ConfigError):
        assert isinstance(structure(Root, document, environ={}), Root)


def test_a_secret_of_ours_compares_by_value():
    assert Secret("a", "env A") == Secret("a", "env A")
    assert Secret("a", "env A") != Secret("b", "env A")
