"""This module parses awk programs (POSIX, "awk", "Grammar"), in bounded depth and size."""

import re
from collections.abc import Sequence

from decnet_actors.machine.shell.commands.awk_lexer import MAX_PROGRAM, AwkLexer, unescaped
from decnet_actors.machine.shell.commands.awk_tree import Node, Program, Routine
from decnet_actors.machine.shell.state import BudgetSpentError
from decnet_actors.machine.table import words

FUNCTIONS = frozenset(
    words("""
    atan2 close cos exp fflush gsub index int length log match rand sin split sprintf sqrt srand sub substr system
    tolower toupper
    """)
)
_BINARY = {
    "||": 1, "&&": 2, "in": 3, "~": 4, "!~": 4, "<": 5, "<=": 5, "==": 5, "!=": 5, ">": 5, ">=": 5,
    "+": 8, "-": 8, "*": 9, "/": 9, "%": 9, "^": 11, "**": 11,
}  # fmt: skip
_COMPARED, _PIPED, _JOINED, _SIGNED, _RAISED = 5, 6, 7, 10, 11
_ASSIGN = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "^=", "**="})
_LEAST = {"split": 2, "sub": 2, "gsub": 2, "match": 2, "substr": 2, "index": 2, "sprintf": 1, "system": 1, "close": 1}
_ENDS = frozenset({";", "\n", "}"})


def parse_awk(text: str) -> Program:
    """Return a parsed program.

    Raises:
        AwkSyntaxError: it is none.
        BudgetSpentError: it is too long or too deep.

    """
    if len(text) > MAX_PROGRAM:
        raise BudgetSpentError
    return _Parser(text).program()


class _Parser(AwkLexer):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.arrays: set[str] = set()
        self.plain_greater = True  # whether ``>`` compares: in ``print`` it redirects
        self.plain_in = True  # whether ``in`` asks: in ``for (`` it may list

    def program(self) -> Program:
        program = Program()
        self.blank(";")
        while self.kind != "end":
            self.rule(program)
            self.blank(";")
        return program

    def rule(self, program: Program) -> None:
        if self.lexeme in {"function", "func"}:
            self.routine(program)
        elif self.lexeme in {"BEGIN", "END"}:
            wanted = program.begin if self.lexeme == "BEGIN" else program.end
            self.step()
            wanted.append(self.block())
        else:
            patterns: list[Node] = []
            if self.lexeme != "{":
                patterns.append(self.expression())
                if self.take(","):
                    self.blank()
                    patterns.append(self.expression())
            body = self.block() if self.lexeme == "{" else Node("block", parts=(Node("print"),))
            program.rules.append((tuple(patterns), body))

    def routine(self, program: Program) -> None:
        self.step()
        name = self.name()
        self.want("(")
        names: list[str] = []
        while self.lexeme != ")":
            names.append(self.name())
            if not self.take(","):
                break
            self.blank()
        self.want(")")
        self.blank()
        before, self.arrays = self.arrays, set()
        body = self.block()
        program.routines[name] = Routine(tuple(names), frozenset(self.arrays), body)
        self.arrays = before

    def block(self) -> Node:
        self.want("{")
        self.deeper()
        out: list[Node] = []
        self.blank(";")
        while self.lexeme != "}" or self.kind != "mark":
            out.append(self.statement())
            self.blank(";")
        self.depth -= 1
        self.step()
        return Node("block", parts=tuple(out))

    def body(self) -> Node:
        """Parse the statement of a loop or condition."""
        self.blank()
        if self.take(";"):
            return Node("block")
        return self.statement()

    def statement(self) -> Node:
        self.deeper()
        try:
            return self._statement()
        finally:
            self.depth -= 1

    def _statement(self) -> Node:
        word = self.lexeme if self.kind in {"keyword", "mark"} else ""
        match word:
            case "{":
                return self.block()
            case "if":
                return self._if()
            case "while":
                self.step()
                return Node("while", parts=(self._condition(), self.body()))
            case "do":
                self.step()
                body = self.body()
                self.blank(";")
                self.want("while")
                return self._ended(Node("do", parts=(body, self._condition())))
            case "for":
                return self._for()
            case _:
                return self._ended(self.simple())

    def _ended(self, node: Node) -> Node:
        if self.kind == "end" or (self.kind == "mark" and self.lexeme == "}"):
            return node
        if not (self.take(";") or self.take("\n")):
            raise self.wrong()
        return node

    def _condition(self) -> Node:
        self.want("(")
        condition = self.expression()
        self.want(")")
        return condition

    def _if(self) -> Node:
        self.step()
        condition = self._condition()
        then = self.body()
        before = (self.at, self.line, self.kind, self.lexeme)
        self.blank(";")
        if self.take("else"):
            return Node("if", parts=(condition, then, self.body()))
        self.at, self.line, self.kind, self.lexeme = before
        return Node("if", parts=(condition, then))

    def _for(self) -> Node:
        self.step()
        self.want("(")
        first = Node("block")
        if self.lexeme != ";":
            self.plain_in = False
            first = self.simple()
            self.plain_in = True
            if first.kind == "get" and self.take("in"):
                array = self.name()
                self.arrays.add(array)
                self.want(")")
                return Node("each", array, (first, self.body()))
        self.want(";")
        self.blank()
        test = Node("number", "1") if self.lexeme == ";" else self.expression()
        self.want(";")
        self.blank()
        after = Node("block") if self.lexeme == ")" else self.simple()
        self.want(")")
        return Node("for", parts=(first, test, after, self.body()))

    def simple(self) -> Node:
        """Parse a statement that holds no other."""
        word = self.lexeme if self.kind == "keyword" else ""
        match word:
            case "print" | "printf":
                return self._print(word)
            case "next" | "nextfile" | "break" | "continue":
                self.step()
                return Node(word)
            case "exit" | "return":
                self.step()
                ended = self.kind == "end" or (self.kind == "mark" and self.lexeme in _ENDS)
                return Node(word, parts=() if ended else (self.expression(),))
            case "delete":
                self.step()
                name = self.name()
                self.arrays.add(name)
                return Node("delete", name, self.subscript() if self.lexeme == "[" else ())
            case _:
                return self.expression()

    def _print(self, word: str) -> Node:
        self.step()
        self.plain_greater = False
        items: tuple[Node, ...] = ()
        if not (self.kind == "end" or (self.kind == "mark" and self.lexeme in {*_ENDS, ">", ">>", "|"})):
            items = self.list()
        self.plain_greater = True
        if len(items) == 1 and items[0].kind == "group":
            items = items[0].parts
        if self.kind == "mark" and self.lexeme in {">", ">>", "|"}:
            how = self.lexeme
            self.step()
            self.plain_greater = False
            target = self.binary(_JOINED)
            self.plain_greater = True
            return Node(word, how, (target, *items))
        return Node(word, "", (Node("number", "0"), *items)) if items else Node(word)

    def list(self) -> tuple[Node, ...]:
        items = [self.expression()]
        while self.take(","):
            self.blank()
            items.append(self.expression())
        return tuple(items)

    def subscript(self) -> tuple[Node, ...]:
        self.want("[")
        greater, self.plain_greater = self.plain_greater, True
        items = self.list()
        self.plain_greater = greater
        self.want("]")
        return items

    def expression(self) -> Node:
        self.deeper()
        try:
            return self._expression()
        finally:
            self.depth -= 1

    def _expression(self) -> Node:
        left = self.binary(1)
        if self.kind == "mark" and self.lexeme in _ASSIGN and left.kind in {"get", "field", "item"}:
            operator = self.lexeme
            self.step()
            self.blank()
            return Node("assign", operator[:-1].replace("**", "^"), (left, self.expression()))
        if self.take("?"):
            self.blank()
            yes = self.expression()
            self.blank()
            self.want(":")
            self.blank()
            return Node("choose", parts=(left, yes, self.expression()))
        return left

    def binary(self, least: int) -> Node:
        """Parse operators that bind at least so strongly."""
        left = self.unary()
        while True:
            lexeme = self.lexeme if self.kind in {"mark", "keyword"} else ""
            rank = _BINARY.get(lexeme, 0)
            if (lexeme == ">" and not self.plain_greater) or (lexeme == "in" and not self.plain_in):
                rank = 0
            if lexeme == "in" and rank >= least > 0:
                self.step()
                name = self.name()
                self.arrays.add(name)
                left = Node("in", name, left.parts if left.kind == "group" else (left,))
            elif lexeme == "|" and least <= _PIPED and self._getline_follows():
                self.step()
                self.step()
                left = Node("getline", "|", (left, *self._target()))
            elif rank >= least and rank:
                self.step()
                self.blank()
                right = self.binary(rank if rank == _RAISED else rank + 1)
                left = Node("binary", "^" if lexeme == "**" else lexeme, (left, right))
            elif not rank and least <= _JOINED and self._starts():
                left = Node("join", parts=(left, self.binary(_JOINED + 1)))
            else:
                return left

    def _getline_follows(self) -> bool:
        return re.compile(r"\s*getline\b").match(self.text, self.at) is not None

    def _starts(self) -> bool:
        """Return whether a value begins here that is to be joined to the one before."""
        if self.kind in {"number", "string", "name"}:
            return True
        return self.kind == "mark" and self.lexeme in {"$", "(", "!", "++", "--"}

    def unary(self) -> Node:
        if self.kind == "mark" and self.lexeme in {"!", "-", "+"}:
            operator = self.lexeme
            self.step()
            self.deeper()
            operand = self.binary(_SIGNED)
            self.depth -= 1
            return Node("unary", operator, (operand,))
        return self.postfix()

    def postfix(self) -> Node:
        if self.kind == "mark" and self.lexeme in {"++", "--"}:
            operator = self.lexeme
            self.step()
            node = self.primary()
            if node.kind not in {"get", "field", "item"}:
                raise self.wrong()
            return Node("before", operator[0], (node,))
        node = self.primary()
        if self.kind == "mark" and self.lexeme in {"++", "--"} and node.kind in {"get", "field", "item"}:
            operator = self.lexeme
            self.step()
            return Node("after", operator[0], (node,))
        return node

    def primary(self) -> Node:
        kind, lexeme = self.kind, self.lexeme
        if kind == "number":
            self.step()
            return Node("number", lexeme)
        if kind == "string":
            self.step()
            return Node("string", unescaped(lexeme[1:-1]))
        if kind == "mark" and lexeme in {"/", "/="}:
            return Node("regex", self.regex())
        if kind == "mark" and lexeme == "$":
            self.step()
            self.deeper()
            operand = (
                self.postfix()
                if self.lexeme in {"++", "--"}
                else self.primary()
                if self.lexeme != "-"
                else self.unary()
            )
            self.depth -= 1
            return Node("field", parts=(operand,))
        if kind == "mark" and lexeme == "(":
            return self._group()
        if lexeme == "getline" and kind == "keyword":
            self.step()
            target = self._target()
            if self.kind == "mark" and self.lexeme == "<":
                self.step()
                return Node("getline", "<", (self.binary(_JOINED + 1), *target))
            return Node("getline", "", target)
        if kind == "name":
            return self._named()
        raise self.wrong()

    def _target(self) -> tuple[Node, ...]:
        return (self.primary(),) if self.kind == "name" or (self.kind == "mark" and self.lexeme == "$") else ()

    def _group(self) -> Node:
        self.step()
        state, self.plain_greater, self.plain_in = (self.plain_greater, self.plain_in), True, True
        items = self.list()
        self.plain_greater, self.plain_in = state
        self.want(")")
        if len(items) > 1:
            return Node("group", parts=items)
        return Node("nested", parts=items)

    def _named(self) -> Node:
        name = self.name()
        called = self.text.startswith("(", self.at - 1) and self.lexeme == "("
        if name in FUNCTIONS:
            args: tuple[Node, ...] = ()
            if self.lexeme == "(" and self.kind == "mark":
                args = self.arguments()
            if len(args) < _LEAST.get(name, 0):
                raise self.wrong()
            if name == "split":
                self.arrays.add(args[1].text)
            return Node("builtin", name, args)
        if called and self.at >= 2 and self.text[self.at - 2] not in " \t":  # noqa: PLR2004  the name ends at its bracket
            return Node("call", name, self.arguments())
        if self.lexeme == "[" and self.kind == "mark":
            self.arrays.add(name)
            return Node("item", name, self.subscript())
        return Node("get", name)

    def arguments(self) -> tuple[Node, ...]:
        self.want("(")
        self.blank()
        state, self.plain_greater, self.plain_in = (self.plain_greater, self.plain_in), True, True
        items: Sequence[Node] = () if self.lexeme == ")" else self.list()
        self.plain_greater, self.plain_in = state
        self.blank()
        self.want(")")
        return tuple(items)
