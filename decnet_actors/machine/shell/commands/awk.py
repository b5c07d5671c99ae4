"""This module holds ``awk``: its options, and the start of a program."""

from collections.abc import Mapping

from decnet_actors.machine.shell.commands.awk_lexer import AwkSyntaxError, unescaped
from decnet_actors.machine.shell.commands.awk_memory import AwkError
from decnet_actors.machine.shell.commands.awk_parser import parse_awk
from decnet_actors.machine.shell.commands.awk_runner import AwkRunner
from decnet_actors.machine.shell.commands.awk_streams import AwkStreams
from decnet_actors.machine.shell.commands.awk_tree import Program
from decnet_actors.machine.shell.commands.awk_values import Input, Value
from decnet_actors.machine.shell.context import MAX_TEXT, Context, Function
from decnet_actors.machine.shell.streams import Work

_USAGE = (
    "Usage: mawk [Options] 'program' [file ...]\n\nProgram:\n    The -f option value is the name of a file containing "
    'program text.\n    If no -f option is given, a "--" ends option processing; the following\n    parameters are the '
    "program text.\n"
)


def awk(ctx: Context) -> Work:
    """Run a program over records."""
    args = list(ctx.args)
    given: dict[str, Value] = {}
    sources: list[str] = []
    while args and args[0].startswith("-") and args[0] != "-":
        word = args.pop(0)
        if word == "--":
            break
        letter, value = word[1], word[2:]
        if letter not in "Ffv" or not (value or args):
            ctx.err(f"{ctx.name}: not an option: {word}\n")
            return 2
        value = value or args.pop(0)
        if letter == "F":
            given["FS"] = unescaped(value)
        elif letter == "v":
            name, _, text = value.partition("=")
            given[name] = Input(unescaped(text))
        else:
            try:
                data = (yield from ctx.stdin.read_all()) if value == "-" else ctx.read_file(value, MAX_TEXT)
            except OSError as error:
                return ctx.fail(f"couldn't open file {value} ({error.strerror})", 2)
            sources.append(data.decode("utf-8", "surrogateescape"))
    if not sources:
        if not args:
            ctx.usage(_USAGE, 2)
        sources.append(args.pop(0))
    try:
        program = parse_awk("\n".join(sources))
    except AwkSyntaxError as error:
        return ctx.fail(str(error), 2)
    return (yield from _run(ctx, program, given, args))


def _run(ctx: Context, program: Program, given: dict[str, Value], operands: list[str]) -> Work:
    streams = AwkStreams(ctx, list(operands))
    runner = AwkRunner(program, streams, given)
    runner.names["ARGC"] = float(len(operands) + 1)
    runner.arrays["ARGV"] = {str(at): Input(word) for at, word in enumerate([ctx.name, *operands])}
    runner.arrays["ENVIRON"] = {name: Input(value) for name, value in ctx.sh.environment().items()}
    try:
        yield from runner.run()
    except AwkError as error:
        return ctx.fail(f"run time error: {error}", 2)
    return 2 if streams.failed else runner.status


COMMANDS: Mapping[str, Function] = {"awk": awk, "mawk": awk, "gawk": awk}
