"""This module answers as the providers of intelligence do, on loopback; the shapes are those of their references."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "k-0123456789abcdef"
SCANNER, SERVER, NOBODY, FRIEND = "45.83.64.1", "185.220.101.7", "9.9.9.10", "8.8.8.8"

COMMUNITY = {
    SCANNER: {
        "ip": SCANNER,
        "noise": True,
        "riot": False,
        "classification": "malicious",
        "name": "unknown",
        "link": f"https://viz.greynoise.io/ip/{SCANNER}",
        "last_seen": "2026-11-20",
        "message": "Success",
    },
    FRIEND: {
        "ip": FRIEND,
        "noise": False,
        "riot": True,
        "classification": "benign",
        "name": "Google Public DNS",
        "link": f"https://viz.greynoise.io/riot/{FRIEND}",
        "last_seen": "2026-11-20",
        "message": "Success",
    },
}


def unseen(address: str) -> dict[str, Any]:
    """Return GreyNoise's answer about an address it does not know; its status is 404."""
    message = "IP not observed scanning the internet or contained in RIOT data set."
    return {"ip": address, "noise": False, "riot": False, "message": message}


def checked(address: str, score: int) -> dict[str, Any]:
    """Return AbuseIPDB's verbose answer."""
    reports = [
        {
            "reportedAt": "2026-11-20T20:55:14+00:00",
            "comment": "Failed password for root",
            "categories": categories,
            "reporterId": 1,
            "reporterCountryCode": "DE",
            "reporterCountryName": "Germany",
        }
        for categories in ([18, 22], [22], [14])
    ]
    return {
        "data": {
            "ipAddress": address,
            "isPublic": True,
            "ipVersion": 6 if ":" in address else 4,
            "isWhitelisted": None,
            "abuseConfidenceScore": score,
            "countryCode": "NL",
            "countryName": "Netherlands",
            "usageType": "Data Center/Web Hosting/Transit",
            "isp": "Example Hosting\x1b[31m",
            "domain": "example.net",
            "hostnames": [],
            "isTor": False,
            "totalReports": 3 if score else 0,
            "numDistinctUsers": 2 if score else 0,
            "lastReportedAt": "2026-11-20T20:55:14+00:00" if score else None,
            "reports": reports if score else [],
        }
    }


LISTED = [
    {
        "ip_address": SERVER,
        "port": 443,
        "status": "online",
        "hostname": None,
        "as_number": 60729,
        "as_name": "EXAMPLE-AS",
        "country": "DE",
        "first_seen": "2026-10-01 10:51:02",
        "last_online": "2026-11-21",
        "malware": "QakBot",
    }
]


def indicators(address: str) -> dict[str, Any]:
    """Return ThreatFox's answer to a search: also what merely contains the address."""
    common = {
        "threat_type": "botnet_cc",
        "threat_type_desc": "Indicator that identifies a botnet command&control server (C&C)",
        "ioc_type": "ip:port",
        "malware": "win.qakbot",
        "malware_alias": None,
        "confidence_level": 75,
        "first_seen": "2026-10-01 10:51:02 UTC",
        "last_seen": None,
        "reporter": "abuse_ch",
        "reference": None,
        "tags": None,
    }
    return {
        "query_status": "ok",
        "data": [
            {"id": "1", "ioc": f"{address}:443", "malware_printable": "QakBot", **common},
            {"id": "2", "ioc": f"1{address}:80", "malware_printable": "Mirai", **common, "confidence_level": 100},
        ],
    }


NO_RESULT = {"query_status": "no_result", "data": "Your search did not yield any results"}


class Stubs:
    """What the providers say and were asked. ``fate`` of a provider: a status, or redirect, slow, huge, garbage."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []  # provider and address
        self.headers: list[Mapping[str, str]] = []
        self.fate: dict[str, str | int] = {}
        self.scores: dict[str, int] = {SCANNER: 100, SERVER: 30}
        self.listed = LISTED
        self.released = threading.Event()
        self.base = ""

    def count(self, provider: str) -> int:
        return sum(name == provider for name, _ in self.asked)

    @property
    def options(self) -> dict[str, dict[str, Any]]:
        """The plugins' options that lead here."""
        return {
            "greynoise": {"url": f"{self.base}/greynoise", "interval": 0},
            "abuseipdb": {"url": f"{self.base}/abuseipdb", "interval": 0},
            "feodo": {"url": f"{self.base}/feodo"},
            "threatfox": {"url": f"{self.base}/threatfox", "interval": 0},
        }

    def toml(self, key_file: str) -> str:
        """Return the part of a configuration that leads here."""
        lines = []
        for name, options in self.options.items():
            lines.append(f"[intel.options.{name}]")
            lines += [f"{option} = {json.dumps(value)}" for option, value in options.items()]
            if name in {"abuseipdb", "threatfox"}:
                lines.append(f'key = {{ file = "{key_file}" }}')
        return "\n".join(lines)

    def answer(self, provider: str, address: str) -> tuple[int, Any]:
        match provider:
            case "greynoise":
                return (200, COMMUNITY[address]) if address in COMMUNITY else (404, unseen(address))
            case "abuseipdb":
                return 200, checked(address, self.scores.get(address, 0))
            case "feodo":
                return 200, self.listed
            case _:
                return 200, indicators(address) if address == SERVER else NO_RESULT


class _Handler(BaseHTTPRequestHandler):
    stubs: Stubs

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's word
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        provider = parts.path.split("/")[1]
        query = parse_qs(parts.query, keep_blank_values=True)
        if provider == "abuseipdb":
            assert "verbose" in query, "without it no report comes, and so no category"
        self.reply(provider, query["ipAddress"][0] if "ipAddress" in query else parts.path.rpartition("/")[2])

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert asked["query"] == "search_ioc"
        self.reply(self.path.split("/")[1], asked["search_term"])

    def reply(self, provider: str, address: str) -> None:
        stubs = self.stubs
        stubs.asked.append((provider, address))
        stubs.headers.append(dict(self.headers.items()))
        status, said = stubs.answer(provider, address)
        body, headers = json.dumps(said).encode(), {}
        match stubs.fate.get(provider):
            case "redirect":
                status, headers = 302, {"Location": f"{stubs.base}/elsewhere"}
            case "slow":
                stubs.released.wait(20)
            case "huge":
                body = b" " * 2**20
            case "garbage":
                body = b'{"data": [[["' + b"\xff" * 50
            case 429:
                status, headers = 429, {"Retry-After": "7200"}
            case int(other):
                status = other
            case _:
                pass
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            time.sleep(0)  # whoever asked has gone


@contextmanager
def providers(listener: socket.socket | None = None) -> Iterator[Stubs]:
    """Run the stubs; ``listener`` is their socket where it is to be in another network namespace."""
    stubs = Stubs()
    handler = type("Handler", (_Handler,), {"stubs": stubs})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler, bind_and_activate=listener is None)
    if listener is not None:
        server.socket.close()
        server.socket = listener
        server.server_address = listener.getsockname()
    server.daemon_threads = True
    stubs.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stubs
    finally:
        stubs.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
