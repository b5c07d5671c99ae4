"""Tests of what only shows over several sessions, in facts, or over time."""

import hashlib

import pytest

from decnet_actors.conformance.memory_transport import FakeLog
from decnet_actors.domain.facts import CommandSeen, CredentialSeen, FileCaptured, Outcome
from plugins.decoy.redis import keyspace
from plugins.decoy.redis.commands import HANDLERS
from plugins.decoy.redis.server import DENIED_CATEGORIES, DENIED_COMMANDS
from plugins.decoy.redis.session import MAX_NOTED, POLL
from tests.plugins.decoy.redis.talk import PEER, Talk, read_all, service, talk


def pair(**options) -> tuple[Talk, Talk]:
    made, time = service(**options)
    return Talk(made.connect(FakeLog(time, peer=PEER)), time), Talk(made.connect(FakeLog(time, peer=PEER)), time)


def info(c: Talk) -> dict[str, str]:
    lines = c("INFO").decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def test_keys_survive_sessions():
    first, second = pair()
    first("SET", "a", "1")
    first.session.closed(first.time())

    assert second("GET", "a") == b"1"


def test_password_is_recorded_with_its_outcome():
    c = talk(password="s3cret")
    c("AUTH", "wrong")
    c("AUTH", "default", "s3cret")

    assert [
        CredentialSeen(user=None, secret=b"wrong", mechanism="redis auth"),
        CredentialSeen(user="default", secret=b"s3cret", mechanism="redis auth", outcome=Outcome.ACCEPTED),
    ] == [fact for fact in c.facts if isinstance(fact, CredentialSeen)]


def test_undecodable_user_is_shown_and_raw_secret_is_kept():
    c = talk()
    c(b"AUTH", b"\xff\xfe", b"\x00\xff")

    assert CredentialSeen(user="\\xff\\xfe", secret=b"\x00\xff", mechanism="redis auth") in c.facts


def test_long_value_becomes_an_artifact_before_the_reply():
    c = talk()
    value = b"x" * (MAX_NOTED + 1)
    c(b"SET", b"a", value)
    digest = hashlib.sha256(value).hexdigest()

    captured = [fact for fact in c.facts if isinstance(fact, FileCaptured)]
    assert [(digest, len(value), "redis set")] == [(fact.sha256, fact.size, fact.mechanism) for fact in captured]
    assert list(c.session.take_artifacts()) == [value]
    assert c.session.take_artifacts() == ()
    assert CommandSeen(verb="SET", args=(b"a", b"x" * MAX_NOTED)) in c.facts


def test_info_changes_with_time_and_work():
    c = talk()
    before = info(c)
    c.time.advance(90)
    c("SET", "a", "1", "EX", "1000")
    after = info(c)

    assert int(after["uptime_in_seconds"]) == int(before["uptime_in_seconds"]) + 90
    assert int(after["total_commands_processed"]) == int(before["total_commands_processed"]) + 2
    assert int(after["used_memory"]) > int(before["used_memory"])
    assert int(after["total_net_input_bytes"]) > int(before["total_net_input_bytes"])
    assert after["db0"] == "keys=1,expires=1,avg_ttl=1000000"


def test_info_agrees_with_the_persona_and_other_answers():
    c = talk("5:7.0.15-1~deb12u1")
    found = info(c)

    assert found["redis_version"] == "7.0.15"
    assert found["os"] == "Linux 6.1.0-18-amd64 x86_64"
    assert c("HELLO")[3] == b"7.0.15"
    assert c("CONFIG", "GET", "port") == [b"port", found["tcp_port"].encode()]


@pytest.mark.parametrize("asked", ["server", "SERVER", "everything", "commandstats"])
def test_info_gives_the_sections_asked_for(asked):
    text = talk()("INFO", asked)

    assert (b"# Server" in text) is (asked != "commandstats")
    assert (b"# Clients" in text) is (asked == "everything")


@pytest.mark.parametrize(
    ("package", "count"), [("5:7.0.15-1~deb12u1", 240), ("5:6.0.16-1ubuntu1", 203), ("5:5.0.7-2ubuntu0.1", 199)]
)
def test_older_versions_have_fewer_commands(package, count):
    assert abs(talk(package)("COMMAND", "COUNT") - count) <= 4


def test_clients_see_one_another():
    first, second = pair()
    first("CLIENT", "SETNAME", "worker")
    listed = second("CLIENT", "LIST").decode().splitlines()

    assert len(listed) == 2
    assert "addr=192.0.2.7:40000 laddr=127.77.0.1:6379" in listed[0]
    assert "name=worker" in listed[0]
    first.session.closed(first.time())
    assert len(second("CLIENT", "LIST").decode().splitlines()) == 1


def test_published_message_reaches_a_subscriber_at_its_next_look():
    first, second = pair()
    first("SUBSCRIBE", "news")
    first("PSUBSCRIBE", "n*")
    assert second("PUBLISH", "news", "hello") == 2
    out = b"".join(getattr(effect, "data", b"") for effect in first.session.tick(first.time.advance(POLL)))

    assert [[b"message", b"news", b"hello"], [b"pmessage", b"n*", b"news", b"hello"]] == read_all(out)


def test_watched_key_changed_by_another_spoils_the_transaction():
    first, second = pair()
    first("WATCH", "a")
    second("SET", "a", "1")
    first("MULTI")
    first("GET", "a")

    assert first("EXEC") is None


def test_watched_key_that_expires_spoils_the_transaction():
    c = talk()
    c("SET", "a", "1", "PX", "500")
    c("WATCH", "a")
    c.time.advance(1)
    c("MULTI")
    c("PING")

    assert c("EXEC") is None


def test_watching_leaves_nothing_behind():
    first, second = pair()
    first("WATCH", "a", "b")
    second("WATCH", "a")
    first.session.closed(first.time())
    second("UNWATCH")

    assert second.session._server.keyspace.watched == {}


def test_replica_is_one_for_all_clients():
    first, second = pair()
    first("SLAVEOF", "198.51.100.9", "21000")

    assert second("SET", "a", "1") == "-READONLY You can't write against a read only replica."
    assert info(second)["master_host"] == "198.51.100.9"


def test_refused_commands_are_what_the_acl_says():
    c = talk()
    (line,) = c("ACL", "LIST")

    for name in ("XADD", "MONITOR", "GEOADD"):
        assert c(name, "a", "*", "f", "v", "1") in {
            f"-NOPERM this user has no permissions to run the '{name.lower()}' command",
            f"-ERR wrong number of arguments for '{name.lower()}' command",
        }
    assert b"-@stream" in line
    assert b"-monitor" in line


def test_every_command_is_answered_or_forbidden_by_name():
    catalogue = talk().session._server.catalogue
    open_ = [
        command.name
        for command in catalogue.values()
        if command.name not in HANDLERS
        and not any(f"{command.name}|{sub}" in HANDLERS for sub in command.subcommands)
        and command.name not in DENIED_COMMANDS
        and command.categories.isdisjoint(DENIED_CATEGORIES)
        and command.name not in {"multi", "exec", "discard", "watch", "unwatch", "debug", "quit"}
    ]

    assert open_ == []


def test_full_keyspace_refuses_what_does_not_fit_and_forgets_nothing():
    c = talk()
    half = b"x" * (1024 * 1024 - 100)
    replies = [c(b"SET", b"k%d" % n, half) for n in range(20)]

    assert replies.count("+OK") == 15 or replies.count("+OK") == 16
    assert replies[-1] == "-OOM command not allowed when used memory > 'maxmemory'."
    assert c.session._server.keyspace.bytes <= keyspace.MAX_BYTES
    c("DEL", "k0")
    assert c(b"SET", b"again", b"y") == "+OK"


def test_counted_bytes_return_to_zero():
    c = talk()
    for command in (
        "SET a hello",
        "APPEND a more",
        "RPUSH l 1 22 333",
        "LSET l 0 longer",
        "LTRIM l 0 1",
        "LPOP l",
        "HSET h f v g w",
        "HSET h f longer",
        "HDEL h g",
        "SADD s a b c",
        "SREM s a",
        "ZADD z 1 a 2 b",
        "ZREM z a",
        "SPOP s",
        "RENAME h h2",
        "COPY h2 h3",
        "LREM l 0 22",
    ):
        c(*command.split())
    c("FLUSHALL")

    assert c.session._server.keyspace.bytes == 0


@pytest.mark.parametrize("count", [0, 12])
def test_invented_keys_are_the_persona_s_own(count):
    assert abs(talk(keys=count)("DBSIZE") - count) <= 3
    assert talk(keys=count)("KEYS", "*") == talk(keys=count)("KEYS", "*")


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (b"*", b"", True),
        (b"a*b*c", b"aXXbYYc", True),
        (b"a*b*c", b"aXXbYY", False),
        (b"[a-c]x", b"bx", True),
        (b"[^a-c]x", b"bx", False),
        (b"[c-a]x", b"bx", True),
        (b"\\*", b"*", True),
        (b"\\*", b"a", False),
        (b"h?llo", b"hello", True),
        (b"[a", b"a", True),
        (b"[\\]]", b"]", True),
        (b"*" * 200 + b"x", b"a" * 4000, False),
    ],
)
def test_globs_match_as_in_redis(pattern, text, matches):
    assert matches is keyspace.glob_match(pattern, text)
