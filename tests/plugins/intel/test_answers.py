"""What providers answer becomes a verdict and fields; the shapes are those of their references."""

import json
from typing import Any

import pytest

from decnet_actors.contracts.intel import Answer, Key, ProviderError, said
from decnet_actors.domain.intel import Verdict
from plugins.intel.abuseipdb import PLUGIN as ABUSEIPDB
from plugins.intel.abuseipdb import AbuseIpDbConfig
from plugins.intel.feodo import PLUGIN as FEODO
from plugins.intel.feodo import FeodoConfig
from plugins.intel.greynoise import PLUGIN as GREYNOISE
from plugins.intel.greynoise import GreyNoiseConfig
from plugins.intel.threatfox import PLUGIN as THREATFOX
from plugins.intel.threatfox import ThreatFoxConfig
from tests.intel import COMMUNITY, FRIEND, KEY, LISTED, NO_RESULT, NOBODY, SCANNER, SERVER, checked, indicators, unseen

SECRET = Key(f"{KEY}\n", "file /etc/decnet/key")
greynoise = GREYNOISE.create(GreyNoiseConfig(key=SECRET), None)
abuseipdb = ABUSEIPDB.create(AbuseIpDbConfig(key=SECRET), None)
feodo = FEODO.create(FeodoConfig(), None)
threatfox = THREATFOX.create(ThreatFoxConfig(key=SECRET), None)


def answer(body: Any, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("address", "body", "status", "verdict"),
    [
        (SCANNER, COMMUNITY[SCANNER], 200, Verdict.MALICIOUS),
        (FRIEND, COMMUNITY[FRIEND], 200, Verdict.BENIGN),
        (SCANNER, {**COMMUNITY[SCANNER], "classification": "unknown"}, 200, Verdict.UNKNOWN),
        (NOBODY, unseen(NOBODY), 404, Verdict.UNKNOWN),
    ],
)
def test_greynoise(address, body, status, verdict):
    assert verdict is greynoise.read(address, answer(body, status)).verdict


@pytest.mark.parametrize(
    ("score", "verdict"),
    [
        (0, Verdict.UNKNOWN),
        (24, Verdict.UNKNOWN),
        (25, Verdict.SUSPICIOUS),
        (74, Verdict.SUSPICIOUS),
        (75, Verdict.MALICIOUS),
        (100, Verdict.MALICIOUS),
    ],
)
def test_abuseipdb_judges_by_its_score(score, verdict):
    assert verdict is abuseipdb.read(SCANNER, answer(checked(SCANNER, score))).verdict


def test_abuseipdb_has_the_categories_of_all_reports_the_most_often_named_first():
    fields = abuseipdb.read(SCANNER, answer(checked(SCANNER, 100))).fields

    assert ("ssh", "port-scan", "brute-force") == fields["categories"]
    assert "isp=Example Hosting\\x1b[31m" in said(fields)
    assert "verbose=" in abuseipdb.request(SCANNER).url


def test_feodo_knows_who_is_on_its_list():
    listed = feodo.read_list(answer(LISTED))

    assert {SERVER} == set(listed)
    assert Verdict.MALICIOUS is listed[SERVER].verdict
    assert ("QakBot", 443) == (listed[SERVER].fields["family"], listed[SERVER].fields["port"])
    assert Verdict.UNKNOWN is feodo.unlisted().verdict


def test_threatfox_takes_only_what_is_this_address_of_what_it_finds():
    found = threatfox.read(SERVER, answer(indicators(SERVER)))

    assert Verdict.MALICIOUS is found.verdict
    assert (("QakBot",), ("botnet_cc",), ("ip:port",), 75) == tuple(
        found.fields[name] for name in ("families", "threat_types", "ioc_types", "confidence")
    )
    near = threatfox.read("85.220.101.7", answer(indicators(SERVER)))
    assert Verdict.UNKNOWN is near.verdict
    assert Verdict.UNKNOWN is threatfox.read(SERVER, answer(NO_RESULT)).verdict


@pytest.mark.parametrize(
    ("provider", "body", "status", "reason"),
    [
        (greynoise, {"message": "invalid key"}, 401, "refuses the key"),
        (abuseipdb, {"errors": [{"detail": "Your API key is invalid", "status": 401}]}, 401, "refuses the key"),
        (abuseipdb, {"data": {"abuseConfidenceScore": "100"}}, 200, "makes no sense"),
        (abuseipdb, {"data": {"abuseConfidenceScore": -1}}, 200, "makes no sense"),
        (threatfox, {"query_status": "illegal_search_term"}, 200, "illegal_search_term"),
        (threatfox, {"query_status": "ok", "data": {}}, 200, "makes no sense"),
        (greynoise, {"ip": SCANNER, "classification": 5}, 200, "makes no sense"),
        (greynoise, {"message": "not found"}, 404, "makes no sense"),
        (greynoise, COMMUNITY[FRIEND], 200, "another address"),
        (greynoise, {}, 500, "status 500"),
    ],
)
def test_another_answer_is_no_opinion(provider, body, status, reason):
    with pytest.raises(ProviderError, match=reason):
        provider.read(SCANNER, answer(body, status))


def test_a_list_with_a_line_that_is_no_address_is_no_list():
    with pytest.raises(ProviderError, match="without an address"):
        feodo.read_list(answer([*LISTED, {"ip_address": "c2.example.net"}]))


def test_keys_go_in_headers_and_are_never_shown():
    for provider, header in ((greynoise, "key"), (abuseipdb, "Key"), (threatfox, "Auth-Key")):
        request = provider.request(SCANNER)

        assert KEY == request.headers[header]
        assert KEY not in request.url + repr(request) + repr(provider)


@pytest.mark.parametrize(
    "url", ["http://example.net/", "ftp://example.net/", "https://", "https://ana:x@example.net/", "https://[::/", "x"]
)
def test_a_url_that_would_show_the_key_is_refused(url):
    with pytest.raises(ValueError, match="url: "):
        GreyNoiseConfig(url=url)


@pytest.mark.parametrize("key", ["", "two\nlines", "größe", "x" * 600])
def test_what_is_no_key_is_refused_without_repeating_it(key):
    with pytest.raises(ValueError, match="holds no key") as caught:
        ThreatFoxConfig(key=Key(key, "env FOX"))
    assert not key or key not in str(caught.value)
