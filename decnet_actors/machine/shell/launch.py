"""This module finds what a command word names and starts it: function, builtin, program, script, or dropped file."""

import stat
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from decnet_actors.machine.shell.busybox_words import ENDS_WITH_ONE, refusal, usage_words
from decnet_actors.machine.shell.context import UsageError
from decnet_actors.machine.shell.dialect import ASH_BUILTINS, shell_options
from decnet_actors.machine.shell.registry import APPLETS, BUILTINS, OF_ASH, PROGRAMS
from decnet_actors.machine.shell.state import ReturnError, ShellState
from decnet_actors.machine.shell.streams import BREATHE, Work
from decnet_actors.machine.tree.elf import program_name, runs_on
from decnet_actors.machine.walk import SEARCH

if TYPE_CHECKING:
    from decnet_actors.machine.shell.context import Function
    from decnet_actors.machine.shell.evaluator import Evaluator

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MAX_FOLDERS = 100  # of ``$PATH`` that are searched
MAX_SCRIPT = 256 << 10  # bytes of a script that are read
_SYSTEM = ("/usr/bin/", "/usr/sbin/", "/usr/lib/", "/bin/", "/sbin/")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "rbash"})


class Launcher:
    """Starts commands for one evaluator."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self._evaluator = evaluator
        self._world = evaluator.world

    def run(self, sh: ShellState, argv: Sequence[str]) -> Work:
        """Run a command line whose words are expanded."""
        name = argv[0]
        function = sh.functions.get(name)
        if function is not None:
            return (yield from self._evaluator.call(sh, name, function.body, argv[1:]))
        builtin = self.builtin(sh, name)
        if builtin is not None:
            return (yield from self.invoke(sh, argv, builtin))
        return (yield from self.program(sh, argv))

    def program(self, sh: ShellState, argv: Sequence[str]) -> Work:
        """Run a program: no functions, no builtins."""
        name = argv[0]
        path = self.find(sh, name)
        if path is None:
            self._missing(sh, name)
            return 127
        return (yield from self.start(sh, path, argv))

    def find(self, sh: ShellState, name: str) -> str | None:
        """Return the path of a program, searching ``$PATH`` for names without a slash."""
        if "/" in name:
            return name if name.startswith("/") else f"{sh.cwd.rstrip('/')}/{name}"
        search = DEFAULT_PATH if "PATH" not in sh.variables else sh.get("PATH")
        files = self._world.files
        for folder in (search or "").split(":", MAX_FOLDERS)[:MAX_FOLDERS]:
            path = f"{folder or sh.cwd}/{name}"
            try:
                node = files.node(path, uid=sh.uid)
            except OSError:
                continue
            if node.is_file and files.allows(node, SEARCH, sh.uid):
                return path
        return None

    def start(self, sh: ShellState, path: str, argv: Sequence[str]) -> Work:
        """Start the file at an absolute path."""
        if self._world.budget.due:
            yield BREATHE
        files, name = self._world.files, argv[0]
        try:
            node = files.node(path, uid=sh.uid)
            if node.is_dir:
                denied = "Permission denied" if "dash" in sh.options else "Is a directory"
                self._evaluator.complain(sh, f"{name}: {denied}")
                return 126
            if not files.allows(node, SEARCH, sh.uid) or (node.virtual and not stat.S_ISREG(node.mode)):
                self._evaluator.complain(sh, f"{name}: Permission denied")
                return 126
            real = files.real(path, uid=sh.uid)
        except OSError as error:
            self._evaluator.complain(sh, f"{name}: {error.strerror if 'dash' not in sh.options else 'not found'}")
            return 126 if isinstance(error, PermissionError) else 127
        if not node.charge and real.startswith(_SYSTEM):
            name = path.rpartition("/")[2]
            if real.endswith("/busybox") and name != "busybox":
                return (yield from self.applet(sh, argv, name))
            function = PROGRAMS.get(name) or PROGRAMS.get(real.rpartition("/")[2])
            if function is None:
                return 0
            return (yield from self.invoke(sh, argv, function))
        return (yield from self._dropped(sh, path, argv))

    def applet(self, sh: ShellState, argv: Sequence[str], name: str) -> Work:
        """Run an applet of BusyBox; what has no function here is a daemon that goes to the background, or no more."""
        refused = refusal(self._world.persona, name, argv[1:])
        if refused is not None:
            self._evaluator.complain_raw(sh, refused[0])
            return refused[1]
        function = APPLETS.get(name) or PROGRAMS.get(name) or BUILTINS.get(name)
        if function is None:
            return 0
        status = yield from self.invoke(sh, argv if name in _SHELLS else [name, *argv[1:]], function, applet=True)
        return 1 if status and name in ENDS_WITH_ONE else status

    def builtin(self, sh: ShellState, name: str) -> "Function | None":
        """Return a builtin's function."""
        own = OF_ASH.get(name) if "ash" in sh.options else None
        return own or (BUILTINS.get(name) if name in self.builtin_names(sh) else None)

    def builtin_names(self, sh: ShellState) -> AbstractSet[str]:
        """Return the names of all builtins of a shell."""
        return ASH_BUILTINS if "ash" in sh.options else BUILTINS.keys()

    def startable(self, sh: ShellState, path: str) -> bool:
        """Return whether a file is there and may be executed."""
        try:
            node = self._world.files.node(path, uid=sh.uid)
        except OSError:
            return False
        return node.is_file and self._world.files.allows(node, SEARCH, sh.uid)

    def invoke(self, sh: ShellState, argv: Sequence[str], function: "Function", *, applet: bool = False) -> Work:
        """Call a command's function."""
        ctx = self._evaluator.context(sh, argv)
        ctx.applet = applet
        try:
            result = function(ctx)
            if isinstance(result, int):
                return result
            return (yield from result)
        except UsageError as error:
            message, status = error.message, error.status
            if applet:
                message, status = usage_words(self._world.persona, ctx.name, message, status)
            ctx.err(message)
            return status
        except OSError as error:
            shown = error.filename if isinstance(error.filename, str) else ""
            return ctx.fail(f"{shown}: {error.strerror}" if shown else f"write error: {error.strerror}")

    def _dropped(self, sh: ShellState, path: str, argv: Sequence[str]) -> Work:
        """Start a file somebody brought: scripts are evaluated, binaries are captured and do nothing."""
        world = self._world
        name = argv[0]
        try:
            data = world.files.read(path, size=MAX_SCRIPT)
        except OSError as error:
            self._evaluator.complain(sh, f"{name}: {error.strerror}")
            return 126
        world.drop(world.files.resolve(path), "exec", whole=True)
        yield from world.capture(everything=True)
        if data.startswith(b"\x7fELF"):
            known = program_name(data)
            function = PROGRAMS.get(known) if known else None
            if function is not None:
                if known == "busybox":
                    return (yield from self.invoke(sh, argv, function))
                return (yield from self.invoke(sh, [known, *argv[1:]], function))
            if not runs_on(data, world.persona.machine):
                return self._foreign(sh, name)
            return 0
        if data.startswith(b"#!"):
            interpreter = data[2:].split(b"\n", 1)[0].decode("utf-8", "replace").split()
            shell = interpreter[-1].rpartition("/")[2] if interpreter else ""
            if shell not in _SHELLS:
                return (yield from self._interpreted(sh, argv, interpreter))
        elif b"\0" in data[:128]:
            return self._foreign(sh, name)
        return (yield from self.script(sh, name, data, argv[1:]))

    def _foreign(self, sh: ShellState, name: str) -> int:
        """Say that a file is no program of this machine; ash takes it for a script, and does not get far."""
        if "ash" in sh.options:
            self._evaluator.complain_raw(sh, f'{name}: line 1: syntax error: unexpected word (expecting ")")\n')
            return 2
        self._evaluator.complain(sh, f"{name}: cannot execute binary file: Exec format error")
        return 126

    def _interpreted(self, sh: ShellState, argv: Sequence[str], interpreter: Sequence[str]) -> Work:
        """Start the machine's own interpreter of a script; a missing one is said to be missing."""
        name, program = argv[0], interpreter[0] if interpreter else ""
        try:
            self._world.files.node(program, uid=sh.uid)
        except OSError:
            self._evaluator.complain(sh, f"{name}: {program}: bad interpreter: No such file or directory")
            return 126
        if not program.startswith(_SYSTEM):
            return 0
        return (yield from self.start(sh, program, [*interpreter, *argv]))

    def nested(self, sh: ShellState, name: str, *, dash: bool) -> Work:
        """Run an interactive shell inside the one that is running, until it is left."""
        inner = self._fresh(sh, name, (), dash=dash)
        inner.interactive = True
        inner.login = False
        return (yield from self._evaluator.interactive(inner))

    def script(
        self,
        sh: ShellState,
        name: str,
        data: bytes,
        args: Sequence[str],
        *,
        dash: bool = False,
        options: AbstractSet[str] = frozenset(),
        command: bool = False,
    ) -> Work:
        """Run shell text as a new shell would: a copy of the environment, its own parameters."""
        evaluator = self._evaluator
        inner = self._fresh(sh, name, args, dash=dash)
        inner.options |= options
        inner.command_string = command
        evaluator.budget.depth += 1
        try:
            if evaluator.budget.depth > evaluator.budget.limits.depth:
                evaluator.complain(sh, "fork: retry: Resource temporarily unavailable")
                return 254
            text = data[:MAX_SCRIPT].decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\0", "")
            return (yield from evaluator.lines(inner, text))
        finally:
            evaluator.budget.depth -= 1

    def _fresh(self, sh: ShellState, name: str, args: Sequence[str], *, dash: bool) -> ShellState:
        inner = sh.copy()
        inner.name = inner.parsing_name = name
        inner.positional = list(args)
        inner.pid = self._world.fork()
        inner.interactive = inner.login = inner.old_style = False
        inner.functions.clear()
        inner.locals_stack.clear()
        inner.sourcing = 0
        inner.command_string = False
        inner.variables = {key: value for key, value in inner.variables.items() if value.exported}
        inner.options = shell_options(self._world.persona, dash=dash)
        inner.line = 1
        return inner

    def source(self, sh: ShellState, data: bytes, args: Sequence[str]) -> Work:
        """Run shell text in this very shell (``.``)."""
        evaluator = self._evaluator
        before = sh.positional
        if args:
            sh.positional = list(args)
        evaluator.budget.depth += 1
        sh.sourcing += 1
        try:
            if evaluator.budget.depth > evaluator.budget.limits.depth:
                return 1
            text = data[:MAX_SCRIPT].decode("utf-8", "surrogateescape").replace("\0", "")
            return (yield from evaluator.run_text(sh, text))
        except ReturnError as back:
            return back.status
        finally:
            evaluator.budget.depth -= 1
            sh.sourcing -= 1
            sh.positional = before

    def _missing(self, sh: ShellState, name: str) -> None:
        if not sh.get("PATH") and "dash" not in sh.options:  # what is not searched for is looked for here
            self._evaluator.complain(sh, f"{name}: No such file or directory")
            return
        text = "not found" if "dash" in sh.options else "command not found"
        self._evaluator.complain(sh, f"{name}: {text}")
