"""Answers have the order of their classes, whatever order they came in."""

import json

import pytest

from decnet_actors.ctl.shape import ordered
from tests.decnet_actors.ctl.samples import OPERATIONS, answer


def backwards(value):
    if isinstance(value, dict):
        return {key: backwards(value[key]) for key in reversed(value)}
    return [backwards(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_the_order_of_the_class_comes_back(operation):
    made = answer(operation)
    got = [ordered(backwards(item), operation.result) for item in (made if isinstance(made, list) else [made])]
    expected = made if isinstance(made, list) else [made]

    assert json.dumps(expected) == json.dumps(got)


def test_fields_of_a_newer_daemon_are_kept_at_the_end():
    row = {"new": 1, **answer(OPERATIONS["actor.restart"])}
    got = ordered(row, OPERATIONS["actor.restart"].result)

    assert list(got)[-1] == "new"
    assert got == row


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [1, {"a": 2}], {"items": None}, {"items": 5, "next": []}])
@pytest.mark.parametrize("name", ["event.list", "actor.tree", "event.histogram", "session.show"])
def test_an_answer_of_another_shape_passes_through(name, value):
    assert ordered(value, OPERATIONS[name].result) == value
