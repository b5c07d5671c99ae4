"""This module reads the predecessor's INI files, and notes what of them cannot be carried over.

``[general]`` is about the host's network. Every other section is a decky, or ``amount`` of them; ``[decky.service]``
holds options of one of its services, ``[custom-name]`` a service of the operator's own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import attrs
from attrs import field, frozen

from decnet_actors.fleet.archetypes import ARCHETYPES
from decnet_actors.fleet.plan import Installed
from decnet_actors.fleet.settings import DeckySettings
from decnet_actors.fleet.toml import built
from supervisors.config import ConfigError, Problem
from supervisors.config_errors import INVALID, SYNTAX, Place, closest, problem_at, quote
from supervisors.config_source import Node

MAX_AMOUNT = 100  # deckies of one section
MAX_SECTIONS = 10_000
MINUTE = 60.0
GENERAL = "general"
CUSTOM = "custom-"
STACKS: Mapping[str, str] = {  # families of the predecessor -> our stacks
    "linux": "linux",
    "windows": "windows-10",
    "windows_server": "windows-server-2019",
    "bsd": "freebsd",
    "embedded": "embedded",
    "cisco": "cisco-ios",
}
KEYS = ("ip", "services", "archetype", "distribution", "nmap_os", "mutate_interval", "amount")

_SECTION = re.compile(r"\[([^\]]*)\]\s*(?:[#;].*)?")
_OLD_NAME = re.compile(r"[A-Za-z0-9\-_.]+")


@frozen(kw_only=True)
class Imported:
    """What a file came to."""

    fleet: tuple[DeckySettings, ...]
    notes: tuple[str, ...]  # file:line: what could not be carried over


@frozen(kw_only=True)
class _Entry:
    value: str
    place: Place


@frozen(kw_only=True)
class _Section:
    name: str
    place: Place
    entries: dict[str, _Entry] = field(factory=dict)


def read(text: str, name: str, installed: Installed) -> Imported:
    """Return the fleet of a file's text, and what could not be carried over.

    Args:
        text: in the predecessor's format.
        name: of the file, for errors and notes.
        installed: what deckies may be made of.

    Raises:
        ConfigError: with every problem, each with its line and section.

    """
    problems: list[Problem] = []
    sections = _sections(text, name, problems)
    reading = _Reading(installed, sections, problems)
    tree = reading.tree()
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line))
    notes = (f"{name}:{line}: {said}" for line, said in sorted(reading.notes, key=lambda note: note[0]))
    return Imported(fleet=built(tree, installed), notes=tuple(dict.fromkeys(notes)))


def _sections(text: str, file: str, problems: list[Problem]) -> dict[str, _Section]:
    """Return the sections by name, in order."""
    found: dict[str, _Section] = {}
    section: _Section | None = None
    for number, source in enumerate(text.splitlines(), 1):
        line = source.strip()
        place = Place(file, number, len(source) - len(source.lstrip()) + 1, max(1, len(line)), source)
        if not line or line[0] in "#;":
            continue
        if match := _SECTION.fullmatch(line):
            section = _Section(name=match[1].strip(), place=place)
            if section.name in found:
                text = f"section [{section.name}] is there already (line {found[section.name].place.line})"
                problems.append(problem_at(place, INVALID, text))
            elif len(found) == MAX_SECTIONS:
                problems.append(problem_at(place, INVALID, f"more than {MAX_SECTIONS} sections"))
                return found
            else:
                found[section.name] = section
            continue
        key, mark, value = _pair(line)
        if not mark or not key:
            problems.append(problem_at(place, SYNTAX, "expected [section] or key = value"))
        elif section is None:
            problems.append(problem_at(place, SYNTAX, f"{quote(key)} stands before the first section"))
        elif key in section.entries:
            problems.append(problem_at(place, INVALID, f"[{section.name}] has {key} already"))
        else:
            section.entries[key] = _Entry(value=value, place=place)
    return found


def _pair(line: str) -> tuple[str, str, str]:
    mark = next((character for character in line if character in "=:"), "")
    key, _, value = line.partition(mark) if mark else (line, "", "")
    value = re.split(r"\s[#;]", value.strip(), maxsplit=1)[0].strip()
    return key.strip().lower(), mark, value


class _Reading:
    """One file on its way to a tree of ``[[decky]]`` tables."""

    def __init__(self, installed: Installed, sections: Mapping[str, _Section], problems: list[Problem]) -> None:
        self._installed = installed
        self._problems = problems
        self._sections = sections
        self.notes: list[tuple[int, str]] = []  # line, what
        self._made: dict[str, str] = {}  # our name -> the section it comes from

    def tree(self) -> Node:
        """Return the deckies as if they had been written in TOML at these lines."""
        whole = Place()
        deckies: list[Node] = []
        for section in self._sections.values():
            if section.name == GENERAL:
                self._general(section)
            elif section.name.startswith(CUSTOM):
                self._note(section.place, f"[{section.name}]: a service of your own is a plugin here")
            elif (owner := self._owner(section)) is not None:
                if self._service(section) not in _words(owner.entries.get("services")):
                    self._note(section.place, f"[{section.name}]: {owner.name} does not name that service")
            else:
                deckies += self._deckies(section)
        return Node({"decky": Node(deckies, whole, whole)}, whole, whole)

    def _general(self, section: _Section) -> None:
        for key, entry in section.entries.items():
            self._note(entry.place, f"[general] {key}: the network belongs to the configuration, section [fleet]")

    def _owner(self, section: _Section) -> _Section | None:
        """Return the decky that a section holds a service's options of."""
        return self._sections.get(section.name.rpartition(".")[0])

    def _service(self, section: _Section) -> str:
        return section.name.rpartition(".")[2]

    def _deckies(self, section: _Section) -> Iterator[Node]:
        if not _OLD_NAME.fullmatch(section.name):
            self._bad(section.place, section, "a name has letters, digits, dashes, dots and underscores only")
            return
        entries = dict(self._known(section))
        services = self._services(section, entries.get("services"))
        archetype = self._archetype(section, entries.get("archetype"))
        if not services and not (archetype and ARCHETYPES[archetype].installed(self._installed.services)):
            self._note(section.place, f"[{section.name}]: nothing is left that there is a decoy for; it is left out")
            return
        shared = {**self._plain(section, entries), **({"services": services} if services else {})}
        for name in self._names(section, entries):
            yield Node({"name": Node(name, section.place, section.place), **shared}, section.place, section.place)

    def _known(self, section: _Section) -> Iterator[tuple[str, _Entry]]:
        for key, entry in section.entries.items():
            known = key.replace("-", "_")
            if known in KEYS:
                yield known, entry
            else:
                guess = closest(key, KEYS)
                hint = f" (did you mean {guess}?)" if guess else ""
                self._note(entry.place, f"[{section.name}] {key}: nothing here reads it{hint}")

    def _names(self, section: _Section, entries: Mapping[str, _Entry]) -> Iterator[str]:
        base = re.sub(r"[^a-z0-9]+", "-", section.name.lower()).strip("-")
        base = base if base[:1].isalpha() else f"decky-{base}".rstrip("-")
        amount = entries.get("amount")
        count = self._amount(section, amount)
        if amount is not None and "ip" in entries:
            self._bad(amount.place, section, "amount and ip do not go together: each decky needs its own address")
        names = [base] if amount is None else [f"{base}-{number:02d}" for number in range(1, count + 1)]
        for name in names:
            if name in self._made:
                self._bad(section.place, section, f"would be called {name}, as [{self._made[name]}] is")
                continue
            self._made[name] = section.name
            yield name
        if base != section.name:
            self._note(section.place, f"[{section.name}]: is called {base} here")

    def _amount(self, section: _Section, entry: _Entry | None) -> int:
        if entry is None:
            return 1
        if not re.fullmatch(r"[0-9]{1,9}", entry.value) or not 1 <= int(entry.value) <= MAX_AMOUNT:
            self._bad(entry.place, section, f"amount is a number from 1 to {MAX_AMOUNT}")
            return 0
        return int(entry.value)

    def _plain(self, section: _Section, entries: Mapping[str, _Entry]) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        if entry := entries.get("ip"):
            fields["address"] = Node(entry.value, entry.place, entry.place)
        if (entry := entries.get("archetype")) and entry.value in ARCHETYPES:
            fields["archetype"] = Node(entry.value, entry.place, entry.place)
        if entry := entries.get("distribution"):
            fields["distribution"] = Node(entry.value, entry.place, entry.place)
        if entry := entries.get("nmap_os"):
            if entry.value not in STACKS:
                self._bad(
                    entry.place, section, f"nmap_os is one of {', '.join(STACKS)}", closest(entry.value, list(STACKS))
                )
            else:
                fields["stack"] = Node(STACKS[entry.value], entry.place, entry.place)
        if entry := entries.get("mutate_interval"):
            if not re.fullmatch(r"[0-9]{1,6}", entry.value) or int(entry.value) == 0:
                self._bad(entry.place, section, "mutate_interval is a number of minutes")
            else:
                fields["mutate_interval"] = Node(int(entry.value) * MINUTE, entry.place, entry.place)
        return fields

    def _archetype(self, section: _Section, entry: _Entry | None) -> str:
        if entry is None:
            return ""
        if entry.value not in ARCHETYPES:
            text = f"archetype is one of {', '.join(ARCHETYPES)}"
            self._bad(entry.place, section, text, closest(entry.value, list(ARCHETYPES)))
            return ""
        missing = ARCHETYPES[entry.value].missing(self._installed.services)
        if missing and not section.entries.get("services"):
            self._note(entry.place, f"[{section.name}] archetype: there is no decoy for {', '.join(missing)}")
        return entry.value

    def _services(self, section: _Section, entry: _Entry | None) -> Node | None:
        tables: dict[str, Node] = {}
        for name in _words(entry) if entry is not None else ():
            if name not in self._installed.services:
                self._note(entry.place if entry else section.place, f"[{section.name}]: there is no decoy for {name}")
            else:
                tables[name] = self._options(section, name, entry.place if entry else section.place)
        place = entry.place if entry is not None else section.place
        return Node(tables, place, place) if tables else None

    def _options(self, owner: _Section, service: str, place: Place) -> Node:
        section = self._sections.get(f"{owner.name}.{service}")
        if section is None:
            return Node({}, place, place)
        known = {one.name for one in attrs.fields(self._installed.plugin(f"decoy.{service}").config)}
        options: dict[str, Node] = {}
        for key, entry in section.entries.items():
            option = key.replace("-", "_")
            if option not in known:
                self._note(entry.place, f"[{section.name}] {key}: our {service} has no such option")
            else:
                options[option] = Node(self._installed.option(service, option, entry.value), entry.place, entry.place)
        return Node(options, section.place, section.place)

    def _bad(self, place: Place, section: _Section, text: str, suggestion: str | None = None) -> None:
        self._problems.append(problem_at(place, INVALID, f"[{section.name}] {text}", suggestion=suggestion))

    def _note(self, place: Place, text: str) -> None:
        self.notes.append((place.line, text))


def _words(entry: _Entry | None) -> Sequence[str]:
    words = entry.value.split(",") if entry is not None else ()
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
