"""Arguments: what surfaces send becomes the argument class, or a list of everything wrong with it."""

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.contracts.arguments import MAX_PROBLEMS, structure
from decnet_actors.contracts.errors import OperatorError
from tests.decnet_actors.contracts.sample_operations import Colour, Corner, Paint


def problems(raw):
    with pytest.raises(OperatorError) as caught:
        structure(Paint, raw, operation="wall.paint")
    assert caught.value.kind.code == "DN5001"
    return list(caught.value.errors)


def test_text_of_a_query_or_a_command_line_becomes_the_types_of_the_fields():
    got = structure(
        Paint,
        {
            "name": "7",
            "count": "12",
            "ratio": "0.25",
            "wet": "true",
            "colour": "green",
            "tags": "a,b,,c",
            "limit": "null",
            "corners": [{"x": "1"}, {"x": 2, "y": "3"}],
        },
        operation="wall.paint",
    )

    expected = Paint(
        name="7",
        count=12,
        ratio=0.25,
        wet=True,
        colour=Colour.GREEN,
        tags=("a", "b", "c"),
        limit=None,
        corners=(Corner(x=1), Corner(x=2, y=3)),
    )
    assert expected == got


@pytest.mark.parametrize(("text", "expected"), [("", None), ("null", None), ("7", 7)])
def test_an_empty_or_null_text_is_the_absent_value_of_an_optional_number(text, expected):
    got = structure(Paint, {"name": "n", "limit": text}, operation="wall.paint").limit

    assert expected == got


def test_an_empty_text_stays_text_where_text_is_wanted():
    got = structure(Paint, {"name": ""}, operation="wall.paint").name

    assert got == ""


def test_every_problem_is_reported_under_its_pointer():
    got = problems(
        {
            "coutn": 1,
            "count": "many",
            "ratio": "nan",
            "colour": "gren",
            "corners": [{"x": 1, "z": 2}],
            "tags": 5,
            "limit": [],
        }
    )

    expected = [
        '/coutn: is not an argument (did you mean "count"?)',
        "/name: is required",
        "/count: Expected int, got str",
        "/ratio: must be a finite number",
        '/colour: "gren" is not one of red, green (did you mean "green"?)',
        "/tags: Expected array, got int",
        "/corners/0/z: is not an argument",
        "/limit: Expected int | null, got array",
    ]
    assert expected == got


def test_a_problem_inside_a_value_has_the_pointer_of_the_inside():
    got = problems({"name": "n", "corners": [{"x": 1}, {"x": "no"}]})

    assert got == ["/corners/1/x: Expected int, got str"]


def test_what_a_validator_refuses_is_a_problem_of_its_field():
    got = problems({"name": "n", "count": 101})

    assert got == ["/count: 'count' must be <= 100: 101"]


def test_the_message_names_the_operation_and_how_to_get_help():
    with pytest.raises(OperatorError) as caught:
        structure(Paint, {}, operation="wall.paint")

    assert caught.value.detail == "wall.paint: /name: is required"
    assert caught.value.fix == ("decnetctl wall paint --help",)


@pytest.mark.parametrize("raw", [None, [], "x", 5, [["name", "n"]]])
def test_arguments_that_are_no_object_are_refused(raw):
    got = problems(raw)

    assert got[0] == "/: must be an object with the arguments by name"


def test_what_the_class_itself_refuses_is_a_problem_of_the_whole():
    @frozen(kw_only=True)
    class Span:
        since: float
        until: float

        def __attrs_post_init__(self):
            if self.since > self.until:
                raise ValueError("since is after until")

    with pytest.raises(OperatorError) as caught:
        structure(Span, {"since": "2", "until": 1}, operation="span.show")

    assert caught.value.errors == ("/: since is after until",)


def test_a_callers_text_is_escaped_and_cut_in_messages():
    got = problems({"name": "n", "\x1b[31m" + "k" * 500: 1, "colour": "\x1b]0;x\x07" + "c" * 500})

    assert all("\x1b" not in text and len(text) < 300 for text in got), got


def test_the_number_of_problems_reported_is_bounded():
    got = problems({f"key{number}": 1 for number in range(1000)})

    assert len(got) == MAX_PROBLEMS


@pytest.mark.parametrize(
    "value", [10**400, "9" * 5000, -(10**400), "1e999", "\ud800", float("inf")], ids=lambda value: repr(value)[:6]
)
@pytest.mark.parametrize("name", ["count", "ratio", "limit"])
def test_numbers_nothing_can_hold_are_problems(name, value):
    got = problems({"name": "n", name: value})

    assert len(got) == 1, got
    assert got[0].startswith(f"/{name}: ")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=40)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["x", "y"]), inner, max_size=4)
    ),
    max_leaves=10,
)
names = st.sampled_from(["name", "count", "ratio", "wet", "colour", "tags", "corners", "limit", "password"])


@given(st.dictionaries(names | st.text(max_size=5), values, max_size=10))
def test_garbage_is_structured_or_refused_and_nothing_else(raw):
    try:
        got = structure(Paint, raw, operation="wall.paint")
    except OperatorError as error:
        assert error.kind.code == "DN5001"  # noqa: PT017  the property is "one of two"
        assert error.errors  # noqa: PT017
    else:
        assert isinstance(got, Paint)
        assert set(raw) <= {"name", "count", "ratio", "wet", "colour", "tags", "corners", "limit", "password"}


def test_deep_nesting_is_refused_in_bounded_time():
    deep: list[object] = [1]
    for _ in range(100_000):
        deep = [deep]
    got = problems({"name": "n", "corners": deep, "tags": deep})

    assert len(got) == 2
