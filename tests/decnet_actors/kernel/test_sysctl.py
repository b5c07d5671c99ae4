"""Tests of setting switches, on those of a namespace of our own."""

import os

import pytest

from decnet_actors.kernel import netns, sysctl
from tests.netlab import forbidden

TTL, HOPS, RANGE = "net.ipv4.ip_default_ttl", "net.ipv6.conf.default.hop_limit", "net.ipv4.ip_local_port_range"


@pytest.fixture(autouse=True)
def _namespace():
    if why := forbidden():
        pytest.skip(why)
    with netns.new() as own:
        os.close(own)
        yield


def test_what_is_set_is_read_back():
    assert () == sysctl.set_all({TTL: "77", HOPS: "78", RANGE: "20000 30000"})
    assert () == sysctl.differing({TTL: "77", HOPS: "78", RANGE: "20000  30000"})
    assert (HOPS,) == sysctl.differing({TTL: "77", HOPS: "64"})


@pytest.mark.parametrize(
    "name", ["net.ipv4.no_such_switch", "net.ipv5.default", "net.ipv4.tcp_available_congestion_control"]
)
def test_what_cannot_be_set_is_named_and_the_rest_is_set(name):
    assert (name,) == sysctl.set_all({name: "1", TTL: "99"})
    assert () == sysctl.differing({TTL: "99"})


def test_a_value_the_kernel_does_not_take_is_named():
    assert (TTL,) == sysctl.set_all({TTL: "256"})


def test_other_namespaces_keep_theirs():
    sysctl.set_all({TTL: "77"})
    with netns.new() as other:
        os.close(other)

        assert (TTL,) == sysctl.differing({TTL: "77"})
