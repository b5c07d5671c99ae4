"""What a real in.tftpd said to some hundred and fifty packets, and what the decoy says to the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from decnet_actors.conformance.fakes import FakeTime
from decnet_actors.contracts.decoy import OwnPort, Send
from plugins.decoy.tftp.folder import Room
from plugins.decoy.tftp.transfer import TftpConversation
from tests.plugins.decoy.tftp.served import folder

RECORDED = Path(__file__).parent / "recorded"


@frozen
class Scene:
    """What one peer said, and what followed each time; ``None`` is silence."""

    name: str
    steps: list[tuple[bytes, bytes | None]]


def scenes(path: Path) -> Iterator[Scene]:
    for block in path.read_text(encoding="utf-8").split("\n= ")[1:]:
        name, *lines = block.strip().splitlines()
        steps: list[tuple[bytes, bytes | None]] = []
        for line in lines:
            if line.startswith("> "):
                steps.append((ast.literal_eval(line[2:]), None))
            elif line.startswith("< "):
                steps[-1] = (steps[-1][0], ast.literal_eval(line[2:]))
        yield Scene(name, steps)


CASES = [(path.stem, scene) for path in sorted(RECORDED.glob("*.txt")) for scene in scenes(path)]


def test_what_was_recorded_is_read():
    assert (152, 2) == (len(CASES), len({name for name, _ in CASES}))


@pytest.mark.parametrize(("options", "scene"), CASES, ids=lambda value: value if isinstance(value, str) else value.name)
def test_decoy_says_what_the_daemon_said(options, scene):
    time = FakeTime()
    conversation = TftpConversation(folder(create=options == "create"), Room())
    moved = False
    for sent, answer in scene.steps:
        effects = conversation.received(sent, time())
        said = [effect.data for effect in effects if isinstance(effect, Send)]
        moved = moved or any(isinstance(effect, OwnPort) for effect in effects)

        assert ([] if answer is None else [answer]) == said
        assert moved or not said
