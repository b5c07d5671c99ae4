"""What an operator does by hand to the running tree, and what is refused with its reason."""

from tests.daemon import decnetd

REDIS = "decnetd/fleet/db-01/redis"


def test_an_actor_is_stopped_and_started_by_hand():
    with decnetd() as daemon:
        assert daemon.ask("actor", "tree")["uptime"] > 0
        daemon.ctl("actor", "stop", REDIS, "--yes")

        assert "not ready" in daemon.ctl("status", code=3)
        daemon.ctl("actor", "start", REDIS)
        assert daemon.status()["ready"]
        again = daemon.ctl("actor", "start", REDIS, code=6)
        assert again.startswith(f"error DN4010: {REDIS} is running")
        assert f"fix:  decnetctl actor restart {REDIS}" in again


def test_what_keeps_evidence_or_the_connection_is_not_stopped():
    with decnetd() as daemon:
        paths = {row["path"] for row in daemon.ask("actor", "list")}
        for below in ("", "/broker", "/store/journal", "/surfaces", "/surfaces/control"):
            assert f"decnetd{below}" in paths
            assert "DN6003" in daemon.ctl("actor", "stop", f"decnetd{below}", "--yes", code=6)
        unknown = daemon.ctl("actor", "stop", "decnetd/surface", "--yes", code=4)

        assert 'did you mean "decnetd/surfaces"?' in unknown
        assert 'did you mean "web-01"?' in daemon.ctl("decky", "show", "web-1", code=4)
