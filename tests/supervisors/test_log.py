import io
import json

import pytest

from supervisors import log


@pytest.fixture
def lines():
    """Configure the log and return what it wrote; quiet again afterwards."""
    stream = io.StringIO()

    def configure(level, form):
        log.configure(level, form, stream=stream)
        return lambda: stream.getvalue().splitlines()

    yield configure
    log.configure("critical")


def test_journal_lines_carry_priority_and_pairs(lines):
    written = lines("info", "journal")
    logger = log.get_logger("some.module")
    logger.debug("too.quiet")
    logger.info("disk.full", path="/a b", left=3, ok=True)
    logger.error("two.lines", text="a\nb")

    first, second = written()
    assert first.startswith("<6>disk.full ")
    assert 'path="/a b"' in first
    assert "left=3" in first
    assert second.startswith("<3>two.lines ")
    assert "a\\n" in second.replace("\\\\n", "\\n")


def test_json_lines_are_objects_with_a_time(lines):
    written = lines("warning", "json")
    log.get_logger("m").warning("intel.unreachable", retry_in=2.5)

    (line,) = map(json.loads, written())
    assert ("intel.unreachable", "warning", 2.5, "m") == (
        line["event"],
        line["level"],
        line["retry_in"],
        line["module"],
    )
    assert line["timestamp"].endswith("Z")


def test_console_lines_are_for_people(lines):
    written = lines("debug", "console")
    log.get_logger("m").debug("peer.sent", data=b"x" * 1000)

    (line,) = written()
    assert "peer.sent" in line
    assert len(line) < 400  # peers' bytes are cut


def test_lines_of_an_actor_name_it_and_tracebacks_stay_whole(lines):
    written = lines("info", "json")
    token = log.actor_path.set("top/a")
    try:
        log.get_logger("m").info("x", traceback="t" * 1000, other="o" * 1000)
    finally:
        log.actor_path.reset(token)
    (line,) = map(json.loads, written())

    assert ("top/a", 1000, log.MAX_VALUE) == (line["actor"], len(line["traceback"]), len(line["other"]))


@pytest.mark.parametrize(("level", "form"), [("loud", "json"), ("info", "xml")])
def test_unknown_level_or_format_is_refused(level, form):
    with pytest.raises((KeyError, ValueError)):
        log.configure(level, form)
