"""This module writes answers to standard output in the format asked for.

Formats for people (table, wide) cut, colour and localise; the others are exact. No format lets a control character out.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import click

from decnet_actors.ctl import cells, yaml
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON
Row: TypeAlias = Mapping[str, Plain]

MAX_CELL = 60  # characters of a cell in a table; wide shows all
GAP = "  "
IDENTITIES = ("path", "id", "name", "code", "key", "seq", "sha256", "topic")  # what -o name prints, first that exists

_GOOD = frozenset({"ok", "yes", "running", "up", "accepted"})
_BAD = frozenset({"fail", "failed", "crashed", "down", "disabled"})
_DOUBTFUL = frozenset({"warn", "backoff", "starting", "stopped"})


def one(value: Row, columns: Sequence[str], settings: Settings) -> None:
    """Write a single object."""
    match settings.output:
        case "table" | "wide":
            for line in card(value, _chosen(columns, [value], settings, single=True), settings):
                click.echo(line)
        case "json":
            click.echo(json.dumps(value, indent=2))
        case "jsonl":
            click.echo(json.dumps(value))
        case "yaml":
            click.echo(yaml.dump(value), nl=False)
        case "csv":
            _csv([value], _chosen((), [value], settings), settings)
        case _:
            click.echo(identity(value, columns))


def many(body: Row, columns: Sequence[str], settings: Settings, fields: Sequence[str] = ()) -> None:
    """Write a page: ``{"items": [...], "next": ...}``; ``fields`` are the columns of CSV, rows or not."""
    rows = arranged(body["items"], settings)
    match settings.output:
        case "table" | "wide":
            chosen = _chosen(columns, rows, settings)
            for line in table(rows, chosen, settings):
                click.echo(line)
        case "json":
            click.echo(json.dumps({**body, "items": rows}, indent=2))
        case "jsonl":
            for row in rows:
                click.echo(json.dumps(row))
        case "yaml":
            click.echo(yaml.dump({**body, "items": rows}), nl=False)
        case "csv":
            _csv(rows, _chosen((), rows, settings, fields=fields), settings)
        case _:
            for row in rows:
                click.echo(identity(row, columns))


def stream(rows: Iterable[Row], columns: Sequence[str], settings: Settings) -> None:
    """Write values as they come; JSON stays one valid array even when the stream is interrupted."""
    if settings.output == "json":
        _json_array(rows)
        return
    chosen: Sequence[str] = ()
    widths: list[int] = []
    for number, row in enumerate(rows):
        match settings.output:
            case "table" | "wide":
                if number == 0:
                    chosen = _chosen(columns, [row], settings)
                    widths = [len(name) for name in chosen]
                texts = [_cut(name, _cell(name, row, settings), settings) for name in chosen]
                widths = [max(width, _width(text)) for width, text in zip(widths, texts, strict=True)]
                if number == 0 and settings.headers:
                    click.echo(_line([name.upper() for name in chosen], widths))
                click.echo(_line(texts, widths))
            case "jsonl":
                click.echo(json.dumps(row))
            case "yaml":
                click.echo("---\n" + yaml.dump(row), nl=False)
            case "csv":
                chosen = chosen or _chosen((), [row], settings)
                _csv([row], chosen, settings, header=number == 0)
            case _:
                click.echo(identity(row, columns))


def table(rows: Sequence[Row], columns: Sequence[str], settings: Settings) -> Iterator[str]:
    """Yield the lines of a table, aligned."""
    texts = [[_cut(name, _cell(name, row, settings), settings) for name in columns] for row in rows]
    heads = [name.upper() for name in columns]
    widths = [max(map(_width, column)) for column in zip(heads, *texts, strict=True)]
    if settings.headers and rows:
        yield click.style(_line(heads, widths), bold=True)
    for line in texts:
        yield _line(line, widths)


def card(value: Row, columns: Sequence[str], settings: Settings) -> Iterator[str]:
    """Yield ``name: value`` lines of one object; lists of objects follow as tables."""
    width = max((len(name) for name in columns), default=0) + 1
    nested = []
    for name in columns:
        item = value.get(name)
        if isinstance(item, list) and item and isinstance(item[0], Mapping):
            nested.append((name, item))
        else:
            yield f"{name + ':':<{width}} {_painted(_cell(name, value, settings) or cells.NOTHING)}"
    for name, items in nested:
        yield ""
        yield click.style(f"{name}:", bold=True)
        for line in table(items, _telling(items, value, settings), settings):
            yield "  " + line


def arranged(rows: Sequence[Row], settings: Settings) -> list[Row]:
    """Return the rows sorted and cut as the flags say."""
    made = list(rows)
    if settings.sort:
        name, reverse = settings.sort.removeprefix("-"), settings.sort.startswith("-")
        if made and not any(name in row for row in made):
            raise CommandFailed.of("DN5001", f"--sort: no column is called {name}", fix=(f"one of: {_listed(made)}",))
        made.sort(key=lambda row: _sort_key(row.get(name)), reverse=reverse)
    return made[: settings.limit]


def identity(value: Row, columns: Sequence[str]) -> str:
    """Return what a script would pass to the next command."""
    for name in (*IDENTITIES, *columns, *value):
        if name in value:
            return cells.words(value[name])
    return ""


def _chosen(
    columns: Sequence[str], rows: Sequence[Row], settings: Settings, *, single: bool = False, fields: Sequence[str] = ()
) -> Sequence[str]:
    known = [*fields, *(name for name in _keys(rows) if name not in fields)]
    unknown = [name for name in settings.columns if known and name not in known]
    if unknown:
        raise CommandFailed.of(
            "DN5001", f"--columns: no column is called {', '.join(unknown)}", fix=(f"one of: {', '.join(known)}",)
        )
    if settings.columns:
        return settings.columns
    if single or not columns or settings.output == "wide":
        return [*[name for name in columns if name in known], *[name for name in known if name not in columns]]
    return columns


def _keys(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _telling(items: Sequence[Row], parent: Row, settings: Settings) -> list[str]:
    """Return the columns of a nested table: not what the parent says already, nor (unless wide) maps in cells."""
    return [
        name
        for name in _keys(items)
        if settings.output == "wide"
        or not (
            all(isinstance(item.get(name), Mapping) and "base64" not in item[name] for item in items)
            or (name in parent and all(item.get(name) == parent[name] for item in items))
        )
    ]


def _listed(rows: Sequence[Row]) -> str:
    return ", ".join(_keys(rows))


def _cell(name: str, row: Row, settings: Settings) -> str:
    return cells.text(name, row.get(name), now=settings.world.now(), zone=settings.zone)


def _cut(name: str, text: str, settings: Settings) -> str:
    whole = settings.output == "wide" or name in IDENTITIES or len(text) <= MAX_CELL
    return text if whole else text[: MAX_CELL - 1] + "\u2026"


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    padded = [text + " " * (width - _width(text)) for text, width in zip(texts, widths, strict=True)]
    painted = [_painted(text) + shown[len(text) :] for text, shown in zip(texts, padded, strict=True)]
    return GAP.join(painted).rstrip()


def _painted(text: str) -> str:
    for words, color in ((_GOOD, "green"), (_BAD, "red"), (_DOUBTFUL, "yellow")):
        if text in words:
            return click.style(text, fg=color)
    return text


def _width(text: str) -> int:
    """Return the cells a terminal needs (UAX 11: wide and full-width take two, combining marks none)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in {"W", "F"})
        for character in text
    )


def _sort_key(value: Plain) -> tuple[int, float, str]:
    if isinstance(value, (int, float)):
        return (0, value, "")
    return (2, 0.0, "") if value is None else (1, 0.0, cells.words(value))


def _csv(rows: Sequence[Row], columns: Sequence[str], settings: Settings, *, header: bool = True) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180
    if header and settings.headers and columns:
        writer.writerow(columns)
    for row in rows:
        writer.writerow([cells.csv_cell(name, row.get(name)) for name in columns])
    click.echo(text.getvalue(), nl=False)


def _json_array(rows: Iterable[Row]) -> None:
    click.echo("[", nl=False)
    try:
        for number, row in enumerate(rows):
            click.echo((",\n " if number else "\n ") + json.dumps(row), nl=False)
    finally:
        click.echo("\n]")
