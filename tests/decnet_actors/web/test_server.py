import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operations import Role
from decnet_actors.contracts.runtime_operations import ACTOR_TREE, STATUS_SHOW, ActorNode, StatusReport
from decnet_actors.web.certificate import tls_context
from decnet_actors.web.server import AdminCreated, WebDeps, WebServer, WhereAreYou
from decnet_actors.web.settings import TlsMode, WebSettings, console_url, is_loopback, split_listen
from supervisors.context import ActorContext
from tests.decnet_actors.web.fakes import Site, at_once


async def _tree(*_):
    return ActorNode(path="decnetd", kind="supervisor", state="running")


async def _status(*_):
    return StatusReport(
        ready=True, version="0.1.0", started=1.0, uptime=1.0, host="hq", deckies_up=1, deckies_total=1, events_total=7
    )


async def _ready() -> Sequence[str]:
    return ()


@asynccontextmanager
async def started(settings: WebSettings, tmp_path: Path, site: Site) -> AsyncIterator[WebServer]:
    site.table.bind(ACTOR_TREE, _tree)
    site.table.bind(STATUS_SHOW, _status)
    (tmp_path / "index.html").write_text("<!doctype html>")
    actor = WebServer(
        WebDeps(
            settings=settings,
            doorkeeper=site.door,
            table=site.table,
            journal=site.journal,
            offload=at_once,
            ready=_ready,
            static=tmp_path,
            state=tmp_path,
            version="0.1.0",
        )
    )
    actor.launch(ActorContext(path="decnetd/web"))
    await actor.started
    try:
        yield actor
    finally:
        if actor.exit_reason is None:
            await actor.ref.stop(block=False)


async def urls(actor: WebServer) -> tuple[str, ...]:
    return tuple(await actor.ref.ask(WhereAreYou(), within=5))


async def status_of(url: str) -> int:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as http, http.get(url) as answer:
        return answer.status


async def test_it_serves_and_lets_go_of_its_port(tmp_path: Path) -> None:
    async with started(WebSettings(listen=("127.0.0.1:0",)), tmp_path, Site()) as actor:
        (url,) = await urls(actor)

        assert 200 == await status_of(f"{url}/healthz")
    with pytest.raises(aiohttp.ClientConnectorError):
        await status_of(f"{url}/healthz")


async def test_without_an_administrator_only_this_machine_reaches_it(tmp_path: Path) -> None:
    site = Site()
    async with started(WebSettings(listen=("0.0.0.0:0",)), tmp_path, site) as actor:
        assert ["127.0.0.1"] == [address[0] for address in actor._runners[0].addresses]
        await site.add_user("ana", Role.ADMIN)
        site.door.admin_created()
        await urls(actor)

        assert ["0.0.0.0"] == [address[0] for address in actor._runners[0].addresses]
        await actor.ref.ask(AdminCreated(), within=5)  # again: nothing more to open

        assert 1 == len(actor._runners[0].addresses)


async def test_a_self_signed_certificate_is_made_once(tmp_path: Path) -> None:
    settings = WebSettings(listen=("127.0.0.1:0",), tls=TlsMode.SELF_SIGNED)
    async with started(settings, tmp_path, Site()) as actor:
        (url,) = await urls(actor)

        assert url.startswith("https://")
        assert 200 == await status_of(f"{url}/healthz")
    first = (tmp_path / "web-cert.pem").read_bytes()
    async with started(settings, tmp_path, Site()):
        assert first == (tmp_path / "web-cert.pem").read_bytes()
    assert 0o600 == (tmp_path / "web-key.pem").stat().st_mode & 0o777


async def test_metrics_have_a_listener_of_their_own(tmp_path: Path) -> None:
    settings = WebSettings(listen=("127.0.0.1:0",), metrics_listen="127.0.0.1:0")
    async with started(settings, tmp_path, Site()) as actor:
        (url,) = await urls(actor)
        port = actor._runners[1].addresses[0][1]
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/metrics") as answer:
            text = await answer.text()

        assert "decnet_events_total 7.0" in text
        assert "server" not in {name.lower() for name in answer.headers}
        assert 404 == await status_of(f"{url}/metrics")


@pytest.mark.parametrize("text", ["", "8443", "host:", "host:x", "host:70000", ":1"])
def test_an_address_without_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        split_listen(text)


def test_addresses() -> None:
    assert ("::1", 8443) == split_listen("[::1]:8443")
    assert (True, True, False) == (is_loopback("127.0.0.9"), is_loopback("::1"), is_loopback("192.0.2.1"))
    assert "http://127.0.0.1:8443" == console_url(WebSettings(listen=("0.0.0.0:8443",)))
    assert "http://[::1]:8443" == console_url(WebSettings(listen=("[::1]:8443",)))
    assert "https://console.example" == console_url(WebSettings(public_url="https://console.example/"))


async def test_a_certificate_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    settings = WebSettings(tls=TlsMode.FILES, tls_certificate=str(tmp_path / "none.pem"), tls_key="key.pem")

    with pytest.raises(OperatorError, match=r"none\.pem"):
        tls_context(settings, state=tmp_path, names=("localhost",), now=0.0)
    assert tls_context(WebSettings(), state=tmp_path, names=(), now=0.0) is None


async def test_a_second_server_on_the_same_port_fails_to_start(tmp_path: Path) -> None:
    async with started(WebSettings(listen=("127.0.0.1:0",)), tmp_path, Site()) as actor:
        port = actor._runners[0].addresses[0][1]
        with pytest.raises(OSError, match="in use"):
            async with started(WebSettings(listen=(f"127.0.0.1:{port}",)), tmp_path, Site()):
                pass


async def test_a_crash_lets_go_of_the_port_too(tmp_path: Path) -> None:
    async with started(WebSettings(listen=("127.0.0.1:0",)), tmp_path, Site()) as actor:
        (url,) = await urls(actor)
        actor.kill(RuntimeError("crashed"))
        while actor.exit_reason is None:
            await asyncio.sleep(0)

        with pytest.raises(aiohttp.ClientConnectorError):
            await status_of(f"{url}/healthz")
