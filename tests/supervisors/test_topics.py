"""This module tests topics: the trie against splitting and comparing, and the prefixes on the wire."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from supervisors.topics import (
    MAX_CACHED,
    MAX_TOPIC,
    TopicError,
    TopicTrie,
    is_topic,
    matches,
    root_of,
    validate_pattern,
    validate_topic,
    wire_prefix,
    wire_topic,
)

TOKENS = st.sampled_from(["a", "b", "c", "ab", "decky-1"])
TOPICS = st.lists(TOKENS, min_size=1, max_size=4).map(".".join)
PATTERNS = st.builds(
    lambda tokens, tail: ".".join([*tokens, ">"] if tail or not tokens else tokens),
    st.lists(TOKENS | st.just("*"), max_size=4),
    st.booleans(),
)


def naive(pattern, topic):
    """The grammar in its dumbest form."""
    wanted, tokens = pattern.split("."), topic.split(".")
    while wanted and tokens:
        want = wanted.pop(0)
        if want == ">":
            return True
        if want not in {"*", tokens.pop(0)}:
            return False
    return not wanted and not tokens


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.*", "a.b.c", False),
        ("*", "a", True),
        (">", "a", True),
        (">", "a.b.c", True),
        ("a.>", "a", False),
        ("a.>", "a.b", True),
        ("a.>", "ab.c", False),
        ("*.b.>", "a.b.c.d", True),
    ],
)
def test_the_grammar(pattern, topic, expected):
    trie: TopicTrie[str] = TopicTrie()
    trie.add(pattern, "me")

    assert expected == matches(pattern, topic)
    assert (("me",) if expected else ()) == trie.match(topic)


@given(st.lists(PATTERNS, max_size=6), TOPICS)
def test_the_trie_agrees_with_splitting(patterns, topic):
    trie: TopicTrie[str] = TopicTrie()
    for pattern in patterns:
        trie.add(pattern, pattern)

    assert {pattern for pattern in patterns if naive(pattern, topic)} == set(trie.match(topic))
    assert [naive(pattern, topic) for pattern in patterns] == [matches(pattern, topic) for pattern in patterns]


@given(PATTERNS, TOPICS)
def test_the_prefix_on_the_wire_never_hides_a_match(pattern, topic):
    if matches(pattern, topic):
        assert wire_topic(topic).startswith(wire_prefix(pattern))


@given(TOPICS, TOPICS)
def test_an_exact_pattern_is_exact_on_the_wire_up_to_longer_topics(pattern, topic):
    if wire_topic(topic).startswith(wire_prefix(pattern)):
        assert topic.split(".")[: len(pattern.split("."))] == pattern.split(".")


@pytest.mark.parametrize(
    ("pattern", "expected"), [("a.b", b"a.b."), ("a.>", b"a."), ("a.*.c", b"a."), ("*.a", b""), (">", b"")]
)
def test_the_prefix_on_the_wire(pattern, expected):
    assert expected == wire_prefix(pattern)


BAD = ["", ".", "a.", ".a", "a..b", "a b", "a\n", "\u0661", "a/b", "x" * (MAX_TOPIC + 1)]


@pytest.mark.parametrize("text", [*BAD, "*", "a.>", "a.*.b"])
def test_what_is_not_a_topic_is_refused(text):
    assert not is_topic(text)
    with pytest.raises(TopicError):
        validate_topic(text)


@pytest.mark.parametrize("text", [*BAD, ">.a", "a>", "a.b*", "**", "a.>.>"])
def test_what_is_not_a_pattern_is_refused(text):
    with pytest.raises(TopicError):
        validate_pattern(text)
    with pytest.raises(TopicError):
        TopicTrie[str]().add(text, "me")


@given(TOPICS)
def test_a_topic_is_a_pattern_of_itself(topic):
    assert topic == validate_topic(topic) == validate_pattern(topic)
    assert topic.startswith(root_of(topic))
    assert matches(topic, topic)


@given(st.text(max_size=8))
@example("a\n")
def test_whatever_is_a_topic_is_ascii_without_surprises(text):
    if is_topic(text):
        assert text.isascii()
        assert text.split() == [text]


def test_removing_what_was_not_added_is_an_error():
    trie: TopicTrie[str] = TopicTrie()
    trie.add("a.b", "me")

    for pattern, subscriber in (("a.c", "me"), ("a.b", "you"), ("a.*", "me"), ("a.>", "me")):
        with pytest.raises(ValueError):
            trie.remove(pattern, subscriber)
    assert ("me",) == trie.match("a.b")


def test_the_cache_is_bounded():
    trie: TopicTrie[str] = TopicTrie()
    trie.add("a.*", "me")
    for number in range(MAX_CACHED + 10):
        assert ("me",) == trie.match(f"a.{number}")

    assert MAX_CACHED >= len(trie._cache)


class TrieMachine(RuleBasedStateMachine):
    """Adding and removing against a list of pairs."""

    added = Bundle("added")

    def __init__(self):
        super().__init__()
        self.trie: TopicTrie[int] = TopicTrie()
        self.model: list[tuple[str, int]] = []

    @rule(target=added, pattern=PATTERNS, subscriber=st.integers(0, 3))
    def add(self, pattern, subscriber):
        self.trie.add(pattern, subscriber)
        self.model.append((pattern, subscriber))
        return pattern, subscriber

    @rule(pair=consumes(added))
    def remove(self, pair):
        self.trie.remove(*pair)
        self.model.remove(pair)

    @rule(topic=TOPICS)
    def match(self, topic):
        got = self.trie.match(topic)

        assert {subscriber for pattern, subscriber in self.model if naive(pattern, topic)} == set(got)
        assert len(set(got)) == len(got)

    @invariant()
    def nothing_is_left_of_what_is_gone(self):
        assert self.trie._root.empty() == (not self.model)


TestTrie = TrieMachine.TestCase
TestTrie.settings = settings(max_examples=50, stateful_step_count=30)
