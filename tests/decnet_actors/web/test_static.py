import gzip

from decnet_actors.web.static import IMMUTABLE, StaticTree
from tests.decnet_actors.web.fakes import Browser, Site


async def test_a_file_is_immutable_under_its_trees_hash_only(site: Site, browser: Browser) -> None:
    assert site.files is not None
    _, body, headers = await browser.get(f"/static/{site.files.hash}/app.js")
    _, same, old = await browser.get("/static/0123456789abcdef/app.js")

    assert (IMMUTABLE, "no-cache") == (headers["cache-control"], old["cache-control"])
    assert body == same == "export default 1;\n" * 100
    assert "gzip" == headers["content-encoding"]


async def test_the_page_links_into_the_tree(site: Site, browser: Browser) -> None:
    assert site.files is not None
    assert f"/static/{site.files.hash}/app.js" in (await browser.get("/"))[1]


async def test_people_with_a_wrong_link_get_a_page_and_programs_a_problem(browser: Browser) -> None:
    html = {"Accept": "text/html,*/*;q=0.8"}
    page = await browser.send("GET", "/nowhere", None, html)
    api = await browser.send("GET", "/api/v1/nowhere", None, html)
    program = await browser.send("GET", "/nowhere", None, {"Accept": "*/*"})

    assert (404, "text/html; charset=utf-8") == (page[0], page[2]["content-type"])
    assert (404, 404) == (api[1]["status"], program[1]["status"])


async def test_only_web_files_inside_the_tree_are_served(site: Site, browser: Browser) -> None:
    for path in ("secret.py", "../secret.py", "..%2f..%2fetc/passwd", "index.html", "player/index.html", ""):
        assert (await browser.get(f"/static/x/{path}"))[0] == 404


async def test_the_sandbox_may_load_its_own_files_and_nothing_else(site: Site, browser: Browser) -> None:
    assert "cross-origin" == (await browser.get("/static/x/player/player.js"))[2]["cross-origin-resource-policy"]
    assert "same-origin" == (await browser.get("/static/x/app.js"))[2]["cross-origin-resource-policy"]


def test_the_hash_follows_the_content(files: StaticTree, tmp_path) -> None:
    (tmp_path / "app.js").write_text("1")
    first = StaticTree(tmp_path).hash
    (tmp_path / "app.js").write_text("2")

    assert first != StaticTree(tmp_path).hash
    assert all(gzip.decompress(asset.packed) == asset.content for asset in files.assets.values() if asset.packed)
