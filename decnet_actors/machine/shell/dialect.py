"""This module words syntax errors as dash does."""

from decnet_actors.machine.shell.simple_parser import CLOSERS
from decnet_actors.machine.shell.syntax import ShellSyntaxError


def dash_words(error: ShellSyntaxError) -> str:
    """Return what dash says of a syntax error."""
    if error.closing in {"'", '"', "`"}:
        return "EOF in backquote substitution" if error.closing == "`" else "Unterminated quoted string"
    if error.closing == "}":
        return "Missing '}'"
    if error.incomplete:
        return "end of file unexpected"
    if error.token == "newline":  # noqa: S105  a token of the grammar
        return "newline unexpected"
    known = error.token in CLOSERS or not error.token[:1].isalnum()
    return f'"{error.token}" unexpected' if known else "word unexpected"
