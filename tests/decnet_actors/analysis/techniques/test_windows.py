"""What makes a sequence is counted for each source, within its time, and bounded."""

from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.analysis.techniques import loader
from decnet_actors.analysis.techniques.readings import readings
from decnet_actors.analysis.techniques.study import tagged
from decnet_actors.analysis.techniques.windows import Windows
from decnet_actors.domain.records import Entry
from tests.decnet_actors.store.samples import NOW, login, record

RULES = loader.load()
RULE = RULES.rules["CRED-1"]  # five within five minutes


def count(windows: Windows, number: int, at: float, source: str = "192.0.2.1") -> bool:
    one = record(number, login(secret=b"%d" % number), source=source, time=NOW + at)
    return windows.count(RULE, one, readings(one)[0])


def test_it_matches_once_for_each_time_however_many_there_are():
    windows = Windows()

    assert [4, 305, 606] == [second for second in range(700) if count(windows, second, second)]


def test_events_that_come_late_count_as_those_in_order():
    windows = Windows()

    assert [False, False, False, False, True] == [count(windows, n, at) for n, at in enumerate((40, 0, 30, 10, 20))]


def test_an_event_that_comes_twice_counts_once():
    windows = Windows()

    assert not [n for n in (1, 2, 3, 4, 4, 3, 2, 1) if count(windows, n, n)]


def test_sources_do_not_count_for_one_another():
    windows = Windows()

    assert not any(count(windows, n, n, f"192.0.2.{n % 3}") for n in range(12))


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["a", "b", "c"])), max_size=60), st.integers(0, 60))
def test_what_was_kept_counts_on_as_if_nothing_had_happened(events, cut):
    whole, first = Windows(), Windows()
    expected = [count(whole, n, at, source) for n, (at, source) in enumerate(events)]
    got = []
    for number, (at, source) in enumerate(events):
        if number == cut:
            changed, gone = first.news()
            assert not gone
            first = Windows(sorted(changed, key=lambda window: window.touched))
        got.append(count(first, number, at, source))

    assert expected == got


def test_there_are_never_too_many_and_the_ones_that_rest_go_first():
    windows = Windows(limit=3)
    for number, source in enumerate("abcad"):
        count(windows, number, number, source)
    changed, gone = windows.news()

    assert (3, 1) == (len(changed), len(gone))
    assert ([], []) == tuple(map(list, windows.news()))


def test_a_record_without_a_source_is_nobodys():
    lonely = record(1, login("admin", b"admin"), source="")

    assert () == tagged(Entry(seq=1, record=lonely), RULES, {}, Windows())
