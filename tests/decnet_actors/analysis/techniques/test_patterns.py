"""Expressions of rules and wildcards of peers stay cheap."""

import fnmatch
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.analysis.techniques.patterns import MAX_TEXT, compiled, fits, holds


@pytest.mark.parametrize(
    "expression", [r"(a+)+$", r"(a|a)*b", r"a.*b.*c", r"(x{1,30}){1,30}", r"(a)\1", r"(?=a)b", r"(a|b|ab)*c", r".*.*"]
)
def test_an_expression_that_could_be_slow_does_not_load(expression):
    with pytest.raises(ValueError, match="could be slow"):
        compiled(expression)


@pytest.mark.parametrize("expression", [r"a.*b", r"^[a-z]+@[a-z]+$", r"union\s{1,5}(?:all\s{1,5})?select", "(?i)x", ""])
def test_an_expression_that_cannot_be_slow_loads(expression):
    assert compiled(expression).pattern == expression


@pytest.mark.parametrize("expression", ["(", "a{2,1}", "x" * 501, "[z-a]"])
def test_what_is_no_expression_is_said_so(expression):
    with pytest.raises(ValueError, match=r"regular expression|characters at most"):
        compiled(expression)


def test_only_the_head_of_a_text_is_looked_at():
    assert holds(compiled("b"), "a" * (MAX_TEXT - 1) + "b")
    assert not holds(compiled("b"), "a" * MAX_TEXT + "b")


ATOMS = st.sampled_from(["a", "b", "a*", "b+", "[ab]?", "a{0,3}", "(?:ab|a)", "(?:a|b){0,3}", ".", ".*"])


@given(st.lists(ATOMS, min_size=1, max_size=4).map("".join), st.text("ab", max_size=20))
def test_an_expression_that_loads_means_what_it_means_to_python(expression, text):
    try:
        pattern = compiled(expression)
    except ValueError:
        return

    assert holds(pattern, text) == (re.search(expression, text) is not None)


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_wildcards_are_the_shells(wild, name):
    assert fits(wild, name) == fnmatch.fnmatchcase(name, wild)


@given(st.text(string.printable, max_size=40), st.text(string.printable, max_size=40))
def test_any_wildcard_has_an_answer(wild, name):
    assert fits(wild, name) in {True, False}


@pytest.mark.parametrize(("wild", "name"), [("sh[aeiou]dow", "shadow"), ("[!x]b", "ab"), ("[a-c]x", "bx"), ("[", "[")])
def test_sets_of_characters_are_read(wild, name):
    assert fits(wild, name)
    assert not fits(wild, name + "z")


def test_wildcards_that_would_take_forever_one_by_one_do_not():
    assert not fits("*a" * 100 + "b", "a" * 500)
