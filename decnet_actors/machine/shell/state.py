"""This module holds what a running shell knows: variables, options, place, budget."""

from collections.abc import Callable, Mapping
from itertools import islice

from attrs import define, field, frozen

from decnet_actors.machine.shell.streams import Input, Sink
from decnet_actors.machine.shell.syntax import Function

MAX_VALUE = 1 << 20  # characters of one variable; more is cut
MAX_EXPANDED = 4 << 20  # characters of the words of one command
MAX_VARIABLES = 4000
MAX_ELEMENTS = 10_000  # of one array; more is cut
MAX_HELD = 4 << 20  # characters of all variables, with ENTRY for each value
ENTRY = 64  # characters an entry costs besides its value
MAX_FUNCTIONS = 65_536  # characters of all functions' text
MAX_NAMES = 100  # traps, and options of ``shopt``


class BudgetSpentError(Exception):
    """The program used up what it may use; it ends as if killed."""


class InterruptedShellError(Exception):
    """Control-C: the whole line ends with status 130."""


class ExitShellError(Exception):
    """``exit``: leaves the innermost (sub)shell."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class LoopJumpError(Exception):
    """``break`` and ``continue``."""

    def __init__(self, levels: int, *, again: bool) -> None:
        super().__init__(levels)
        self.levels = levels
        self.again = again


class ReturnError(Exception):
    """``return`` from a function or sourced file."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ExpansionError(Exception):
    """An expansion failed; the message goes to standard error and the line ends, a program with ``status``."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


@frozen(kw_only=True)
class Limits:
    """What one foreground line may use."""

    steps: int = 200_000  # commands and loop rounds, about
    slice_steps: int = 400  # of them between two breaths
    output: int = 4 << 20  # bytes
    slice_output: int = 64 << 10
    slice_seconds: float = 0.005  # of the work clock; what cannot be interrupted may take it to a multiple of that
    depth: int = 24  # nested functions, subshells, sourced and started scripts
    seconds: float = 3600.0
    background: int = 16  # jobs


class Budget:
    """Counts what a line uses, and when others are to have their turn.

    Args:
        limits: what it may use.
        work: the clock its slices are measured by, seconds from any start.

    """

    __slots__ = ("_until", "_work", "depth", "limits", "output", "slice_output", "slice_steps", "steps")

    def __init__(self, limits: Limits, work: Callable[[], float]) -> None:
        self.limits = limits
        self._work = work
        self.steps = 0
        self.output = 0
        self.depth = 0
        self.breathed()

    @property
    def due(self) -> bool:
        """Whether the slice is used up: it is time to breathe. Cheap enough for every round of a loop."""
        return (
            self.slice_steps >= self.limits.slice_steps
            or self.slice_output > self.limits.slice_output
            or self._work() >= self._until
        )

    def step(self, cost: int = 1) -> None:
        """Count work.

        Raises:
            BudgetSpentError: nothing is left.

        """
        self.steps += cost
        self.slice_steps += cost
        if self.steps > self.limits.steps:
            raise BudgetSpentError

    def wrote(self, size: int) -> None:
        """Count output of programs.

        Raises:
            BudgetSpentError: nothing is left.

        """
        self.output += size
        self.slice_output += size
        if self.output > self.limits.output:
            raise BudgetSpentError

    def breathed(self) -> None:
        """Begin the next slice."""
        self.slice_steps = self.slice_output = 0
        self._until = self._work() + self.limits.slice_seconds

    def renew(self) -> None:
        """Begin a new line; it shares the slice with what ran before it."""
        self.steps = self.output = 0


@define(slots=True)
class Variable:
    """A shell variable; ``elements`` of an array by index (or key)."""

    value: str = ""
    exported: bool = False
    readonly: bool = False
    integer: bool = False
    elements: dict[str, str] | None = None
    keyed: bool = False


@define(slots=True)
class ShellState:
    """One shell process. A subshell works on a copy."""

    name: str  # $0
    user: str
    uid: int
    gid: int
    cwd: str
    pid: int
    variables: dict[str, Variable] = field(factory=dict)
    functions: dict[str, Function] = field(factory=dict)
    aliases: dict[str, str] = field(factory=dict)
    traps: dict[str, str] = field(factory=dict)
    positional: list[str] = field(factory=list)
    streams: dict[int, Input | Sink] = field(factory=dict)
    options: set[str] = field(factory=set)
    shopts: set[str] = field(factory=set)
    status: int = 0
    umask: int = 0o022
    interactive: bool = False
    login: bool = False
    exported_count: int = 0
    last_background: int = 0
    sourcing: int = 0  # sourced files being read
    locals_stack: list[dict[str, Variable | None]] = field(factory=list)
    oldpwd: str = ""
    line: int = 1
    command_string: bool = False  # ``-c``: syntax errors say so
    old_style: bool = False  # of bash before 5.1: messages of ``-c`` name no line
    parsing_name: str = ""  # what messages begin with, when it is not ``name``
    unwatched: int = 0  # conditions we are in, whose failure is nobody's business
    statuses: tuple[int, ...] = ()  # of the latest pipeline
    calls: list[str] = field(factory=list)  # functions being run
    last_word: str = ""  # of the latest command, ``$_``
    loops: int = 0  # that are being run
    folders: list[str] = field(factory=list)  # of ``pushd``, the latest last
    option_index: int = 0  # of ``getopts``: the word its place is in
    option_place: int = 1
    grown: int = 0  # characters assigned since all were counted

    def copy(self) -> "ShellState":
        """Return a subshell's state."""
        return ShellState(
            name=self.name,
            user=self.user,
            uid=self.uid,
            gid=self.gid,
            cwd=self.cwd,
            pid=self.pid,
            variables={key: _copied(value) for key, value in self.variables.items()},
            functions=dict(self.functions),
            aliases=dict(self.aliases),
            positional=list(self.positional),
            streams=dict(self.streams),
            options=set(self.options),
            shopts=set(self.shopts),
            status=self.status,
            umask=self.umask,
            interactive=self.interactive,
            login=self.login,
            last_background=self.last_background,
            oldpwd=self.oldpwd,
            line=self.line,
            command_string=self.command_string,
            sourcing=self.sourcing,
            locals_stack=[dict(names) for names in self.locals_stack],
            old_style=self.old_style,
            grown=self.grown,
            parsing_name=self.parsing_name,
            unwatched=self.unwatched,
            statuses=self.statuses,
            calls=list(self.calls),
            last_word=self.last_word,
            loops=self.loops,
            folders=list(self.folders),
        )

    def get(self, name: str) -> str | None:
        """Return a variable's value, ``None`` if it is not set."""
        variable = self.variables.get(name)
        if variable is None:
            return None
        if variable.elements is not None:
            return variable.elements.get("0")
        return variable.value

    def set(self, name: str, value: str, *, export: bool | None = None) -> None:
        """Set a variable.

        Raises:
            ExpansionError: it is read-only.

        """
        variable = self.declare(name)
        if variable.readonly:
            raise ExpansionError(f"{name}: readonly variable")
        if variable.elements is not None:
            self.put(variable, "0", value)
        else:
            variable.value = value[:MAX_VALUE]
            self._grew(len(variable.value))
        if export is not None:
            variable.exported = export

    def declare(self, name: str) -> Variable:
        """Return a variable, a new one if there is none of that name.

        Raises:
            BudgetSpentError: there are too many.

        """
        variable = self.variables.get(name)
        if variable is None:
            if len(self.variables) >= MAX_VARIABLES:
                raise BudgetSpentError
            variable = self.variables[name] = Variable()
        return variable

    def put(self, variable: Variable, key: str, value: str) -> None:
        """Set an element of an array, which a plain variable becomes.

        Raises:
            BudgetSpentError: the shell holds too much.

        """
        if variable.elements is None:
            variable.elements = {"0": variable.value} if variable.value else {}
        elements = variable.elements
        if key in elements or len(elements) < MAX_ELEMENTS:
            last = next(reversed(elements), "")
            late = (
                not variable.keyed and key not in elements and last.isdigit() and key.isdigit() and int(key) < int(last)
            )
            elements[key] = value[:MAX_VALUE]
            if late:  # elements are kept in the order of their indices
                variable.elements = dict(sorted(elements.items(), key=lambda item: int(item[0])))
            self._grew(len(elements[key]))

    def fill(self, variable: Variable, elements: Mapping[str, str]) -> None:
        """Set all elements of an array.

        Raises:
            BudgetSpentError: the shell holds too much.

        """
        variable.elements = dict(islice(elements.items(), MAX_ELEMENTS))
        self._grew(_size(variable))

    def define(self, function: Function) -> None:
        """Set a function.

        Raises:
            BudgetSpentError: the shell's functions are too much text.

        """
        self.functions[function.name] = function
        if sum(known.size for known in self.functions.values()) > MAX_FUNCTIONS:
            raise BudgetSpentError

    def _grew(self, size: int) -> None:
        """Count all values now and then: cheap where much is assigned, exact where little is left."""
        self.grown += size + ENTRY
        if self.grown > MAX_HELD // 8:
            self.grown = 0
            if sum(map(_size, self.variables.values())) > MAX_HELD:
                raise BudgetSpentError

    def environment(self) -> dict[str, str]:
        """Return the exported variables."""
        return {name: variable.value for name, variable in self.variables.items() if variable.exported}


def _size(variable: Variable) -> int:
    elements = variable.elements or {}
    return len(variable.value) + sum(map(len, elements.values())) + ENTRY * (1 + len(elements))


def _copied(variable: Variable) -> Variable:
    return Variable(
        variable.value,
        variable.exported,
        variable.readonly,
        variable.integer,
        None if variable.elements is None else dict(variable.elements),
        variable.keyed,
    )
