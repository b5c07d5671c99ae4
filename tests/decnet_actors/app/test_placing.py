"""Tests of deckies that would contradict the machine behind them."""

import pytest

from decnet_actors.app.placing import contradiction
from decnet_actors.contracts.fleet import Bait, DeckyPlan
from decnet_actors.contracts.inside import System
from decnet_actors.domain.persona import Account


def system(distribution="debian", release="12"):
    root = Account(name="root", uid=0, gid=0, home="/root", shell="/bin/bash")
    return System(
        distribution=distribution,
        release=release,
        name="",
        kernel="6.1.0",
        kernel_build="#1",
        architecture="x86_64",
        accounts=(root,),
    )


def plan(**fields):
    return DeckyPlan(name="web-01", index=0, services=(), **fields)


@pytest.mark.parametrize("distribution", ["", "debian", "debian:12"])
def test_what_agrees_with_the_image_is_taken(distribution):
    baits = (Bait(user="root", secret="hunter2"), Bait(user="app", secret="hunter2", service="redis"))

    assert contradiction(plan(distribution=distribution, baits=baits), system()) == ""
    assert contradiction(plan(distribution=distribution), system(distribution="")) == ""


@pytest.mark.parametrize(
    ("fields", "image", "said"),
    [
        ({"distribution": "ubuntu"}, {}, "its distribution is ubuntu and its image has debian:12; leave"),
        ({"distribution": "debian:11"}, {}, "its distribution is debian:11 and its image has debian:12; leave"),
        ({}, {"distribution": "alpine", "release": "3.19"}, "no service speaks for alpine:3.19, which its image has"),
        ({"baits": (Bait(user="ops", secret="hunter2"),)}, {}, "its image has no account ops for the baits to let in"),
    ],
)
def test_what_contradicts_it_is_refused_with_what_to_do(fields, image, said):
    assert contradiction(plan(**fields), system(**image)).startswith(f"web-01: {said}")
