"""This module runs parsed awk programs: rules over records, in bounded work, depth and memory."""

from collections.abc import Generator, Sequence

from decnet_actors.machine.shell.commands import awk_values as values
from decnet_actors.machine.shell.commands.awk_functions import call_builtin, substituted
from decnet_actors.machine.shell.commands.awk_memory import Array, AwkError, AwkMemory, Doing, Steps
from decnet_actors.machine.shell.commands.awk_streams import AwkStreams
from decnet_actors.machine.shell.commands.awk_tree import Node, Program
from decnet_actors.machine.shell.commands.awk_values import UNSET, Input, Value
from decnet_actors.machine.shell.state import MAX_VALUE, BudgetSpentError
from decnet_actors.machine.shell.streams import BREATHE, Pause

MAX_CALLS = 40  # nested calls of functions


class JumpError(Exception):
    """``next``, ``exit``, ``break``, ``continue`` and ``return``; ``value`` is what it carries."""

    def __init__(self, kind: str, value: Value = UNSET) -> None:
        super().__init__(kind)
        self.kind = kind
        self.value = value


class AwkRunner(AwkMemory):
    """One run of a program."""

    def __init__(self, program: Program, streams: AwkStreams, given: dict[str, Value]) -> None:
        super().__init__(streams.ctx.world.budget, given)
        self.program = program
        self.streams = streams
        self.status = 0
        self.random = 0.0
        self._ranges: set[int] = set()

    def run(self) -> Doing:
        """Run everything: BEGIN, the rules over each record, END."""
        ended = yield from self._section(self.program.begin)
        if not ended and (self.program.rules or self.program.end):
            ended = yield from self._records()
        if not ended or ended == "exit":
            try:
                yield from self._all(self.program.end if not ended else [])
            except JumpError as jump:
                self._leave(jump)
        yield from self.streams.close_all()

    def _section(self, blocks: Sequence[Node]) -> Generator[Pause, None, str]:
        try:
            yield from self._all(blocks)
        except JumpError as jump:
            self._leave(jump)
            return "left" if jump.kind == "exit" else ""
        return ""

    def _all(self, blocks: Sequence[Node]) -> Doing:
        for block in blocks:
            yield from self.do(block)

    def _leave(self, jump: JumpError) -> None:
        if jump.kind == "exit" and jump.value is not UNSET:
            self.status = values.whole(jump.value) & 0xFF

    def _records(self) -> Generator[Pause, None, str]:
        while (line := (yield from self.streams.next_main(self))) is not None:
            self.take(line)
            try:
                yield from self._rules()
            except JumpError as jump:
                if jump.kind == "nextfile":
                    self.streams.skip_file()
                elif jump.kind == "exit":
                    self._leave(jump)
                    try:
                        yield from self._all(self.program.end)
                    except JumpError as again:
                        self._leave(again)
                    return "left"
        return ""

    def _rules(self) -> Doing:
        for index, (patterns, body) in enumerate(self.program.rules):
            if (yield from self._wanted(index, patterns)):
                yield from self.do(body)

    def _wanted(self, index: int, patterns: Sequence[Node]) -> Generator[Pause, None, bool]:
        if len(patterns) < 2:  # noqa: PLR2004  a range has two
            return not patterns or values.truth((yield from self.value(patterns[0])))
        if index not in self._ranges and not values.truth((yield from self.value(patterns[0]))):
            return False
        self._ranges.add(index)
        if values.truth((yield from self.value(patterns[1]))):
            self._ranges.discard(index)
        return True

    def do(self, node: Node) -> Doing:
        """Run a statement."""
        self.step()
        if self.budget.due:
            yield BREATHE
        match node.kind:
            case "block":
                for part in node.parts:
                    yield from self.do(part)
            case "if":
                if values.truth((yield from self.value(node.parts[0]))):
                    yield from self.do(node.parts[1])
                elif len(node.parts) > 2:  # noqa: PLR2004  it has an ``else``
                    yield from self.do(node.parts[2])
            case "while" | "do" | "for":
                yield from self._loop(node)
            case "each":
                yield from self._each(node)
            case "print" | "printf":
                yield from self._print(node)
            case "delete":
                yield from self._delete(node)
            case "exit" | "return":
                value = (yield from self.value(node.parts[0])) if node.parts else UNSET
                raise JumpError(node.kind, value)
            case "next" | "nextfile" | "break" | "continue":
                raise JumpError(node.kind)
            case _:
                yield from self.value(node)

    def _delete(self, node: Node) -> Doing:
        if node.parts:
            self.array(node.text).pop((yield from self.key(node.parts)), None)
        else:
            self.array(node.text).clear()

    def _each(self, node: Node) -> Doing:
        for key in list(self.array(node.text)):
            if key in self.array(node.text):
                yield from self.assign(node.parts[0], Input(key))
                if (yield from self._round(node.parts[1])):
                    return

    def _loop(self, node: Node) -> Doing:
        first = node.kind == "do"
        if node.kind == "for":
            yield from self.do(node.parts[0])
        body = node.parts[0] if node.kind == "do" else node.parts[-1]
        test = node.parts[0] if node.kind == "while" else node.parts[1]
        while first or values.truth((yield from self.value(test))):
            first = False
            if (yield from self._round(body)):
                return
            if node.kind == "for":
                yield from self.do(node.parts[2])

    def _round(self, body: Node) -> Generator[Pause, None, bool]:
        """Run a loop's body; return whether the loop ends."""
        try:
            yield from self.do(body)
        except JumpError as jump:
            if jump.kind not in {"break", "continue"}:
                raise
            return jump.kind == "break"
        return False

    def _print(self, node: Node) -> Doing:
        parts: list[Value] = []
        for part in node.parts[1:]:
            parts += ((yield from self.value(part)),)
        if node.kind == "printf":
            line = values.formatted(values.text(parts[0]), parts[1:]) if parts else ""
        else:
            layout = values.text(self.names["OFMT"])
            shown = [values.text(part, layout) for part in parts] or [(yield from self._whole())]
            line = values.text(self.names["OFS"]).join(shown) + values.text(self.names["ORS"])
        target = values.text((yield from self.value(node.parts[0]))) if node.text else ""
        yield from self.streams.write(node.text, target, line)

    def _whole(self) -> Generator[Pause, None, str]:
        yield from ()
        return self.record.whole

    def value(self, node: Node) -> Steps:
        """Return the value of an expression."""
        self.step()
        match node.kind:
            case "number":
                return float(int(node.text, 16)) if node.text[:2] in {"0x", "0X"} else float(node.text)
            case "string":
                return node.text
            case "get":
                if node.text == "NF":
                    return float(len((yield from self.fields())))
                return self.named(node.text)
            case "field":
                return (yield from self.field_at(values.whole((yield from self.value(node.parts[0])))))
            case "item":
                key = yield from self.key(node.parts)
                array = self.array(node.text)
                if key not in array:
                    self.put(array, key, UNSET)
                return array[key]
            case "nested":
                return (yield from self.value(node.parts[0]))
            case "regex":
                found = yield from self.regex(node.text).search(self.record.whole, self.budget)
                return float(found is not None)
            case "assign":
                return (yield from self._assign(node))
            case "binary":
                return (yield from self._binary(node))
            case "call":
                return (yield from self._call(node))
            case "builtin":
                return (yield from self._builtin(node))
            case _:
                return (yield from self._rarer(node))

    def _rarer(self, node: Node) -> Steps:
        match node.kind:
            case "join":
                left = values.text((yield from self.value(node.parts[0])), values.text(self.names["CONVFMT"]))
                right = values.text((yield from self.value(node.parts[1])), values.text(self.names["CONVFMT"]))
                return (left + right)[:MAX_VALUE]
            case "choose":
                chosen = values.truth((yield from self.value(node.parts[0])))
                return (yield from self.value(node.parts[1 if chosen else 2]))
            case "unary":
                operand = yield from self.value(node.parts[0])
                if node.text == "!":
                    return float(not values.truth(operand))
                return -values.number(operand) if node.text == "-" else values.number(operand)
            case "before" | "after":
                old = values.number((yield from self.value(node.parts[0])))
                new = old + 1 if node.text == "+" else old - 1
                yield from self.assign(node.parts[0], new)
                return new if node.kind == "before" else old
            case "in":
                return float((yield from self.key(node.parts)) in self.array(node.text))
            case "getline":
                return (yield from self._getline(node))
            case _:
                return (yield from self.key(node.parts))

    def _binary(self, node: Node) -> Steps:
        operator = node.text
        if operator in {"~", "!~"}:
            subject = values.text((yield from self.value(node.parts[0])))
            pattern = yield from self.pattern(node.parts[1])
            found = yield from self.regex(pattern).search(subject, self.budget)
            return float((found is not None) == (operator == "~"))
        left = yield from self.value(node.parts[0])
        if operator in {"&&", "||"}:
            if values.truth(left) == (operator == "||"):
                return float(operator == "||")
            return float(values.truth((yield from self.value(node.parts[1]))))
        right = yield from self.value(node.parts[1])
        if operator[0] in "<>=!":
            return float(values.compare(operator, left, right))
        return values.compute(operator, values.number(left), values.number(right))

    def pattern(self, node: Node) -> Generator[Pause, None, str]:
        """Return the pattern an operand is: its own text if it is a regular expression."""
        return node.text if node.kind == "regex" else values.text((yield from self.value(node)))

    def _assign(self, node: Node) -> Steps:
        value = yield from self.value(node.parts[1])
        if node.text:
            old = values.number((yield from self.value(node.parts[0])))
            value = values.compute(node.text, old, values.number(value))
        yield from self.assign(node.parts[0], value)
        return value

    def _call(self, node: Node) -> Steps:
        routine = self.program.routines.get(node.text)
        if routine is None:
            raise AwkError(f"function {node.text} never defined")
        if len(node.parts) > len(routine.names):
            raise AwkError(f"line 1: too many arguments in call to {node.text}")
        if len(self.frames) >= MAX_CALLS:
            raise BudgetSpentError
        frame: dict[str, Value | Array] = {}
        for name, part in zip(routine.names, node.parts, strict=False):
            if part.kind == "get" and (name in routine.arrays or self.is_array(part.text)):
                frame[name] = self.array(part.text)
            else:
                frame[name] = yield from self.value(part)
        for name in routine.names[len(node.parts) :]:
            frame[name] = UNSET
        self.frames.append(frame)
        try:
            yield from self.do(routine.body)
        except JumpError as jump:
            if jump.kind != "return":
                raise
            return jump.value
        finally:
            self.frames.pop()
        return UNSET

    def _builtin(self, node: Node) -> Steps:
        name, parts = node.text, node.parts
        if name in {"sub", "gsub"}:
            return (yield from substituted(self, name, parts))
        if name == "split":
            return (yield from self._split(parts))
        if name == "match":
            subject = values.text((yield from self.value(parts[0])))
            found = yield from self.regex((yield from self.pattern(parts[1]))).search(subject, self.budget)
            start, end = found.span() if found else (-1, -2)
            self.names["RSTART"], self.names["RLENGTH"] = start + 1.0, float(end - start) if found else -1.0
            return start + 1.0
        if name == "length" and parts and parts[0].kind == "get" and self.is_array(parts[0].text):
            return float(len(self.array(parts[0].text)))
        args: list[Value] = []
        for part in parts:
            args += ((yield from self.value(part)),)
        if name == "system":
            return (yield from self.streams.system(values.text(args[0]) if args else ""))
        if name in {"close", "fflush"}:
            return (yield from self.streams.close(values.text(args[0]))) if args and name == "close" else 0.0
        return call_builtin(self, name, args)

    def _split(self, parts: Sequence[Node]) -> Steps:
        subject = values.text((yield from self.value(parts[0])))
        separator = (yield from self.pattern(parts[2])) if len(parts) > 2 else self.names["FS"]  # noqa: PLR2004  a third
        found = yield from self.pieces(subject, separator)
        array = self.array(parts[1].text)
        array.clear()
        for index, piece in enumerate(found, 1):
            self.put(array, str(index), Input(piece))
        return float(len(found))

    def _getline(self, node: Node) -> Steps:
        source = ""
        target = node.parts
        if node.text:
            source, target = values.text((yield from self.value(node.parts[0]))), node.parts[1:]
        line = yield from self.streams.read(node.text, source, self)
        if line is None or isinstance(line, int):
            return float(line or 0)
        if not target:
            names = dict(self.names)
            self.take(line)
            if node.text:
                self.names["FNR"] = names["FNR"]
                self.names["NR"] = names["NR"] if node.text == "<" else self.names["NR"]
        else:
            if not node.text:
                self.names["NR"] = values.number(self.names["NR"]) + 1
            yield from self.assign(target[0], Input(line))
        return 1.0
