"""This module makes requests to the helper, right, wrong and hostile, for property tests."""

import json

from hypothesis import strategies as st

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_names = st.sampled_from(["web-01", "db-01", "a", "web-01", "db-01", "", "..", "web/01", "x" * 70])
_addresses = st.sampled_from(
    [
        "10.66.0.1", "10.66.0.2", "10.66.7.7", "10.66.255.255", "10.66.0.0", "10.67.0.1", "127.0.0.1", "0.0.0.0",
        "fd66::1", "fd66::2", "fd67::1", "fe80::1", "::", "224.0.0.1", "10.66.0.1/8", "10.66.0.254",
    ]
) | st.ip_addresses().map(str)  # fmt: skip
_macs = st.sampled_from(["52:54:00:00:00:01", "52:54:00:00:00:02", "00:50:56:00:00:09", "ff:ff:ff:ff:ff:ff", "x"])
_stacks = st.sampled_from(["linux", "windows-10", "linux", "/etc/passwd"])
_fields = {
    "id": st.integers(0, 9),
    "op": st.sampled_from(
        [
            "create",
            "create",
            "lease",
            "assign",
            "listen",
            "probe",
            "destroy",
            "abandon",
            "adopt",
            "observe",
            "capture",
            "hello",
            "leave",
            "exec",
        ]
    ),
    "decky": _names,
    "deckies": st.lists(_names, max_size=3) | anything,
    "addresses": st.sampled_from([["10.66.0.1", "fd66::1"], ["10.66.0.2"]]) | st.lists(_addresses, max_size=5),
    "leased": st.booleans(),
    "lease": _addresses | st.just(""),
    "address": _addresses | st.just(""),
    "mac": _macs,
    "stack": _stacks,
    "port": st.sampled_from([0, 22, 65_535, 65_536, -1]) | anything,
    "protocol": st.sampled_from(["tcp", "udp", "icmp"]),
    "after": _names,
    "version": st.integers(0, 2),
    "digest": st.text(max_size=5),
}
_OF = {
    "hello": ("version", "digest"),
    "create": ("decky", "addresses", "mac", "stack", "leased"),
    "adopt": ("decky", "addresses", "mac", "stack", "leased", "lease"),
    "lease": ("decky",),
    "assign": ("decky", "address"),
    "destroy": ("decky",),
    "abandon": ("deckies",),
    "listen": ("decky", "port", "protocol"),
    "probe": ("decky", "port"),
    "observe": ("after",),
}


@st.composite
def _requests(draw):
    op = draw(_fields["op"])
    fields = {"op": op, "id": draw(_fields["id"])}
    fields.update({name: draw(_fields[name]) for name in _OF.get(op, ())})
    if draw(st.integers(0, 9)) == 9:
        fields[draw(st.sampled_from(sorted(_fields)))] = draw(anything)
    return json.dumps(fields).encode()


requests = _requests()
