"""This module parses the options of commands as GNU getopt does."""

from collections import deque
from collections.abc import Mapping, Sequence

from attrs import frozen

from decnet_actors.machine.shell.context import Context, UsageError


@frozen
class Options:
    """Parsed options: letters and long names that were given, with values, and the other words."""

    given: Mapping[str, str]
    rest: list[str]

    def __contains__(self, name: str) -> bool:
        return name in self.given


def getopt(ctx: Context, short: str, long: Sequence[str] = (), *, status: int = 1) -> Options:
    """Parse a command's options.

    Args:
        ctx: the command.
        short: letters, each followed by ``:`` if it takes a value.
        long: names; ``name=`` takes a value, ``name/x`` and ``name=/x`` are recorded as the letter ``x``.
        status: of a usage error.

    Raises:
        UsageError: an unknown option.

    """
    return _Parser(ctx, short, long, status).run()


class _Parser:
    def __init__(self, ctx: Context, short: str, long: Sequence[str], status: int) -> None:
        self.name = ctx.name
        self.short = short
        self.long = {entry.partition("/")[0].rstrip("="): entry for entry in long}
        self.status = status
        self.given: dict[str, str] = {}
        self.queue = deque(ctx.args)

    def run(self) -> Options:
        rest: list[str] = []
        while self.queue:
            word = self.queue.popleft()
            if word == "--":
                rest.extend(self.queue)
                break
            if word.startswith("--"):
                self.by_name(word)
            elif word.startswith("-") and len(word) > 1:
                self.by_letter(word)
            else:
                rest.append(word)
        return Options(self.given, rest)

    def wrong(self, message: str) -> UsageError:
        return UsageError(f"{self.name}: {message}\nTry '{self.name} --help' for more information.\n", self.status)

    def by_name(self, word: str) -> None:
        name, equals, value = word[2:].partition("=")
        entry = self.long.get(name)
        if entry is None:
            near = [key for key in self.long if key.startswith(name)]
            if len(near) != 1:
                raise self.wrong(f"unrecognized option '{word}'")
            entry = self.long[near[0]]
        label, _, letter = entry.partition("/")
        if label.endswith("=") and not equals:
            if not self.queue:
                raise self.wrong(f"option '{word}' requires an argument")
            value = self.queue.popleft()
        self.given[letter or label.rstrip("=")] = value

    def by_letter(self, word: str) -> None:
        for at, letter in enumerate(word[1:], 2):
            place = self.short.find(letter)
            if place < 0 or letter == ":":
                raise self.wrong(f"invalid option -- '{letter}'")
            if self.short[place + 1 : place + 2] == ":":
                if at < len(word):
                    self.given[letter] = word[at:]
                elif self.queue:
                    self.given[letter] = self.queue.popleft()
                else:
                    raise self.wrong(f"option requires an argument -- '{letter}'")
                return
            self.given[letter] = ""
