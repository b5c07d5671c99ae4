"""Our YAML is read back as what was written, by a reader that is not ours."""

import string

import pytest
import yaml as reader  # type: ignore[import-untyped]  # its stubs are a package of their own
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.ctl import yaml
from tests.decnet_actors.ctl.hostile import HOSTILE, harmful

texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.text(string.printable, max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=12
)


@given(values)
def test_what_is_written_is_read_back(value):
    got = reader.safe_load(yaml.dump(value))

    assert value == got


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_and_does_no_harm(text):
    got = yaml.dump({text: [text, {"a": text}]})

    assert reader.safe_load(got) == {text: [text, {"a": text}]}
    assert harmful(got) == set()
    assert got.isascii()


def test_half_a_pair_is_replaced():
    assert reader.safe_load(yaml.dump("\ud800")) == "\ufffd"


def test_numbers_that_are_none_have_their_words():
    got = yaml.dump([float("inf"), float("-inf"), float("nan")])

    assert got == "- .inf\n- -.inf\n- .nan\n"


def test_plain_words_need_no_quotes():
    got = yaml.dump({"name": "web-01", "empty": [], "none": {}, "items": [{"a": 1, "b": [2]}]})

    assert got == "name: web-01\nempty: []\nnone: {}\nitems:\n  - a: 1\n    b:\n      - 2\n"
