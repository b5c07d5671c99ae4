"""This module shows the daemon's status on one screen; the exit code says whether it is ready."""

from typing import Any, TypeAlias

import click

from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.ctl import times
from decnet_actors.ctl.cells import counted, size, words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

LAG_ALARM = 1.0  # seconds a record may wait for the disk before the line turns yellow


def show(report: Plain, settings: Settings) -> None:
    """Write the screen."""
    now = settings.world.now()
    ready = click.style("ready", fg="green") if report["ready"] else click.style("not ready", fg="red")
    click.echo(f"decnetd {words(report['version'])} on {words(report['host'])}: {ready}")
    started = times.local(report["started"], settings.zone)
    lines = [
        ("up", f"{times.duration(report['uptime'])}, since {started}"),
        ("deckies", _share(report["deckies_up"], report["deckies_total"])),
        ("services", _share(report["services_up"], report["services_total"])),
        ("sessions", f"{report['sessions_active']} active"),
        ("events", _events(report, now)),
        ("journal", _journal(report)),
        ("actors", f"{report['actors']}, {counted(report['restarts'], 'restart')}"),
        ("loop", f"{report['loop_lag_ms']:.1f} ms late"),
        ("memory", size(report["memory"])),
        ("disk", f"database {size(report['database_size'])}, {size(report['disk_free'])} free"),
        ("sniffer", _sniffer(report)),
        ("dashboard", words(report["dashboard"]) or "off"),
        ("config", words(report["config_files"]) or "built-in defaults"),
    ]
    for name, text in lines:
        click.echo(f"  {name:<10} {text}")
    for problem in report["problems"]:
        label = click.style(f"  !! {words(problem['code'])}", fg="yellow")
        click.echo(f"{label} {words(problem['text'])}")
        if problem["fix"]:
            click.echo(f"     fix: {words(problem['fix'])}")


def judge(report: Plain) -> int:
    """Return 0 only when the daemon is ready."""
    return 0 if report["ready"] else CATALOGUE["DN6001"].exit


def _share(up: int, total: int) -> str:
    text = f"{up} of {total} up"
    return text if up == total else click.style(text, fg="yellow")


def _events(report: Plain, now: float) -> str:
    last = report["last_event"]
    return f"{report['events_total']} kept" + ("" if last is None else f", the last {times.relative(last, now)}")


def _sniffer(report: Plain) -> str:
    packets, dropped = report["sniffer_packets"], report["sniffer_dropped"]
    text = f"{words(report['sniffer'])}: {counted(packets, 'packet')}, {dropped} dropped"
    return text if packets or dropped else words(report["sniffer"])


def _journal(report: Plain) -> str:
    if report["journal_stalled"]:
        return click.style("stalled: decoys hold their answers until the disk takes writes again", fg="red")
    text = f"{times.duration(report['journal_lag'])} behind"
    return click.style(text, fg="yellow") if report["journal_lag"] > LAG_ALARM else text


VIEW = View(show=show, judge=judge)
