"""A real daemon makes an index of what is configured, answers from it after kill -9, and says what is wrong."""

from pathlib import Path

from tests.daemon import decnetd, start

STATISTICS = "ripencc|DE|ipv4|20.0.0.0|65536|20100101|allocated|x\nripencc|SE|ipv6|2a00::|16|20100101|allocated|x\n"
SYSTEMS = "20.0.0.0\t20.0.1.255\t64500\tDE\tExample\n"


def test_an_operator_brings_data_and_looks_addresses_up(tmp_path: Path) -> None:
    statistics, systems = tmp_path / "statistics", tmp_path / "systems"
    statistics.write_text(STATISTICS)
    systems.write_text(SYSTEMS)
    with decnetd(extra=f'[geoip]\nsources = ["{statistics}", "{systems}", "{tmp_path}/gone"]') as daemon:
        assert "decnetctl geoip refresh" in daemon.ctl("geoip", "lookup", "20.0.0.1", code=6)
        made = daemon.ask("geoip", "refresh")
        assert [("rir", 2), ("iptoasn", 2), ("", 0)] == [(one["kind"], one["rows"]) for one in made["sources"]]
        daemon.kill()
        daemon.process = start(daemon.home, daemon.config).process
        place = daemon.ask("geoip", "lookup", "20.0.1.9")
        assert ("DE", 64500, "Example", "20.0.0.0/23") == tuple(
            place[name] for name in ("country", "asn", "as_name", "network")
        )
        assert "SE" == daemon.ask("geoip", "lookup", "2a00::1")["country"]
        (check,) = daemon.ask("doctor", "store.addresses")
        assert ("warn", "decnetctl geoip status") == (check["result"], check["remedy"])
        assert f"{tmp_path}/gone: No such file or directory" in check["evidence"]
        statistics.unlink()
        systems.unlink()
        assert "DN6020" in daemon.ctl("geoip", "refresh", code=1)
        assert "DE" == daemon.ask("geoip", "lookup", "20.0.1.9")["country"]


def test_turned_off_nothing_is_read_and_no_actor_runs(tmp_path: Path) -> None:
    statistics = tmp_path / "statistics"
    statistics.write_text(STATISTICS)
    with decnetd(extra=f'[geoip]\nenabled = false\nsources = ["{statistics}"]') as daemon:
        assert "enabled = true" in daemon.ctl("geoip", "refresh", code=6)
        assert "cartographer" not in daemon.ctl("actor", "tree")
        assert not (daemon.home / "state" / "geoip").exists()
