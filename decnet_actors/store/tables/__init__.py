"""Every table of the store.

* ``fact`` is the journal. Rows are only appended, ``seq`` has no holes, and there is no index but the primary key,
  which grows at its end: a random secondary index would make each commit dirty one page a row, which is what limits
  ingest, not SQL. So nothing looks facts up by address or time directly; it asks a small table for a range of
  ``seq`` first (``minute`` for time, ``session`` and ``source`` for their own).
* ``session``, ``source``, ``credential``, ``credential_use``, ``minute`` and ``line`` are projections: folded from
  facts (``store.projection``, ``store.transcript``) and committed with their ``cursor``, a moment later
  (``store.projector``). They could be made again from ``fact``.
* ``decky_file`` has the changes of deckies' files, by version (``store.decky_files``): the live ones are what a tree is
  put together from, the others its history.
* ``reuse_*`` and ``bait_use`` are those of an analysis (``store.reuse``), committed with its cursor.
* ``attacker``, ``attacker_visit``, ``attacker_mark`` and ``decky_mutation`` are what the profiler makes of facts
  (``store.profiles``), each row whole.
* ``intel`` and ``intel_verdict`` have what providers of intelligence said (``store.intel``); they cannot be made again.
* ``trace``, ``observation``, ``identity``, ``identity_edge``, ``identity_decision``, ``campaign``, ``campaign_member``
and ``campaign_edge`` are what analyses made of facts (``store.identity_tables``).
* ``technique_tag`` and ``technique_window`` are the techniques' study's own (``store.technique_tags``);
  ``technique_rule`` is what operators say of its rules.
* The rest is state of ours: accounts, audit, what the fleet is meant to be and what was done to it, secrets of
  personas, cursors of consumers.

Text that peers chose is stored escaped (``domain.text.escaped``), because PostgreSQL refuses NUL in text; the exact
bytes are in the fact. A change here needs a migration, and ``SCHEMA_VERSION`` names the newest one.
"""

from decnet_actors.store.tables.analyses import (
    attacker,
    attacker_fingerprint,
    attacker_mark,
    attacker_visit,
    bait_use,
    campaign,
    campaign_edge,
    campaign_member,
    decky_mutation,
    identity,
    identity_decision,
    identity_edge,
    intel,
    intel_verdict,
    observation,
    reuse_attempt,
    reuse_guesser,
    reuse_secret,
    reuse_source,
    reuse_target,
    technique_rule,
    technique_tag,
    technique_window,
    trace,
)
from decnet_actors.store.tables.evidence import (
    api_token,
    artifact,
    audit,
    credential,
    credential_use,
    cursor,
    dead_letter,
    decky_file,
    decky_secret,
    fact,
    fleet_revision,
    lifecycle,
    line,
    meta,
    minute,
    session,
    source,
    web_session,
    web_user,
)
from decnet_actors.store.tables.schema import (
    ADDRESS,
    ID,
    MAX_PAYLOAD,
    NAME,
    SCHEMA_VERSION,
    SHA256,
    Big,
    metadata,
)

__all__ = [
    "ADDRESS",
    "ID",
    "MAX_PAYLOAD",
    "NAME",
    "SCHEMA_VERSION",
    "SHA256",
    "Big",
    "api_token",
    "artifact",
    "attacker",
    "attacker_fingerprint",
    "attacker_mark",
    "attacker_visit",
    "audit",
    "bait_use",
    "campaign",
    "campaign_edge",
    "campaign_member",
    "credential",
    "credential_use",
    "cursor",
    "dead_letter",
    "decky_file",
    "decky_mutation",
    "decky_secret",
    "fact",
    "fleet_revision",
    "identity",
    "identity_decision",
    "identity_edge",
    "intel",
    "intel_verdict",
    "lifecycle",
    "line",
    "meta",
    "metadata",
    "minute",
    "observation",
    "reuse_attempt",
    "reuse_guesser",
    "reuse_secret",
    "reuse_source",
    "reuse_target",
    "session",
    "source",
    "technique_rule",
    "technique_tag",
    "technique_window",
    "trace",
    "web_session",
    "web_user",
]
