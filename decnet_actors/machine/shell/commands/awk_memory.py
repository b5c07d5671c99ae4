"""This module holds what a running awk program knows: variables, arrays, the record and its fields."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import TypeAlias

from attrs import define, field

from decnet_actors.machine.shell.commands import awk_values as values
from decnet_actors.machine.shell.commands.awk_tree import Node
from decnet_actors.machine.shell.commands.awk_values import UNSET, Input, Value
from decnet_actors.machine.shell.regexes import Regex, compile_posix
from decnet_actors.machine.shell.state import MAX_HELD, MAX_VALUE, Budget, BudgetSpentError
from decnet_actors.machine.shell.streams import BREATHE, Pause

MAX_FIELD = 10_000  # number of the last field
MAX_ENTRIES = 50_000  # elements of all arrays
ENTRY = 64  # characters an entry costs besides its value
STEPS_AT_ONCE = 32  # operations that cost as much as running a command does

Array: TypeAlias = "dict[str, Value]"
Steps: TypeAlias = "Generator[Pause, None, Value]"
Doing: TypeAlias = "Generator[Pause, None, None]"


class AwkError(Exception):
    """The program cannot go on; the message is mawk's."""


@define
class Record:
    """The line at hand and its fields."""

    whole: str = ""
    fields: list[Value] = field(factory=list)
    split: bool = True  # whether the fields are those of ``whole``


class AwkMemory(ABC):
    """The variables of one run, and what can be done to them."""

    def __init__(self, budget: Budget, given: dict[str, Value]) -> None:
        self.budget = budget
        self.names: dict[str, Value] = {
            "FS": " ", "OFS": " ", "ORS": "\n", "RS": "\n", "SUBSEP": "\x1c", "CONVFMT": "%.6g", "OFMT": "%.6g",
            "NR": 0.0, "FNR": 0.0, "RSTART": 0.0, "RLENGTH": -1.0, "FILENAME": "", **given,
        }  # fmt: skip
        self.arrays: dict[str, Array] = {}
        self.frames: list[dict[str, Value | Array]] = []
        self.record = Record()
        self._operations = 0
        self._grown = 0

    @abstractmethod
    def value(self, node: Node) -> Steps:
        """Return the value of an expression."""

    def take(self, line: str) -> None:
        """Make a line the record."""
        self.record = Record(line, split=False)
        self.names["NR"] = values.number(self.names["NR"]) + 1
        self.names["FNR"] = values.number(self.names["FNR"]) + 1

    def fields(self) -> Generator[Pause, None, list[Value]]:
        """Return the fields of the record."""
        if not self.record.split:
            parts = yield from self.pieces(self.record.whole, self.names["FS"])
            self.record.fields = [Input(part) for part in parts]
            self.record.split = True
        return self.record.fields

    def pieces(self, line: str, separator: Value) -> Generator[Pause, None, list[str]]:
        """Return what a separator parts a text into."""
        mark = values.text(separator)
        if mark == " ":
            return line.split(None, MAX_FIELD)
        if not line:
            return []
        if not mark:
            return list(line[:MAX_FIELD])
        if self.names["RS"] == "" and len(mark) == 1:
            mark = f"[{mark}\n]" if mark not in "\\]^-" else mark
        if len(mark) == 1 and mark != "\\":
            return line.split(mark, MAX_FIELD)
        regex = self.regex(mark)
        out: list[str] = []
        at = 0
        while len(out) < MAX_FIELD:
            found = yield from regex.search(line, self.budget, at)
            if found is None or found.span()[1] == found.span()[0]:
                break
            self.step()
            if self.budget.due:
                yield BREATHE
            out.append(line[at : found.span()[0]])
            at = found.span()[1]
        return [*out, line[at:]]

    def regex(self, pattern: str) -> Regex:
        """Return a compiled pattern.

        Raises:
            AwkError: it is none.

        """
        try:
            return compile_posix(pattern.replace("\\.", "[.]").replace("\\t", "\t"), extended=True)
        except ValueError:
            raise AwkError(f"regular expression compile failed (bad pattern)\n{pattern[:80]}") from None

    def step(self) -> None:
        """Count an operation."""
        self._operations += 1
        if self._operations >= STEPS_AT_ONCE:
            self._operations = 0
            self.budget.step()

    def key(self, parts: Sequence[Node]) -> Generator[Pause, None, str]:
        """Return the key some subscripts make."""
        keys: list[str] = []
        for part in parts:
            keys += (values.text((yield from self.value(part))),)
        return values.text(self.names["SUBSEP"]).join(keys)

    def named(self, name: str) -> Value:
        if self.frames and name in self.frames[-1]:
            value = self.frames[-1][name]
            if isinstance(value, dict):
                raise AwkError(f"type error in arg to {name}")
            return value
        return self.names.get(name, UNSET)

    def array(self, name: str) -> Array:
        """Return an array, a new one if there is none of that name."""
        if self.frames and name in self.frames[-1]:
            value = self.frames[-1][name]
            if not isinstance(value, dict):
                value = self.frames[-1][name] = {}
            return value
        return self.arrays.setdefault(name, {})

    def field_at(self, number: int) -> Steps:
        if number == 0:
            return Input(self.record.whole)
        if number < 0:
            raise AwkError(f"negative field index ${number}")
        fields = yield from self.fields()
        return fields[number - 1] if number <= len(fields) else UNSET

    def assign(self, target: Node, value: Value) -> Doing:
        """Set what an expression names."""
        if isinstance(value, str):
            value = value if isinstance(value, Input) else value[:MAX_VALUE]
            self.grow(len(value))
        match target.kind:
            case "get":
                yield from self._set(target.text, value)
            case "item":
                self.put(self.array(target.text), (yield from self.key(target.parts)), value)
            case "field":
                yield from self._set_field(values.whole((yield from self.value(target.parts[0]))), value)
            case "nested":
                yield from self.assign(target.parts[0], value)
            case _:
                pass  # a value without a place, as in sub(/a/, "b", "c")

    def _set(self, name: str, value: Value) -> Doing:
        if self.frames and name in self.frames[-1]:
            self.frames[-1][name] = value
        elif name == "NF":
            fields = yield from self.fields()
            wanted = min(max(values.whole(value), 0), MAX_FIELD)
            fields[wanted:] = [UNSET] * (wanted - len(fields))
            self._joined()
        else:
            self.names[name] = value

    def _set_field(self, number: int, value: Value) -> Doing:
        if number == 0:
            self.record = Record(values.text(value), split=False)
            return
        if not 0 < number <= MAX_FIELD:
            raise AwkError(f"field index ${number} is out of range")
        fields = yield from self.fields()
        fields.extend([UNSET] * (number - len(fields)))
        fields[number - 1] = Input(values.text(value)) if isinstance(value, Input) else value
        self._joined()

    def _joined(self) -> None:
        layout = values.text(self.names["CONVFMT"])
        joint = values.text(self.names["OFS"])
        self.record.whole = joint.join(values.text(part, layout) for part in self.record.fields)[:MAX_VALUE]

    def put(self, array: Array, key: str, value: Value) -> None:
        """Set an element.

        Raises:
            BudgetSpentError: there are too many.

        """
        if key not in array:
            self.grow(len(key))
            if len(array) >= MAX_ENTRIES:
                raise BudgetSpentError
        array[key] = value

    def grow(self, size: int) -> None:
        """Count what is kept now and then: cheap where much is assigned.

        Raises:
            BudgetSpentError: it is too much.

        """
        self._grown += size + ENTRY
        if self._grown > MAX_HELD // 4:
            self._grown = 0
            held = sum(_size(value) for value in self.names.values())
            for array in self.arrays.values():
                held += sum(len(key) + _size(value) for key, value in array.items())
            if held > MAX_HELD:
                raise BudgetSpentError

    def is_array(self, name: str) -> bool:
        if self.frames and name in self.frames[-1]:
            return isinstance(self.frames[-1][name], dict)
        return name in self.arrays


def _size(value: Value) -> int:
    return ENTRY + (len(value) if isinstance(value, str) else 0)
