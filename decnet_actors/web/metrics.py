"""This module writes Prometheus metrics from the same answers the console shows; no label holds a peer's text."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any

from aiohttp import web
from attrs import frozen
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

Json = Mapping[str, Any]  # Any: JSON
Source = Callable[[], Awaitable[Json]]


@frozen(kw_only=True)
class Sources:
    """Where numbers come from.

    ``status`` and ``tree`` give the results of the operations status.show and actor.tree, ``streams`` the open
    live streams.
    """

    status: Source
    tree: Source
    streams: Callable[[], int]


_GAUGES = (
    ("decnet_ready", "ready", "Whether the daemon is ready."),
    ("decnet_sessions_active", "sessions_active", "Sessions open now."),
    ("decnet_deckies_up", "deckies_up", "Deckies that serve."),
    ("decnet_deckies", "deckies_total", "Deckies in the fleet."),
    ("decnet_services_up", "services_up", "Services that listen."),
    ("decnet_journal_lag_seconds", "journal_lag", "Age of the oldest record that is not durable yet."),
    ("decnet_loop_lag_ms", "loop_lag_ms", "How late the event loop is."),
    ("decnet_memory_bytes", "memory", "Resident memory."),
    ("decnet_database_bytes", "database_size", "Size of the database."),
    ("decnet_disk_free_bytes", "disk_free", "Free space where the database lies."),
    ("decnet_start_time_seconds", "started", "When the daemon started, Unix seconds."),
)


def nodes(tree: Json) -> Iterator[Json]:
    """Yield every actor of a tree."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.get("children", ())))


def families(status: Json, tree: Json, streams: int) -> Iterator[Metric]:
    """Yield the metrics."""
    for name, key, text in _GAUGES:
        if status.get(key) is not None:
            yield GaugeMetricFamily(name, text, value=float(status[key]))
    yield CounterMetricFamily("decnet_events", "Facts recorded.", value=float(status.get("events_total", 0)))
    yield GaugeMetricFamily("decnet_sse_clients", "Open live streams.", value=float(streams))
    build = GaugeMetricFamily("decnet_build_info", "The running version.", labels=["version"])
    build.add_metric([str(status.get("version", ""))], 1.0)
    yield build
    restarts = CounterMetricFamily("decnet_actor_restarts", "Restarts of an actor.", labels=["actor"])
    depth = GaugeMetricFamily("decnet_mailbox_depth", "Messages that wait.", labels=["actor"])
    dropped = CounterMetricFamily("decnet_mailbox_dropped", "Messages dropped by a full mailbox.", labels=["actor"])
    running = GaugeMetricFamily("decnet_actor_running", "Whether an actor runs.", labels=["actor"])
    for node in nodes(tree):
        labels = [str(node["path"])]
        restarts.add_metric(labels, float(node.get("restarts", 0)))
        depth.add_metric(labels, float(node.get("mailbox_depth", 0)))
        dropped.add_metric(labels, float(node.get("dropped", 0)))
        running.add_metric(labels, float(node.get("state") == "running"))
    yield from (restarts, depth, dropped, running)


class _Fixed(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def page(metrics: Iterable[Metric]) -> bytes:
    """Return the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Fixed(metrics))
    return generate_latest(registry)


class MetricsRoutes:
    """Answers ``/metrics`` on its own listener."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def routes(self) -> list[web.RouteDef]:
        """Return the route."""
        return [web.get("/metrics", self.metrics)]

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer a scrape."""
        del request
        sources = self._sources
        body = page(families(await sources.status(), await sources.tree(), sources.streams()))
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
