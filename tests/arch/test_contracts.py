"""The import contracts hold, and each of them notices a deliberate violation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

MODULES = [
    "supervisors", "supervisors.actor", "supervisors.bus",
    "decnet_actors", "decnet_actors.main", "decnet_actors.ctl", "decnet_actors.app", "decnet_actors.catalogue",
    "decnet_actors.settings",
    "decnet_actors.analysis", "decnet_actors.enrich", "decnet_actors.sensors",
    "decnet_actors.conformance", "decnet_actors.decoys", "decnet_actors.decoys.host",
    "decnet_actors.downloads", "decnet_actors.fleet",
    "decnet_actors.machine", "decnet_actors.store", "decnet_actors.store.journal", "decnet_actors.web",
    "decnet_actors.contracts", "decnet_actors.contracts.decoy", "decnet_actors.wire", "decnet_actors.wire.resp",
    "decnet_actors.domain", "decnet_actors.domain.facts", "decnet_actors.kernel",
    "plugins", "plugins.decoy", "plugins.decoy.redis", "plugins.decoy.ssh",
    "plugins.fleet_driver", "plugins.fleet_driver.loopback", "plugins.fleet_driver.namespace",
    "plugins.fleet_driver.docker", "plugins.fleet_driver.docker.engine",
]  # fmt: skip

VIOLATIONS = {
    "rings": ("supervisors.actor", "import decnet_actors.domain.facts"),
    "features": ("decnet_actors.decoys.host", "import decnet_actors.store.journal"),
    "plugins-see": ("plugins.decoy.redis", "import decnet_actors.decoys.host"),
    "wire-pure": ("decnet_actors.wire.resp", "import asyncio"),
    "domain-pure": ("decnet_actors.domain.facts", "import socket"),
    "plugins-blind": ("plugins.decoy.redis", "import plugins.decoy.ssh"),
    "no-cycles": ("supervisors.actor", "import supervisors.bus"),
    "sql-in-store": ("decnet_actors.web", "import sqlalchemy"),
    "http-in-web": ("decnet_actors.decoys.host", "import aiohttp"),
    "plugins-no-runtime": ("plugins.decoy.redis", "import supervisors.actor"),
    "no-sql-executor": ("plugins.decoy.redis", "import sqlglot.executor"),
}


def lint(tree: Path) -> str:
    """Return what lint-imports says in a tree, and whether it passed, as its first word."""
    done = subprocess.run(
        [LINT, "--config", "pyproject.toml", "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin"},
    )
    return ("passed " if done.returncode == 0 else "broken ") + done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path):
    """A miniature of the packages: every name the contracts speak of, all modules empty."""
    packages = {name.rpartition(".")[0] for name in MODULES}
    for name in MODULES:
        path = tmp_path.joinpath(*name.split("."))
        if name in packages or "." not in name:
            path.mkdir(parents=True, exist_ok=True)
            (path / "__init__.py").touch()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "supervisors" / "bus.py").write_text("import supervisors.actor\n")
    # the one import that a contract leaves out must be there to be left out
    (tmp_path / "plugins" / "fleet_driver" / "docker" / "engine.py").write_text("import aiohttp\n")
    return tmp_path


@pytest.mark.slow
def test_the_project_keeps_its_contracts():
    said = lint(ROOT)

    assert said.startswith("passed"), said


@pytest.mark.slow
def test_the_miniature_is_clean_so_that_a_violation_is_the_cause(tree):
    said = lint(tree)

    assert said.startswith("passed"), said


@pytest.mark.slow
@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_deliberate_violation_is_noticed(tree, contract):
    module, line = VIOLATIONS[contract]
    path = tree.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    path.write_text(path.read_text() + line + "\n")

    said = lint(tree)

    title = next(
        line.split('"')[1]
        for block in (tree / "pyproject.toml").read_text().split("[[tool.importlinter.contracts]]")
        if f'id = "{contract}"' in block
        for line in block.splitlines()
        if line.startswith("name =")
    )
    assert said.startswith("broken"), f"{contract} did not notice {line!r} in {module}"
    assert f"{title} BROKEN" in " ".join(said.split())


def test_every_contract_has_its_violation():
    text = (ROOT / "pyproject.toml").read_text()
    ids = {line.split('"')[1] for line in text.splitlines() if line.startswith("id = ")}

    assert ids == set(VIOLATIONS)
