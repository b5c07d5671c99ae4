import re
import time
from collections.abc import Callable

import pytest
from attrs import evolve
from playwright.sync_api import Page, expect

from decnet_actors.contracts.lifecycle import State
from decnet_actors.domain.facts import (
    CredentialSeen,
    Fact,
    OperationEnded,
    OperationProgressed,
    OperationStarted,
    ShellCommandSeen,
)
from decnet_actors.domain.records import Record
from tests.browser.backend import FAILED
from tests.browser.conftest import Visit
from tests.browser.seed import HOSTILE, HOSTILE_SESSION, INTRUDER, NOW
from tests.browser.serving import Served
from tests.decnet_actors.web.fakes import PASSWORD


def now_record(line: str) -> Record:
    return Record(
        id="",
        time=NOW - 1,
        host="hq",
        decky="web-01",
        service="ssh",
        session=INTRUDER,
        source="203.0.113.7",
        source_port=51_334,
        fact=ShellCommandSeen(line=line, interactive=True),
    )


def fleet_record(fact: Fact) -> Record:
    return Record(id="", time=NOW - 1, host="hq", decky="", service="", fact=fact)


def until(wanted: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not wanted():
        assert time.monotonic() < end, "waited 10 s in vain"
        time.sleep(0.02)


def streams(served: Served) -> int:
    return len(served.site.hub)


@pytest.mark.parametrize(("path", "place"), [("/", ".feed"), ("/live", "main table"), ("/decoys/web-01", ".feed")])
def test_an_event_shows_within_a_second_of_its_commit(visit: Visit, own: Served, path: str, place: str) -> None:
    watched = visit(own)
    page = watched.open(path)
    until(lambda: streams(own) == 1)
    for line in ("first-command", HOSTILE[2]):
        own.append(now_record(line))
        expect(page.locator(place)).to_contain_text(line, timeout=1_000)

    assert [] == watched.errors
    assert [] == watched.axe()


def test_a_change_of_the_fleet_is_followed_to_its_end(visit: Visit, own: Served) -> None:
    watched = visit(own)
    page = watched.open("/decoys")
    changes = page.locator("section[aria-label=Changes]")
    expect(changes).to_contain_text("web-02: ssh: port 22 is taken")
    until(lambda: streams(own) == 1)
    running = evolve(FAILED, id="f" * 32, kind="fleet.scale", state=State.RUNNING, error="", done=0, total=7)
    own.backend.operations = [running, FAILED]
    own.append(fleet_record(OperationStarted(operation=running.id, kind="fleet.scale", author="ana", revision=5)))
    expect(changes).to_contain_text("0 of 7")
    own.append(fleet_record(OperationProgressed(operation=running.id, done=3, total=7)))
    expect(changes).to_contain_text("3 of 7", timeout=1_000)
    assert [] == watched.axe()
    own.backend.operations = [evolve(running, state=State.SUCCEEDED, done=7), FAILED]
    own.append(
        fleet_record(
            OperationEnded(operation=running.id, kind="fleet.scale", succeeded=True, error="", done=7, total=7)
        )
    )

    expect(changes.locator("tbody tr").first).to_contain_text("done")
    assert [] == watched.errors


def test_all_tabs_of_a_browser_share_one_stream(visit: Visit, own: Served) -> None:
    page = visit(own).open("/live")
    until(lambda: streams(own) == 1)
    other = page.context.new_page()
    other.goto(own.url + "/")
    other.wait_for_selector(".feed")
    own.append(now_record("seen-by-both"))

    expect(page.locator("main table")).to_contain_text("seen-by-both")
    expect(other.locator(".feed")).to_contain_text("seen-by-both")
    assert 1 == streams(own)


def test_a_cut_stream_is_told_and_nothing_is_missed(visit: Visit, own: Served) -> None:
    page = visit(own).open("/live")
    until(lambda: streams(own) == 1)

    async def cut() -> None:
        own.site.hub.close()

    own.do(cut)
    own.append(now_record("while-it-was-cut"))
    expect(page.locator(".lost")).to_contain_text("Live paused, retrying")
    expect(page.locator("main table")).to_contain_text("while-it-was-cut")
    expect(page.locator(".lost")).to_have_count(0)


def test_pause_holds_events_back_and_resume_shows_them(visit: Visit, own: Served) -> None:
    page = visit(own).open("/live")
    until(lambda: streams(own) == 1)
    page.keyboard.press("p")
    own.append(now_record("held-back"))

    expect(page.get_by_role("button", name="Show 1 new")).to_be_visible()
    expect(page.locator("main table")).not_to_contain_text("held-back")
    page.keyboard.press("p")
    expect(page.locator("main table")).to_contain_text("held-back")


def test_filters_live_in_the_address_and_survive_a_reload(visit: Visit, seeded: Served) -> None:
    page = visit(seeded).open("/live")
    page.fill("[name=decky]", "cache-01")
    page.select_option("[name=kind]", "CommandSeen")
    page.wait_for_url("**/live?*kind=CommandSeen*")
    expect(page.locator("main tbody tr").first).to_contain_text("cache-01")
    before = page.locator("main tbody").inner_text()
    page.reload()
    page.wait_for_selector("main tbody tr")

    assert "/live?q=&decky=" not in page.url
    assert "decky=cache-01" in page.url
    assert before == page.locator("main tbody").inner_text()
    assert "CommandSeen" == page.input_value("[name=kind]")


def test_more_pages_are_loaded_on_request(visit: Visit, seeded: Served) -> None:
    page = visit(seeded).open("/sessions")
    assert 100 == page.locator("main tbody tr").count()
    page.get_by_role("button", name="Load more").click()

    expect(page.locator("main tbody tr")).to_have_count(200)


def test_every_action_is_reached_with_the_keyboard(visit: Visit, seeded: Served) -> None:
    for path in ("/", "/live?kind=FileCaptured", "/system", "/settings?tab=users", f"/sessions/{INTRUDER}"):
        page = visit(seeded).open(path)
        page.wait_for_timeout(200)
        page.evaluate("document.activeElement?.blur()")
        wanted = page.evaluate(
            """() => {
              const all = [...document.querySelectorAll('a[href], button:not(:disabled), input, select')]
                .filter((node) => node.checkVisibility() && node.tabIndex >= 0);
              all.forEach((node, index) => (node.dataset.walk = index));
              return all.length;
            }"""
        )
        reached: set[str] = set()
        for _ in range(wanted + 40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement?.dataset?.walk ?? ''"))
            if len(reached - {""}) == wanted:
                break

        assert wanted == len(reached - {""}), path


def test_focus_is_visible(visit: Visit, seeded: Served) -> None:
    page = visit(seeded).open("/")
    page.keyboard.press("Tab")
    style = page.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    )

    assert "solid2px" == style
    assert "Skip to content" == page.evaluate("document.activeElement.innerText")


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ("l", "/live"),
        ("s", "/sessions"),
        ("c", "/credentials"),
        ("a", "/attackers"),
        ("m", "/techniques"),
        ("d", "/decoys"),
        ("y", "/system"),
        ("t", "/settings"),
    ],
)
def test_two_keys_lead_to_a_page(visit: Visit, seeded: Served, keys: str, path: str) -> None:
    page = visit(seeded).open("/")
    page.keyboard.press("g")
    page.keyboard.press(keys)
    page.wait_for_url(f"**{path}")


def test_shortcuts_can_be_switched_off_and_are_silent_in_fields(visit: Visit, seeded: Served) -> None:
    page = visit(seeded).open("/settings")
    page.keyboard.press("/")
    page.keyboard.type("gl?")
    assert "gl?" == page.input_value(".search input")
    page.locator("h1").click()
    page.get_by_label("Single-key shortcuts").select_option("off")
    page.locator("h1").click()
    page.keyboard.press("?")

    assert 0 == page.locator("dialog").count()
    assert page.url.endswith("/settings")


def test_rows_are_walked_with_j_and_k_and_opened_with_enter(visit: Visit, seeded: Served) -> None:
    page = visit(seeded).open("/sessions")
    for key in "jjjk":
        page.keyboard.press(key)
    target = page.locator("main tbody tr").nth(1).locator("a.row-link").get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{target}")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("203.0.113.7", "/sessions?source=203.0.113.7"), (INTRUDER, f"/sessions/{INTRUDER}"), ("wget", "/live?q=wget")],
)
def test_the_search_box_knows_what_it_is_given(visit: Visit, seeded: Served, text: str, wanted: str) -> None:
    page = visit(seeded).open("/")
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{wanted}")


def test_a_recording_plays_in_a_sandbox_without_an_origin(visit: Visit, own: Served) -> None:
    watched = visit(own)
    page = watched.open(f"/sessions/{INTRUDER}")
    frame = page.frame_locator("iframe.player")
    expect(frame.locator(".ap-term")).to_be_visible()
    inner = page.frames[1]

    assert "null" == inner.evaluate("self.origin")
    with pytest.raises(Exception, match="sandboxed"):
        inner.evaluate("document.cookie")
    assert "blocked" == inner.evaluate("fetch('/api/v1/auth/session').then(() => 'reached', () => 'blocked')")
    assert [INTRUDER] == own.backend.replayed
    assert "session.replay" in {row.operation for row in own.site.accounts.rows}


def test_a_line_that_was_typed_leads_to_its_moment_in_the_replay(visit: Visit, own: Served) -> None:
    watched = visit(own)
    page = watched.open("/sessions")
    page.get_by_label("Typed in a session").fill("wget")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url("**/sessions/search?text=wget")
    line = page.locator("main tbody tr", has=page.get_by_role("link", name="at 3 s")).first
    expect(line.locator("mark")).to_have_text("wget")
    line.get_by_role("link", name="at 3 s").click()
    page.wait_for_url(f"**/sessions/{INTRUDER}?at=1")

    expect(page.frame_locator("iframe.player").locator(".ap-term")).to_be_visible()
    assert [] == watched.errors


def test_a_recording_is_audited_only_when_it_is_looked_at(visit: Visit, own: Served) -> None:
    visit(own).open("/sessions")

    assert [] == own.backend.replayed


def test_an_administrator_stops_and_starts_an_actor(visit: Visit, own: Served) -> None:
    watched = visit(own)
    page = watched.open("/system")
    page.get_by_role("button", name="Stop decnetd/fleet/web-01/ssh").click()
    expect(page.get_by_role("dialog")).to_contain_text("stays stopped")
    assert [] == watched.axe()
    page.get_by_role("button", name="Stop it").click()
    page.get_by_role("button", name="Start decnetd/fleet/web-01/ssh").click()
    expect(page.get_by_role("button", name="Stop decnetd/fleet/web-01/ssh")).to_be_visible()

    def audited() -> list[str]:
        return [row.operation for row in own.site.accounts.rows if row.operation.startswith("actor")]

    for _ in range(100):  # the row is kept when the answer is on its way
        if len(audited()) > 1:
            break
        page.wait_for_timeout(50)
    assert ["actor.stop", "actor.start"] == audited()


def test_a_cancelled_question_changes_nothing(visit: Visit, own: Served) -> None:
    page = visit(own).open("/system")
    page.get_by_role("button", name="Restart decnetd/web", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)

    assert {} == own.backend.states


def test_the_tree_follows_by_itself(visit: Visit, own: Served) -> None:
    page = visit(own).open("/system")
    own.backend.states["decnetd/control"] = "failed"

    expect(page.locator("tr", has_text="control")).to_contain_text("failed")


def test_a_viewer_sees_no_buttons_that_would_be_refused(visit: Visit, seeded: Served) -> None:
    page = visit(seeded, user="vic").open("/system")

    assert 0 == page.get_by_role("button", name=re.compile("Restart|Stop")).count()
    page.goto(f"{seeded.url}/settings?tab=users")
    expect(page.locator(".tabs a")).to_have_text(["Appearance", "Password"])


def test_a_user_is_added_and_the_password_is_shown_once(visit: Visit, own: Served) -> None:
    watched = visit(own)
    page = watched.open("/settings?tab=users")
    page.get_by_label("Name").fill("kim")
    page.get_by_role("button", name="Add", exact=True).click()
    password = page.locator("dialog .shown-once").inner_text()
    assert [] == watched.axe()
    page.get_by_role("button", name="Done").click()
    expect(page.locator("main")).to_contain_text("kim was added")
    expect(page.locator("dialog")).to_have_count(0)

    assert password not in page.content()
    other = visit(own, user="").page.context.request.post(
        f"{own.url}/api/v1/auth/login",
        data={"user": "kim", "password": password},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert 200 == other.status


def test_a_token_is_made_shown_once_and_revoked(visit: Visit, own: Served) -> None:
    page = visit(own).open("/settings?tab=tokens")
    page.get_by_label("What it is for").fill("siem")
    page.get_by_role("button", name="Make", exact=True).click()
    token = page.locator("dialog .shown-once").inner_text()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Revoke siem").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.locator("main")).to_contain_text("Token siem is revoked")

    assert token.startswith("dnt_")
    assert {} == own.site.accounts.by_id


def test_a_refusal_is_shown_with_its_reason(visit: Visit, own: Served) -> None:
    page = visit(own).open("/settings?tab=users")
    page.get_by_label("Name").fill("vic")
    page.get_by_role("button", name="Add", exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text("There is a user vic already")
    expect(page.get_by_role("alert")).to_contain_text("DN4009")


def test_signing_in_and_out(visit: Visit, own: Served) -> None:
    watched = visit(own, user="")
    page = watched.open("/credentials?order=recent")
    assert "Sign in · DECNET" == page.title()
    assert [] == watched.axe()
    page.get_by_label("User").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("main table")
    assert page.url.endswith("/credentials?order=recent")
    assert [] == watched.errors
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()

    assert {} == own.site.accounts.sessions


def test_a_wrong_password_is_told(visit: Visit, own: Served) -> None:
    page = visit(own, user="").open("/")
    page.get_by_label("User").fill("ana")
    page.get_by_label("Password").fill("wrong wrong wrong")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("The user name or the password is wrong")


def test_the_set_up_link_creates_the_first_administrator(visit: Visit) -> None:
    with Served(seeded=False, users=False) as served:
        watched = visit(served, user="")
        page = watched.open("/")
        expect(page.locator("h1")).to_have_text("Not set up yet")
        assert [] == watched.axe()

        async def issue() -> str:
            return served.site.door.setup_link.issue()

        token = served.do(issue)
        page.goto("about:blank")
        page.goto(f"{served.url}/setup#{token}")
        page.wait_for_selector("form")
        assert token not in page.url
        assert [] == watched.axe()
        page.get_by_label("User").fill("ana")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password again").fill(PASSWORD)
        page.get_by_role("button", name="Create and sign in").click()
        expect(page.locator("h1")).to_have_text("Overview")

        assert ["ana"] == list(served.site.accounts.by_name)
        assert [] == watched.foreign


def test_the_list_of_pages_opens_on_a_phone(visit: Visit, seeded: Served) -> None:
    watched = visit(seeded, width=360)
    page = watched.open("/")
    menu = page.get_by_role("button", name="Pages")
    menu.press("Enter")
    expect(page.locator(".rail a").first).to_be_focused()
    assert [] == watched.axe()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    menu.click()
    page.get_by_role("link", name="Sessions").first.click()
    page.wait_for_url("**/sessions")
    expect(page.locator(".rail")).to_be_hidden()


def test_the_raw_record_shows_hostile_characters_by_name(visit: Visit, seeded: Served) -> None:
    watched = visit(seeded)
    page = watched.open(f"/live?session={HOSTILE_SESSION}&kind=ShellCommandSeen")
    page.get_by_role("button", name=re.compile("JSON of")).nth(6).click()
    text = page.locator("dialog .json").inner_text()

    assert "U+202E" in text
    assert "\u202e" not in text
    assert [] == watched.axe()
    page.get_by_role("dialog").get_by_role("link", name="fileserver").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert page.url.endswith("/live?decky=fileserver")


def test_themes_are_chosen_and_kept(visit: Visit, seeded: Served) -> None:
    page = visit(seeded, scheme="dark").open("/settings")
    page.get_by_label("Theme").select_option("light")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.reload()
    page.wait_for_selector("h1")

    assert "rgb(244, 246, 248)" == light == page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


def test_times_are_shown_in_the_chosen_zone(visit: Visit, seeded: Served) -> None:
    page = visit(seeded).open("/settings")
    assert "Paris UTC+2" in page.inner_text(".topbar")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")

    assert "Tokyo UTC+9" in page.inner_text(".topbar")


def test_the_chart_is_also_a_table(visit: Visit, seeded: Served) -> None:
    watched = visit(seeded)
    page = watched.open("/")
    page.wait_for_selector(".plot canvas")
    page.get_by_role("button", name="As table").click()

    assert 48 <= page.locator("dn-chart tbody tr").count() <= 50
    assert [] == watched.axe()


def test_dragging_over_the_chart_chooses_a_span(visit: Visit, seeded: Served) -> None:
    page = visit(seeded).open("/")
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 50, steps=5)
    page.mouse.up()
    page.wait_for_url("**/?since=*&until=*")


def test_an_unknown_address_says_so(visit: Visit, seeded: Served) -> None:
    page = visit(seeded).open("/no/such/page")
    expect(page.locator("h1")).to_have_text("There is no page at this address")
    page = visit(seeded).open("/decoys/ffffffff")

    expect(page.locator("main")).to_contain_text("There is no such decoy")


def test_a_browser_without_shared_workers_gets_the_stream_too(visit: Visit, own: Served) -> None:
    watched = visit(own)
    watched.page.add_init_script("delete globalThis.SharedWorker")
    page = watched.open("/live")
    until(lambda: streams(own) == 1)
    own.append(now_record("without-a-worker"))

    expect(page.locator("main table")).to_contain_text("without-a-worker")
    assert [] == watched.errors


def test_credentials_arrive_as_they_were_sent(visit: Visit, own: Served) -> None:
    own.append(
        Record(
            id="",
            time=NOW - 1,
            host="hq",
            decky="web-01",
            service="ssh",
            session=INTRUDER,
            source="203.0.113.7",
            source_port=1,
            fact=CredentialSeen(user="ünï", secret=b"\xff\xfe\\", mechanism="ssh password"),
        )
    )
    page: Page = visit(own).open("/credentials?order=recent")

    expect(page.locator("main tbody")).to_contain_text("ünï")
    expect(page.locator("main tbody")).to_contain_text("\\xff\\xfe\\\\")


def test_a_secret_that_was_used_again_shows_who_where_and_why(visit: Visit, seeded: Served) -> None:
    watched = visit(seeded)
    page = watched.open("/credentials")
    page.get_by_role("navigation", name="Credentials").get_by_role("link", name="Reuse").press("Enter")
    page.get_by_label("Bait").select_option("true")
    row = page.locator("main tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("deploy2024")
    expect(row).to_contain_text("1.00")
    row.get_by_role("button", name="Details of deploy2024").press("Enter")
    drawer = page.get_by_role("dialog", name="Who used this secret again")

    expect(drawer).to_contain_text("bait that was laid out on web-01")
    expect(drawer.get_by_role("region", name="Sources").first.locator("tbody tr").first).to_be_visible()
    expect(drawer.get_by_role("region", name="Places").first).to_contain_text("web-01")
    expect(drawer.get_by_role("region", name="Users").first).to_contain_text("deploy")
    assert [] == watched.axe()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("main tbody tr").nth(1)).to_be_visible()
    assert page.url.endswith("/credentials/reuse")
    assert [] == watched.errors


def test_a_technique_opens_the_events_that_show_it(visit: Visit, own: Served) -> None:
    page: Page = visit(own).open("/techniques")
    page.get_by_role("button", name="Account Discovery: Local Account").click()
    drawer = page.get_by_role("dialog", name="Account Discovery: Local Account")

    assert "cat /etc/passwd" in drawer.inner_text()
    assert "SH-4" in drawer.inner_text()
    assert "MITRE Corporation" in drawer.inner_text()
    with page.expect_download() as saved:
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Navigator layer").click()
    assert "decnet-techniques.json" == saved.value.suggested_filename
    assert '"T1087.001"' in saved.value.path().read_text()


def test_a_technique_links_to_the_session_it_is_of(visit: Visit, own: Served) -> None:
    page: Page = visit(own).open("/techniques?source=203.0.113.7")
    page.get_by_role("button", name="Account Discovery: Local Account").click()
    page.get_by_role("dialog").get_by_role("rowheader").get_by_role("link").first.click()
    page.wait_for_url("**/sessions/*")

    assert 0 == page.get_by_role("dialog").count()
