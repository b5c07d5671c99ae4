"""This module drives Chromium against consoles that are empty, and consoles with a day of facts."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.seed import NOW
from tests.browser.serving import Served
from tests.decnet_actors.web.fakes import PASSWORD, STATIC

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
RUN_AXE = """axe.run({
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  resultTypes: ['violations'],
}).then((result) => result.violations)"""
FLAGS = (
    "--headless",
    "--no-sandbox",  # tests run as root in containers; no page of a stranger is ever opened
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = ""
    if not CHROMIUM.exists():
        missing = "Chromium is not installed: apt-get install chromium"
    elif not AXE.exists() or not (STATIC / "vendor" / ".fetched").exists():
        missing = "front-end libraries are not fetched: make dev"
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=missing))


class Watched:
    """A page of which every console error and every request is noted."""

    def __init__(self, page: Page, served: Served) -> None:
        self.page = page
        self.served = served
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.clock.set_fixed_time(dt.datetime.fromtimestamp(NOW, dt.UTC))
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._requested(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _requested(self, url: str) -> None:
        if not url.startswith((self.served.url, "data:", "blob:")):
            self.foreign.append(url)

    def open(self, path: str) -> Page:
        """Go to a page and wait until it shows what it loads."""
        self.page.goto(self.served.url + path)
        self.page.wait_for_selector("h1")
        self.page.wait_for_selector(".empty[role=status]", state="detached")  # "Loading ..."
        return self.page

    def axe(self) -> list[str]:
        """Return the violations of WCAG 2.2 A and AA, as one line each."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate(RUN_AXE)
        return [f"{v['id']}: {node['html'][:160]} {node['any'][:1]}" for v in found for node in v["nodes"][:3]]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return max(0, width)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def seeded() -> Iterator[Served]:
    with Served(seeded=True) as served:
        yield served


@pytest.fixture(scope="session")
def fresh() -> Iterator[Served]:
    with Served(seeded=False) as served:
        yield served


@pytest.fixture
def own() -> Iterator[Served]:
    """A console this test may change."""
    with Served(seeded=True) as served:
        yield served


Visit = Callable[..., Watched]


def _context(chromium: Browser, served: Served, user: str, scheme: str, width: int) -> BrowserContext:
    context = chromium.new_context(
        color_scheme="light" if scheme == "light" else "dark",
        viewport={"width": width, "height": 860},
        timezone_id="Europe/Paris",
        locale="en-GB",
    )
    context.set_default_timeout(10_000)
    if user:
        answer = context.request.post(
            f"{served.url}/api/v1/auth/login",
            data={"user": user, "password": PASSWORD},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert answer.ok, answer.text()
    return context


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """Open a browser of one's own: ``visit(served, user="ana", scheme="dark", width=1360)``."""
    contexts: list[BrowserContext] = []

    def make(served: Served, *, user: str = "ana", scheme: str = "dark", width: int = 1360) -> Watched:
        contexts.append(_context(chromium, served, user, scheme, width))
        return Watched(contexts[-1].new_page(), served)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def _contexts() -> Iterator[dict[tuple[object, ...], BrowserContext]]:
    made: dict[tuple[object, ...], BrowserContext] = {}
    yield made
    for context in made.values():
        context.close()


@pytest.fixture
def glance(chromium: Browser, _contexts: dict[tuple[object, ...], BrowserContext]) -> Iterator[Visit]:
    """As ``visit``, with a browser that other tests use too: only for looking."""
    pages: list[Page] = []

    def make(served: Served, *, user: str = "ana", scheme: str = "dark", width: int = 1360) -> Watched:
        key = (served.url, user, scheme, width)
        if key not in _contexts:
            _contexts[key] = _context(chromium, served, user, scheme, width)
        pages.append(_contexts[key].new_page())
        return Watched(pages[-1], served)

    yield make
    for page in pages:
        page.close()
