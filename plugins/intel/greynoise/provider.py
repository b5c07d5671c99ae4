"""This module asks GreyNoise's community interface (its reference: docs.greynoise.io, "Community API")."""

from typing import Final

import msgspec
from attrs import evolve

from decnet_actors.contracts.intel import (
    OK,
    Answer,
    Key,
    Limits,
    Opinion,
    ProviderError,
    Request,
    clipped,
    decoded,
    key_of,
)
from decnet_actors.domain.intel import Verdict

MAX_SIZE = 64 * 1024  # bytes; a handful of fields
NOT_FOUND = 404  # also the answer to a question: it has never seen the address
VERDICTS: Final = {"malicious": Verdict.MALICIOUS, "benign": Verdict.BENIGN}


class Community(msgspec.Struct):
    """What is used of an answer."""

    ip: str
    classification: str = ""
    name: str = ""
    noise: bool = False
    riot: bool = False
    last_seen: str = ""


class GreyNoise:
    """Asks about one address at a time.

    Args:
        url: of the interface, without the address.
        key: of an account.
        interval: seconds between requests.
        per_day: requests in 24 hours.

    """

    lacks = ""
    versions = frozenset({4})

    def __init__(self, url: str, key: Key | None, interval: float, per_day: int) -> None:
        self.limits = Limits(interval=interval, per_day=per_day, max_size=MAX_SIZE)
        self._url = url
        self._key = key_of(key)

    def request(self, address: str) -> Request:
        headers = {"Accept": "application/json"} | ({"key": self._key} if self._key else {})
        return Request(url=f"{self._url}/{address}", headers=headers)

    def read(self, address: str, answer: Answer) -> Opinion:
        found = answer.status != NOT_FOUND
        said = decoded(answer if found else evolve(answer, status=OK), Community)
        if said.ip != address:
            raise ProviderError("it answers about another address")
        if not found:
            return Opinion(verdict=Verdict.UNKNOWN, fields={"noise": False, "riot": False})
        return Opinion(
            verdict=VERDICTS.get(said.classification, Verdict.UNKNOWN),
            fields={
                "classification": clipped(said.classification),
                "name": clipped(said.name),
                "noise": said.noise,
                "riot": said.riot,
                "last_seen": clipped(said.last_seen),
            },
        )
