from prometheus_client.parser import text_string_to_metric_families

from decnet_actors.web.metrics import families, page

STATUS = {"ready": True, "version": "0.1.0", "sessions_active": 3, "events_total": 42, "journal_lag": 0.5}
TREE = {
    "path": "decnetd",
    "state": "running",
    "children": [{"path": "decnetd/web", "state": "backoff", "restarts": 2, "mailbox_depth": 5, "dropped": 1}],
}


def test_metrics_parse_and_tell_what_the_console_tells() -> None:
    text = page(families(STATUS, TREE, 4)).decode()
    samples = {
        (sample.name, sample.labels.get("actor", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    assert 42.0 == samples["decnet_events_total", ""]
    assert 3.0 == samples["decnet_sessions_active", ""]
    assert 4.0 == samples["decnet_sse_clients", ""]
    assert 2.0 == samples["decnet_actor_restarts_total", "decnetd/web"]
    assert 5.0 == samples["decnet_mailbox_depth", "decnetd/web"]
    assert (1.0, 0.0) == (samples["decnet_actor_running", "decnetd"], samples["decnet_actor_running", "decnetd/web"])
