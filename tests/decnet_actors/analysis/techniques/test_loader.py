"""Rules of an operator: what loads, and what is said of what does not."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.analysis.techniques import loader, yaml_tree
from supervisors.config import ConfigError

RULE = """- id: OWN-1
  name: Our token tried
  phase: credential_access
  on: [CredentialSeen]
  match:
    - secret: {prefix: ['tok_']}
  emits:
    - {technique: T1552.001, tactic: credential-access, confidence: 0.9}
  evidence: [user]
"""


def said(folder: Path, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        loader.load(folder)
    return [problem.line_of_text().removeprefix(f"{folder}/") for problem in refused.value.problems]


def test_rules_of_an_operator_stand_beside_the_shipped_ones(tmp_path):
    (tmp_path / "own.yaml").write_text(RULE)
    found = loader.load(tmp_path)

    assert {"OWN-1"} == found.own
    assert set(loader.load().rules) == set(found.rules) - {"OWN-1"}
    assert found.rules["OWN-1"] in found.by_kind["CredentialSeen"]


def test_a_rule_with_the_id_of_a_shipped_one_replaces_it(tmp_path):
    (tmp_path / "own.yaml").write_text(RULE.replace("OWN-1", "CRED-1"))

    assert "Our token tried" == loader.load(tmp_path).rules["CRED-1"].name


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ("T1552.001", "T9999", 8, 'technique: "T9999" is no technique that attack.yaml knows'),
        ("credential-access", "impact", 8, 'tactic "impact" is none of T1552.001: credential-access'),
        ("0.9", "2", 8, "confidence: must be <= 1"),
        ("CredentialSeen", "CredentialsSeen", 1, "did you mean CredentialSeen?"),
        ("secret:", "sekret:", 1, 'did you mean "secret"?'),
        ("[user]", "[secret]", 1, "evidence must not show secret"),
        ("prefix: ['tok_']", "regex: '(a+)+'", 6, "could be slow"),
        ("prefix:", "prefixx:", 6, "prefixx"),
        ("credential_access", "credentials", 3, "is not one of"),
        ("id: OWN-1", "id: own", 1, "id"),
        ("prefix: ['tok_']", "", 6, "expected any_of, prefix, suffix, contains or regex"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, old, new, line, text):
    found = said(tmp_path, own=RULE.replace(old, new, 1))

    assert any(one.startswith(f"own.yaml:{line}:") and text in one for one in found), found


def test_every_mistake_of_every_file_is_told_at_once(tmp_path):
    found = said(
        tmp_path,
        a=RULE.replace("T1552.001", "T1"),
        b=RULE.replace("OWN-1", "OWN-2").replace("0.9", "-1"),
        c="- id: [",
        d=RULE.replace("OWN-1", "OWN-3") + RULE.replace("OWN-1", "OWN-3"),
    )

    assert ["a.yaml", "b.yaml", "c.yaml", "d.yaml"] == [one.partition(":")[0] for one in found]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    assert ["cannot be read: No such file or directory"] == [
        one.partition(": ")[2] for one in said(tmp_path / "nowhere")
    ]


@pytest.mark.parametrize(
    "text",
    ["a: &x [1]\nb: *x", "a: !!python/object:os.system {}", "a: 1\na: 2", "[" * 50, "a: {b: [", "---\na: 1\n---\nb: 2"],
)
def test_yaml_that_could_hide_something_is_refused(text):
    with pytest.raises(ConfigError):
        yaml_tree.parse(text, "x.yaml")


def test_scalars_are_those_of_yaml_1_2():
    tree = yaml_tree.parse("on: no\nn: 3\nf: 1.5\nt: true\nq: '3'\nd: 2026-01-01\n", "x.yaml")

    assert {"on": "no", "n": 3, "f": 1.5, "t": True, "q": "3", "d": "2026-01-01"} == tree.plain()


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ConfigError):  # nothing else
        assert yaml_tree.parse(text, "x.yaml").place.file == "x.yaml"
