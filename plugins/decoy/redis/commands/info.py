"""This module implements INFO and what else tells of the server's state (src/server.c, genRedisInfoString)."""

import hashlib
from collections.abc import Callable, Mapping

from decnet_actors.wire import resp
from plugins.decoy.redis.catalogue import Version
from plugins.decoy.redis.client import Client, Handler, Words
from plugins.decoy.redis.keyspace import Keyspace

Field = tuple[str, object]
_NEW: Version = (7, 0)

_BUILD_IDS = {"5:7.0.15-1~deb12u10": "ae4d7c971a948f0"}  # measured
# gcc and allocator as the distributions built them.
_GCC = {"bookworm": "12.2.0", "bullseye": "10.2.1", "jammy": "11.2.0", "focal": "9.3.0", "noble": "13.2.0"}
_ALLOCATOR = {"bookworm": "jemalloc-5.3.0", "noble": "jemalloc-5.3.0"}


def human(size: int) -> str:
    """Return a size as INFO writes it (src/server.c, bytesToHuman)."""
    if size < 1024:  # noqa: PLR2004  bytes in a KiB
        return f"{size}B"
    power = min((size.bit_length() - 1) // 10, 4)
    return f"{size / 1024**power:.2f}{'BKMGT'[power]}"


def _build_id(package: str) -> str:
    """Return what every server of one package has in common."""
    return _BUILD_IDS.get(package) or hashlib.sha256(package.encode()).hexdigest()[:16].lstrip("0")


def _server(c: Client) -> list[Field]:
    s = c.server
    uptime = max(0, int(c.now - s.started))
    new = s.version >= _NEW
    fields: list[Field] = [
        ("redis_version", s.version_text),
        ("redis_git_sha1", "00000000"),
        ("redis_git_dirty", 0),
        ("redis_build_id", _build_id(s.persona.packages.get("redis", s.version_text))),
        ("redis_mode", "standalone"),
        ("os", f"Linux {s.persona.kernel} {s.persona.architecture}"),
        ("arch_bits", 64),
    ]
    if new:
        fields.append(("monotonic_clock", "POSIX clock_gettime"))
    fields += [
        ("multiplexing_api", "epoll"),
        ("atomicvar_api", "c11-builtin" if new else "atomic-builtin"),
        ("gcc_version", _GCC.get(s.persona.codename, "12.2.0")),
        ("process_id", s.process),
    ]
    if new:
        fields.append(("process_supervised", "systemd"))
    fields += [("run_id", s.run_id), ("tcp_port", s.config["port"])]
    if new:
        fields.append(("server_time_usec", int(c.now * 1_000_000)))
    fields += [
        ("uptime_in_seconds", uptime),
        ("uptime_in_days", uptime // 86_400),
        ("hz", 10),
        ("configured_hz", 10),
        ("lru_clock", int(c.now) & 0xFFFFFF),
        ("executable", "/usr/bin/redis-server"),
        ("config_file", "/etc/redis/redis.conf"),
        ("io_threads_active", 0),
    ]
    return fields


def _clients(c: Client) -> list[Field]:
    fields: list[Field] = [("connected_clients", len(c.server.clients))]
    if c.server.version >= _NEW:
        fields += [("cluster_connections", 0), ("maxclients", c.server.config["maxclients"])]
    return [
        *fields,
        ("client_recent_max_input_buffer", 20480),
        ("client_recent_max_output_buffer", 0),
        ("blocked_clients", 0),
        ("tracking_clients", 0),
        ("clients_in_timeout_table", 0),
    ]


def used_memory(c: Client) -> int:
    """Return how much memory the server would use."""
    return c.server.base_memory + 22_000 * len(c.server.clients) + c.keys.bytes


def _memory(c: Client) -> list[Field]:
    used = used_memory(c)
    start = c.server.base_memory
    resident = 5_200_000 + used * 3 // 2
    peak = max(used, start + 190_000)
    total = c.server.persona.memory_kib * 1024
    lua = 31_744
    return [
        ("used_memory", used),
        ("used_memory_human", human(used)),
        ("used_memory_rss", resident),
        ("used_memory_rss_human", human(resident)),
        ("used_memory_peak", peak),
        ("used_memory_peak_human", human(peak)),
        ("used_memory_peak_perc", f"{100 * used / peak:.2f}%"),
        ("used_memory_overhead", used - c.keys.bytes),
        ("used_memory_startup", start - 4_096),
        ("used_memory_dataset", c.keys.bytes),
        ("used_memory_dataset_perc", f"{100 * c.keys.bytes / (used - start + 4_096):.2f}%"),
        ("allocator_allocated", used + 745_000),
        ("allocator_active", used + 881_000),
        ("allocator_resident", used + 3_550_000),
        ("total_system_memory", total),
        ("total_system_memory_human", human(total)),
        ("used_memory_lua", lua),
        ("used_memory_lua_human", human(lua)),
        ("used_memory_scripts", sum(map(len, c.server.scripts.values()))),
        ("used_memory_scripts_human", human(sum(map(len, c.server.scripts.values())))),
        ("number_of_cached_scripts", len(c.server.scripts)),
        ("maxmemory", c.server.config["maxmemory"]),
        ("maxmemory_human", human(int(c.server.config["maxmemory"]))),
        ("maxmemory_policy", c.server.config["maxmemory-policy"]),
        ("allocator_frag_ratio", "1.08"),
        ("allocator_frag_bytes", 136_000),
        ("allocator_rss_ratio", f"{(used + 3_550_000) / (used + 881_000):.2f}"),
        ("allocator_rss_bytes", 2_669_000),
        ("rss_overhead_ratio", f"{resident / (used + 3_550_000):.2f}"),
        ("rss_overhead_bytes", resident - used - 3_550_000),
        ("mem_fragmentation_ratio", f"{resident / used:.2f}"),
        ("mem_fragmentation_bytes", resident - used),
        ("mem_not_counted_for_evict", 0),
        ("mem_replication_backlog", 0),
        ("mem_clients_slaves", 0),
        ("mem_clients_normal", 22_000 * len(c.server.clients)),
        ("mem_aof_buffer", 0),
        ("mem_allocator", _ALLOCATOR.get(c.server.persona.codename, "jemalloc-5.2.1")),
        ("active_defrag_running", 0),
        ("lazyfree_pending_objects", 0),
    ]


def _persistence(c: Client) -> list[Field]:
    return [
        ("loading", 0),
        ("rdb_changes_since_last_save", c.keys.changes),
        ("rdb_bgsave_in_progress", 0),
        ("rdb_last_save_time", int(c.server.saved_at)),
        ("rdb_last_bgsave_status", "ok"),
        ("rdb_last_bgsave_time_sec", 0),
        ("rdb_current_bgsave_time_sec", -1),
        ("rdb_last_cow_size", 417_792),
        ("aof_enabled", 0),
        ("aof_rewrite_in_progress", 0),
        ("aof_rewrite_scheduled", 0),
        ("aof_last_rewrite_time_sec", -1),
        ("aof_current_rewrite_time_sec", -1),
        ("aof_last_bgrewrite_status", "ok"),
        ("aof_last_write_status", "ok"),
        ("aof_last_cow_size", 0),
        ("module_fork_in_progress", 0),
        ("module_fork_last_cow_size", 0),
    ]


def _stats(c: Client) -> list[Field]:
    s = c.server
    return [
        ("total_connections_received", s.connections),
        ("total_commands_processed", s.processed),
        ("instantaneous_ops_per_sec", min(len(s.clients), 3)),
        ("total_net_input_bytes", s.read),
        ("total_net_output_bytes", s.written),
        ("instantaneous_input_kbps", f"{len(s.clients) * 0.03:.2f}"),
        ("instantaneous_output_kbps", f"{len(s.clients) * 0.21:.2f}"),
        ("rejected_connections", 0),
        ("sync_full", 0),
        ("sync_partial_ok", 0),
        ("sync_partial_err", 0),
        ("expired_keys", c.keys.expired),
        ("expired_stale_perc", "0.00"),
        ("expired_time_cap_reached_count", 0),
        ("expire_cycle_cpu_milliseconds", max(0, int((c.now - s.started) / 47))),
        ("evicted_keys", 0),
        ("keyspace_hits", c.keys.hits),
        ("keyspace_misses", c.keys.misses),
        ("pubsub_channels", len({name for other in s.clients.values() for name in other.subscriptions or ()})),
        ("pubsub_patterns", len({name for other in s.clients.values() for name in other.patterns or ()})),
        ("latest_fork_usec", 180 + s.process % 190),
        ("total_forks", 1),
        ("migrate_cached_sockets", 0),
        ("slave_expires_tracked_keys", 0),
        ("active_defrag_hits", 0),
        ("active_defrag_misses", 0),
        ("active_defrag_key_hits", 0),
        ("active_defrag_key_misses", 0),
        ("tracking_total_keys", 0),
        ("tracking_total_items", 0),
        ("tracking_total_prefixes", 0),
        ("unexpected_error_replies", 0),
        ("total_error_replies", sum(s.errors.values())),
        ("dump_payload_sanitizations", 0),
        ("total_reads_processed", s.processed + s.connections),
        ("total_writes_processed", s.processed),
        ("io_threaded_reads_processed", 0),
        ("io_threaded_writes_processed", 0),
    ]


def _replication(c: Client) -> list[Field]:
    s = c.server
    fields: list[Field] = [("role", "master" if s.master is None else "slave")]
    if s.master is not None:
        fields += [
            ("master_host", s.master[0]),
            ("master_port", s.master[1]),
            ("master_link_status", "down"),
            ("master_last_io_seconds_ago", -1),
            ("master_sync_in_progress", 0),
            ("slave_read_repl_offset", 0),
            ("slave_repl_offset", 0),
            ("master_link_down_since_seconds", max(0, int(c.now - s.master_since))),
            ("slave_priority", 100),
            ("slave_read_only", 1),
            ("replica_announced", 1),
        ]
    return [
        *fields,
        ("connected_slaves", 0),
        ("master_failover_state", "no-failover"),
        ("master_replid", s.replication_id),
        ("master_replid2", "0" * 40),
        ("master_repl_offset", 0),
        ("second_repl_offset", -1),
        ("repl_backlog_active", 0),
        ("repl_backlog_size", 1_048_576),
        ("repl_backlog_first_byte_offset", 0),
        ("repl_backlog_histlen", 0),
    ]


def _cpu(c: Client) -> list[Field]:
    uptime = max(0.0, c.now - c.server.started)
    system, user = uptime * 0.00088, uptime * 0.00061
    return [
        ("used_cpu_sys", f"{system:.6f}"),
        ("used_cpu_user", f"{user:.6f}"),
        ("used_cpu_sys_children", "0.002711"),
        ("used_cpu_user_children", "0.003214"),
        ("used_cpu_sys_main_thread", f"{system * 0.998:.6f}"),
        ("used_cpu_user_main_thread", f"{user * 0.999:.6f}"),
    ]


def _errors(c: Client) -> list[Field]:
    return [(f"errorstat_{name}", f"count={count}") for name, count in sorted(c.server.errors.items())]


def _keyspace(c: Client) -> list[Field]:
    fields: list[Field] = []
    keys: Keyspace = c.keys
    for number, database in enumerate(keys.databases):
        if count := keys.count(number, c.ms):
            left = [when - c.ms for when in database.expiries.values()]
            average = sum(left) // len(left) if left else 0
            fields.append((f"db{number}", f"keys={count},expires={len(left)},avg_ttl={average}"))
    return fields


_SECTIONS: Mapping[str, Callable[[Client], list[Field]]] = {
    "Server": _server,
    "Clients": _clients,
    "Memory": _memory,
    "Persistence": _persistence,
    "Stats": _stats,
    "Replication": _replication,
    "CPU": _cpu,
    "Modules": lambda _: [],
    "Errorstats": _errors,
    "Cluster": lambda _: [("cluster_enabled", 0)],
    "Keyspace": _keyspace,
}
_EVERYTHING = {b"all", b"default", b"everything"}


def info(c: Client, words: Words) -> bytes:
    """Answer INFO: the sections asked for, in the server's order."""
    wanted = {word.lower() for word in words[1:]}
    whole = not wanted or not wanted.isdisjoint(_EVERYTHING)
    parts = []
    for name, section in _SECTIONS.items():
        if whole or name.lower().encode() in wanted:
            lines = [f"# {name}", *(f"{key}:{value}" for key, value in section(c))]
            parts.append("\r\n".join(lines) + "\r\n")
    return resp.bulk("\r\n".join(parts).encode())


COMMANDS: Mapping[str, Handler] = {"info": info}
