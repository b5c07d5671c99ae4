"""Fetches are counted over all, a host, a day; what is known is not fetched again."""

from decnet_actors.downloads import allowance
from decnet_actors.downloads.allowance import AGAIN_AFTER, DAY, MINUTE, Allowance, Remembered


def test_a_minute_has_room_for_so_many_overall_and_for_fewer_from_one_host() -> None:
    allowed = Allowance(3, 2, 100)
    asked = [allowed.refusal(host, 10.0) for host in ("a", "a", "a", "b", "c")]

    assert ["", "", "too many fetches from this host in this minute", "", "too many fetches in this minute"] == asked
    assert "" == allowed.refusal("a", 10.0 + MINUTE)


def test_a_day_has_room_for_so_many_bytes() -> None:
    allowed = Allowance(10, 10, 100)
    allowed.took(60, 0.0)
    assert "" == allowed.refusal("a", 1.0)
    allowed.took(60, 10.0)

    assert "too much was fetched in this day" == allowed.refusal("a", DAY - 1)
    assert "" == allowed.refusal("a", DAY)


def test_what_became_of_a_url_is_known_for_an_hour() -> None:
    known: Remembered[str] = Remembered()
    known.put("u", "found", 0.0)

    assert ("found", None, None) == (known.get("u", AGAIN_AFTER - 1), known.get("u", AGAIN_AFTER), known.get("v", 0.0))


def test_memory_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(allowance, "MAX_REMEMBERED", 2)
    known: Remembered[int] = Remembered()
    allowed = Allowance(10, 1, 100)
    for number in range(3):
        known.put(f"u{number}", number, 0.0)
        allowed.refusal(f"h{number}", 0.0)

    assert [None, 1, 2] == [known.get(f"u{number}", 0.0) for number in range(3)]
    assert ["h1", "h2"] == list(allowed._hosts)
