"""The console has words for every fact."""

import re
from pathlib import Path

import pytest

from decnet_actors.domain.registry import FACTS
from decnet_actors.store.argument_fields import MAX_KINDS

SOURCE = Path("web_static/lib/facts.js").read_text(encoding="utf-8")
SENTENCES = SOURCE.partition("const SENTENCES = {")[2].partition("\n};")[0]
KINDS = SOURCE.partition("export const KINDS = {")[2].partition("\n};")[0]
NOT_LISTED = {"TerminalSeen", "TerminalResized"}  # of terminals, which the replay shows


@pytest.mark.parametrize("name", sorted(set(FACTS) - {"TerminalSeen"}))
def test_there_is_a_sentence_for_it(name: str) -> None:
    assert re.search(rf"^  {name}: \(f\) =>", SENTENCES, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(FACTS) - NOT_LISTED))
def test_it_can_be_filtered_for(name: str) -> None:
    assert re.search(rf"^  {name}: '", KINDS, re.MULTILINE)


def test_all_of_them_can_be_asked_for_at_once():
    """The console asks for every class but one: what is added must still fit."""
    assert 2 * len(",".join(FACTS)) < MAX_KINDS
