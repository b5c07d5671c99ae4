"""This module is a DHCPv4 client without sockets or a clock (RFC 2131, 4.4): events in, effects out.

``wake`` says when it is to be told the time. What servers say is hostile input: nothing they send makes the client talk
more often than it would by itself, and a lease is only taken when it was asked for. It never gives a lease back: a
decky that is removed looks like a machine that was switched off.
"""

import random
from enum import StrEnum
from typing import TypeAlias

from attrs import frozen

from plugins.fleet_driver.namespace import dhcp
from plugins.fleet_driver.namespace.dhcp import NOWHERE, Answer, DhcpError, Kind, Lease
from plugins.fleet_driver.namespace.dialects import Dialect

EVERYBODY = "255.255.255.255"
FIRST_RETRY, LAST_RETRY = 4.0, 64.0  # seconds, doubling (RFC 2131, 4.1)
ASKS = 4  # requests without an answer, before looking for an offer again
LEAST_BETWEEN = 60.0  # seconds between two requests to prolong (RFC 2131, 4.4.5)
AFTER_DECLINE = 10.0  # seconds before looking again (RFC 2131, 3.1)
AFTER_REFUSAL = 1.0  # likewise after the first NAK in a row, then doubling up to LAST_RETRY
NEVER = float("inf")


class State(StrEnum):
    """Where the client is (RFC 2131, figure 5)."""

    INIT = "init"
    SELECTING = "selecting"
    REQUESTING = "requesting"
    BOUND = "bound"
    RENEWING = "renewing"
    REBINDING = "rebinding"


@frozen(kw_only=True)
class Send:
    """Send this to a server, or to everybody."""

    data: bytes
    to: str = EVERYBODY


@frozen(kw_only=True)
class Take:
    """The address of the lease is ours from now on; it may be the one we have."""

    lease: Lease


@frozen(kw_only=True)
class Drop:
    """The address that was taken is ours no more."""

    reason: str


Effect: TypeAlias = Send | Take | Drop
_HOLDING = {State.BOUND, State.RENEWING, State.REBINDING}


class Client:
    """One machine's client.

    Args:
        mac: its card.
        hostname: its name.
        dialect: how its system speaks.
        rng: for transactions and waits.
        wish: the address it had before, if any.

    """

    def __init__(self, mac: str, hostname: str, dialect: Dialect, rng: random.Random, *, wish: str = "") -> None:
        self.state = State.INIT
        self.lease: Lease | None = None  # that is held
        self.wake = 0.0  # when to tell the time
        self.trouble = "no DHCP server has answered yet"  # why there is no lease; empty when there is one
        self._mac = mac
        self._hostname = hostname
        self._dialect = dialect
        self._rng = rng
        self._wish = wish
        self._offer: Lease | None = None
        self._transaction = 0
        self._began = 0.0  # when this exchange did
        self._asked = 0  # times, in this state
        self._taken = 0.0  # when the lease was
        self._refusals = 0  # since the last lease

    def tick(self, now: float) -> list[Effect]:
        """Return what to do at ``wake``, or later."""
        if now < self.wake:
            return []
        match self.state:
            case State.INIT:
                return self._begin(now)
            case State.SELECTING:
                return [self._discover(now)]
            case State.REQUESTING:
                return [self._request(now)] if self._asked < ASKS else self._begin(now)
            case State.BOUND | State.RENEWING | State.REBINDING:
                return self._prolong(now)

    def receive(self, data: bytes, now: float) -> list[Effect]:
        """Return what to do about a datagram; what is no answer to what was asked changes nothing."""
        try:
            answer = dhcp.read(data, self._mac)
        except DhcpError:
            return []
        if answer.transaction != self._transaction or self.state is State.BOUND:
            return []
        if answer.kind is Kind.OFFER:
            return self._offered(answer, now)
        if self.state in {State.INIT, State.SELECTING}:
            return []
        asked = self._offer if self.state is State.REQUESTING else None
        if asked is not None and answer.server != asked.server:
            return []  # another server's, whom nobody asked
        return self._acknowledged(answer, asked, now) if answer.kind is Kind.ACK else self._refused(answer, now)

    def decline(self, why: str, now: float) -> list[Effect]:
        """Return what to do when the address that was to be taken cannot be had: say so, and look again in a while."""
        lease, self.lease = self.lease, None
        if lease is None:
            return []
        options = self._options(Kind.DECLINE, wish=lease.address, server=lease.server)
        said = Send(data=dhcp.write(transaction=self._transaction, seconds=0, mac=self._mac, options=options))
        self._wish = ""
        self._rest(why, now + AFTER_DECLINE)
        return [said]

    def _begin(self, now: float) -> list[Effect]:
        self.state, self._offer, self._asked = State.SELECTING, None, 0
        self._transaction, self._began = self._rng.getrandbits(32), now
        return [self._discover(now)]

    def _discover(self, now: float) -> Send:
        self._retry(now)
        return self._said(Kind.DISCOVER, now, wish=self._wish)

    def _offered(self, answer: Answer, now: float) -> list[Effect]:
        """Take the first offer, as real clients do."""
        if self.state is not State.SELECTING:
            return []
        self.state, self._offer, self._asked = State.REQUESTING, answer.lease, 0
        return [self._request(now)]

    def _request(self, now: float) -> Send:
        offer = self._offer
        assert offer is not None  # noqa: S101  REQUESTING is entered with one
        self._retry(now)
        return self._said(Kind.REQUEST, now, wish=offer.address, server=offer.server)

    def _acknowledged(self, answer: Answer, asked: Lease | None, now: float) -> list[Effect]:
        lease = answer.lease
        assert lease is not None  # noqa: S101  an ACK is read with one
        expected = asked if asked is not None else self.lease
        if expected is not None and lease.address != expected.address:
            return []  # not what was asked for
        self.state, self.lease, self.trouble, self._refusals = State.BOUND, lease, "", 0
        self._wish, self._taken, self._offer = lease.address, now, None
        self.wake = NEVER if lease.seconds >= dhcp.LONGEST_LEASE else now + lease.renewal
        return [Take(lease=lease)]

    def _refused(self, answer: Answer, now: float) -> list[Effect]:
        held, self.lease = self.lease, None
        self._wish = ""
        reason = f"the DHCP server {answer.server} refuses: {answer.reason or 'it does not say why'}"
        self._rest(reason, now + min(AFTER_REFUSAL * 2 ** min(self._refusals, ASKS * 2), LAST_RETRY))
        self._refusals += 1
        return [Drop(reason=reason)] if held is not None else []

    def _prolong(self, now: float) -> list[Effect]:
        """Ask the server, later everybody, for more time; drop what has run out."""
        lease = self.lease
        assert lease is not None  # noqa: S101  those states hold one
        age = now - self._taken
        if age >= lease.seconds:
            self.lease = None
            self.trouble = f"the lease of {lease.address} ran out and no DHCP server prolonged it"
            return [Drop(reason=self.trouble), *self._begin(now)]
        state = State.REBINDING if age >= lease.rebinding else State.RENEWING
        if self.state is State.BOUND:
            self._transaction, self._began = self._rng.getrandbits(32), now
        self.state = state
        end = lease.seconds if state is State.REBINDING else lease.rebinding
        left = self._taken + end - now
        self.wake = now + (left / 2 if left / 2 >= LEAST_BETWEEN else left)
        to = EVERYBODY if state is State.REBINDING else lease.server
        return [self._said(Kind.REQUEST, now, address=lease.address, to=to)]

    def _rest(self, why: str, until: float) -> None:
        self.state, self._offer, self.trouble, self.wake = State.INIT, None, why, until

    def _retry(self, now: float) -> None:
        """Wake after 4, 8, 16 ... seconds, give or take one."""
        wait = min(FIRST_RETRY * 2**self._asked, LAST_RETRY) if self._asked < ASKS else LAST_RETRY
        self._asked += 1
        self.wake = now + wait + self._rng.uniform(-1.0, 1.0)

    def _options(self, kind: Kind, *, wish: str = "", server: str = "") -> list[dhcp.Option]:
        return list(self._dialect.options(kind, self._mac, self._hostname, wish=wish, server=server))

    def _said(
        self,
        kind: Kind,
        now: float,
        *,
        wish: str = "",
        server: str = "",
        address: str = NOWHERE,
        to: str = EVERYBODY,
    ) -> Send:
        data = dhcp.write(
            transaction=self._transaction,
            seconds=int(now - self._began),
            mac=self._mac,
            options=self._options(kind, wish=wish, server=server),
            address=address,
        )
        return Send(data=data, to=to)
