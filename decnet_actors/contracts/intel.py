"""This module defines the intel provider port: what somebody else knows of an address.

A provider is pure. It says which request to make and reads the answer; ``enrich`` makes the request, within the
provider's limits, and answers are hostile input: a provider takes what its types say and passes over everything else.

ProviderError
    ValueError: the answer is not what the provider promises; nothing is concluded from it
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable
from urllib.parse import urlsplit

import msgspec
from attrs import Attribute, field, frozen

from decnet_actors.contracts.analysis import Work
from decnet_actors.domain.intel import Verdict
from decnet_actors.domain.text import escaped
from supervisors.config_types import Secret

MAX_TEXT = 200  # characters of a provider's text that are kept
MAX_LABELS = 50  # of one kind
MAX_KEY = 512  # characters
OK, UNAUTHORIZED, FORBIDDEN = 200, 401, 403

Key: TypeAlias = Secret  # by which options, of plugins that do not see supervisors, are secrets of ours
Value: TypeAlias = bool | int | str | tuple[str, ...]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]  # what JSON readers hold exactly
T = TypeVar("T")


class ProviderError(ValueError):
    """Nothing can be concluded; the reason, in words of ours, is its first argument."""

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.args[0])


@frozen(kw_only=True)
class Request:
    """An HTTP request to make. Its headers may hold a key, so it does not show them."""

    url: str
    method: Literal["GET", "POST"] = "GET"
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = b""


@frozen(kw_only=True)
class Answer:
    """What came back; never longer than the provider's ``max_size``, never a redirect."""

    status: int
    body: bytes


@frozen(kw_only=True)
class Opinion:
    """What a provider thinks of an address, and what it says of it."""

    verdict: Verdict
    fields: Mapping[str, Value]


@frozen(kw_only=True)
class Limits:
    """How a provider may be asked."""

    interval: float  # seconds from one request to the next at least
    per_day: int  # requests in any 24 hours, >= 2
    max_size: int  # bytes of an answer


@runtime_checkable
class AddressProvider(Protocol):
    """Is asked about each address."""

    limits: Limits
    lacks: str  # what it cannot be asked without; empty when it can be
    versions: frozenset[int]  # of IP it knows: {4}, {4, 6}

    def request(self, address: str) -> Request:
        """Return the request that asks about an address; ``address`` is in its shortest form."""

    def read(self, address: str, answer: Answer) -> Opinion:
        """Return what the answer says.

        Raises:
            ProviderError: nothing that could be relied on.

        """


@runtime_checkable
class ListProvider(Protocol):
    """Gives the whole list of the addresses it knows; who is on it is found out here, and it learns nothing."""

    limits: Limits
    lacks: str
    versions: frozenset[int]
    every: float  # seconds a list is good for

    def list_request(self) -> Request:
        """Return the request for the list."""

    def read_list(self, answer: Answer) -> Mapping[str, Opinion]:
        """Return what the list says by address, each in its shortest form.

        Raises:
            ProviderError: it is not a list that could be relied on.

        """

    def unlisted(self) -> Opinion:
        """Return the opinion of an address that is not on the list."""


Provider: TypeAlias = AddressProvider | ListProvider


@frozen(kw_only=True)
class Known:
    """What one provider said of one address, as it is kept. Times are Unix seconds."""

    address: str
    provider: str
    asked: float | None  # when it was asked last; ``None``: it waits for its turn
    answered: float | None  # of the opinion; ``None``: there is none yet
    expires: float  # when it may be asked again: an opinion is old, or what went wrong may have passed
    wanted: float  # when an opinion was needed last: what brought nothing is not tried for ever
    verdict: Verdict = Verdict.UNKNOWN
    fields: Mapping[str, Value] = field(factory=dict)
    error: str = ""  # why the last request brought nothing


class IntelStore(Protocol):
    """What is kept of opinions."""

    async def known(self, addresses: Sequence[str]) -> Mapping[str, Mapping[str, Known]]:
        """Return what is known of addresses, by address and provider."""

    async def waiting(self, since: float, limit: int) -> Sequence[tuple[float, str]]:
        """Return what was wanted since then and brought nothing: when it is due, and the address; the next first."""

    async def asked_since(self, provider: str, time: float) -> int:
        """Return how many addresses a provider was asked about since then."""

    async def position(self) -> int | None:
        """Return the seq up to which sources were looked at; ``None`` when none ever was."""

    def work(
        self, rows: Sequence[Known], verdicts: Mapping[str, tuple[Verdict, float]], position: int
    ) -> Sequence[Work]:
        """Return the statements that keep rows, the verdict and its time by address, and the position."""


def said(fields: Mapping[str, Value]) -> tuple[str, ...]:
    """Return fields as ``name=value``, sorted, one for each of several values; what is empty or false is left out."""
    several = ((name, value if isinstance(value, tuple) else (value,)) for name, value in fields.items())
    return tuple(sorted(f"{name}={_word(one)}" for name, values in several for one in values if one not in {"", False}))


def _word(value: bool | int | str) -> str:  # noqa: FBT001  a value of any of the types fields have
    return "yes" if value is True else str(value)


# What plugins read answers and options with.


def decoded(answer: Answer, kind: type[T]) -> T:
    """Return the answer's JSON as ``kind``; fields it does not have are passed over.

    Raises:
        ProviderError: another status than 200, not JSON, or of other types.

    """
    if answer.status in {UNAUTHORIZED, FORBIDDEN}:
        raise ProviderError(f"it refuses the key, or asks for one (status {answer.status})")
    if answer.status != OK:
        raise ProviderError(f"it answers with status {answer.status}")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderError(f"its answer makes no sense: {escaped(str(error), MAX_TEXT)}") from error


def clipped(text: str | None) -> str:
    """Return a provider's text, safe to show and not too long; empty for none."""
    return escaped(text or "", MAX_TEXT)


def labels(words: Sequence[str | None]) -> tuple[str, ...]:
    """Return a provider's words, each once, in order, safe to show and not too many."""
    return tuple(sorted({clipped(word) for word in words if word})[:MAX_LABELS])


def key_of(secret: Key | None) -> str:
    """Return the key, empty for none."""
    return secret.reveal().strip() if secret is not None else ""


def safe_url(_: object, attribute: "Attribute[str]", value: str) -> None:
    """Refuse a URL that would send a key where others read it (a validator of options)."""
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"{attribute.name}: {value!r} is not a URL ({error})") from None
    here = host in {"localhost", "::1"} or host.startswith("127.")
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise ValueError(f"{attribute.name}: only https is asked, or http on this machine")
    if not host or parts.username or parts.query or parts.fragment:
        raise ValueError(f"{attribute.name}: must be a URL without user, query and fragment")


def usable_key(_: object, attribute: "Attribute[Key | None]", value: Key | None) -> None:
    """Refuse a key that is no header's value (a validator of options); its text is not repeated."""
    key = key_of(value)
    if value is not None and not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise ValueError(f"{attribute.name}: {value.origin} holds no key: one line of printable characters")
