import gzip
from pathlib import Path

import pytest

from tests.browser.conftest import Visit
from tests.browser.seed import HOSTILE, HOSTILE_SESSION, INTRUDER
from tests.browser.serving import Served

PAGES = {
    "/": "Overview",
    "/live": "Live events",
    "/sessions": "Sessions",
    "/sessions/search": "Search",
    "/sessions/search?text=wget": "Search",
    "/sessions/search?text=nobody+typed+this": "Search",
    "/attackers": "Attackers",
    "/attackers?order=deckies": "Attackers",
    "/attackers?behaviour=beaconing": "Attackers",
    "/credentials": "Credentials",
    "/credentials/reuse": "Reuse",
    "/techniques": "Techniques",
    "/techniques?source=203.0.113.7": "Techniques",
    "/decoys": "Decoys",
    "/system": "System",
    "/settings": "Settings",
    "/settings?tab=password": "Settings",
    "/settings?tab=users": "Settings",
    "/settings?tab=tokens": "Settings",
    "/settings?tab=audit": "Settings",
}
DETAILS = {
    "/attackers/203.0.113.7": "Attacker 203.0.113.7",
    "/attackers/192.0.2.144": "Attacker 192.0.2.144",
    f"/sessions/{INTRUDER}": "Session from 203.0.113.7",
    f"/sessions/{HOSTILE_SESSION}": "Session from 192.0.2.144",
    "/decoys/web-01": "web-01",
}
BUDGET = 150_000  # bytes of the overview, packed
OTHER_BUDGET = 250_000


def check(glance: Visit, served: Served, path: str, title: str, **how) -> None:
    watched = glance(served, **how)
    page = watched.open(path)

    assert f"{title} · DECNET" == page.title()
    assert [] == watched.axe()
    assert 0 == watched.overflow()
    assert [] == watched.errors
    assert [] == watched.foreign


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("path", [*PAGES, *DETAILS])
def test_a_page_with_facts(glance: Visit, seeded: Served, path: str, scheme: str) -> None:
    check(glance, seeded, path, {**PAGES, **DETAILS}[path], scheme=scheme)


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_before_anything_happened(glance: Visit, fresh: Served, path: str, scheme: str) -> None:
    check(glance, fresh, path, PAGES[path], scheme=scheme)


@pytest.mark.parametrize("path", [*PAGES, *DETAILS])
def test_a_page_on_a_phone(glance: Visit, seeded: Served, path: str) -> None:
    check(glance, seeded, path, {**PAGES, **DETAILS}[path], width=360)


@pytest.mark.parametrize("path", ["/", "/system", "/settings", f"/sessions/{INTRUDER}"])
def test_a_page_of_a_viewer(glance: Visit, seeded: Served, path: str) -> None:
    check(glance, seeded, path, {**PAGES, **DETAILS}[path], user="vic")


@pytest.mark.parametrize(
    "path", ["/live", "/sessions", "/attackers", "/credentials", "/credentials/reuse", "/techniques", "/decoys"]
)
def test_an_empty_page_says_what_to_do_next(glance: Visit, fresh: Served, path: str) -> None:
    page = glance(fresh).open(path)

    assert "decnetctl" in page.inner_text(".empty pre")


@pytest.mark.parametrize(
    "path",
    [
        "/credentials",
        "/credentials/reuse?min_confidence=0",
        f"/sessions/{HOSTILE_SESSION}",
        "/live?source=192.0.2.144",
        "/sessions",
        "/attackers/192.0.2.144",
    ],
)
def test_what_peers_wrote_is_text_and_nothing_else(glance: Visit, seeded: Served, path: str) -> None:
    watched = glance(seeded)
    page = watched.open(path)

    assert 0 == page.locator("main script, main img, main [onerror], main a[href^='javascript']").count()
    assert "owned" not in page.title()
    raw = page.evaluate("document.querySelector('main').textContent")
    for character in "\x1b\x07\u202e\u200b\ufeff\x00":
        assert character not in raw
    assert [] == watched.errors


@pytest.mark.parametrize("path", ["/", "/live", "/decoys/web-01"])
def test_lists_of_events_leave_the_bytes_of_terminals_to_the_replay(glance: Visit, seeded: Served, path: str) -> None:
    page = glance(seeded).open(path)

    assert "TerminalSeen" not in page.inner_text("main")
    assert "cat /etc/passwd" in page.inner_text("main") or path == "/"


def test_hostile_characters_are_named(glance: Visit, seeded: Served) -> None:
    page = glance(seeded).open(f"/sessions/{HOSTILE_SESSION}")
    names = set(page.locator(".commands .esc").all_inner_texts())

    assert {"ESC", "BEL", "U+202E", "NUL", "U+200B"} <= names
    assert page.locator(".commands bdi.peer", has_text=HOSTILE[2]).count() == 1


def test_a_long_value_is_cut_and_opens(glance: Visit, seeded: Served) -> None:
    page = glance(seeded).open(f"/sessions/{HOSTILE_SESSION}")
    long = page.locator(".commands dn-peer")

    assert "+9800 characters" == long.locator("button").inner_text()
    long.locator("button").click()
    assert 10_000 == len(long.locator("bdi").inner_text())


@pytest.mark.parametrize(
    ("path", "budget"), [("/", BUDGET), ("/live", OTHER_BUDGET), (f"/sessions/{INTRUDER}", OTHER_BUDGET)]
)
def test_a_page_keeps_to_its_budget(visit: Visit, seeded: Served, path: str, budget: int) -> None:
    watched = visit(seeded)
    urls: set[str] = set()
    watched.page.on("request", lambda request: urls.add(request.url))
    watched.open(path)
    static = Path("web_static")
    sizes = {
        url: len(gzip.compress((static / url.split("/", 5)[5]).read_bytes(), 9)) for url in urls if "/static/" in url
    }

    assert 10 < len(sizes)
    assert sum(sizes.values()) <= budget, sorted(sizes.items(), key=lambda item: -item[1])[:5]
