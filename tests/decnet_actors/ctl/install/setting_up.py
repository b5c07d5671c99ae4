"""A root with a host that is set up, and ``decnetctl init`` on it."""

import json

from tests.decnet_actors.ctl.canned import runner
from tests.decnet_actors.ctl.install.recording import RecordingHost

UNIT = "etc/systemd/system/decnetd.service"
CONFIG = "etc/decnet/decnet.toml"
STATE = "var/lib/decnet"
MANIFEST = "etc/decnet/installed.json"


class Setup:
    """A root with a host, and ``decnetctl init`` on it."""

    def __init__(self, capsys, folder):
        self._command = runner(capsys)
        self.root = folder / "root"
        self.root.mkdir()
        self.programs = folder / "bin"
        self.programs.mkdir()
        (self.programs / "decnetd").touch()
        self.host = RecordingHost(self.root)

    def __call__(self, *flags, **world):
        given = {"host": lambda _root: self.host, "programs": self.programs, **world}
        return self._command("init", "--root", str(self.root), *flags, **given)

    def steps(self, *flags):
        done = self(*flags, "-o", "jsonl")
        assert done.code == 0, done.err
        return [json.loads(line) for line in done.out.splitlines()]

    def at(self, path):
        return self.root / path

    def put(self, path, text):
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_text(text)


def results(steps):
    return {step["result"] for step in steps}
