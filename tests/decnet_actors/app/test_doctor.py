"""The doctor says which file is open to others, and how to close it."""

import pytest

from decnet_actors.app.doctor import GROUPS_OWN, PRIVATE, _private, _unread
from decnet_actors.contracts.runtime_operations import CheckResult


def test_a_secret_that_others_may_read_fails_with_its_remedy(tmp_path):
    closed, opened = tmp_path / "closed", tmp_path / "opened"
    for path, mode in ((closed, 0o600), (opened, 0o644)):
        path.touch()
        path.chmod(mode)

    assert _unread([closed])[0] is CheckResult.OK
    assert _unread([closed, opened]) == (CheckResult.FAIL, f"{opened} has mode 644", f"chmod 600 {opened}")


@pytest.mark.parametrize(
    ("mode", "forbidden", "result", "remedy"),
    [
        (0o700, PRIVATE, CheckResult.OK, ""),
        (0o750, PRIVATE, CheckResult.FAIL, "chmod 700"),
        (0o755, PRIVATE, CheckResult.FAIL, "chmod 700"),
        (0o700, GROUPS_OWN, CheckResult.OK, ""),
        (0o750, GROUPS_OWN, CheckResult.OK, ""),
        (0o770, GROUPS_OWN, CheckResult.FAIL, "chmod 750"),
        (0o751, GROUPS_OWN, CheckResult.FAIL, "chmod 750"),
    ],
)
def test_a_folder_open_to_more_than_it_should_be_fails(tmp_path, mode, forbidden, result, remedy):
    tmp_path.chmod(mode)
    got = _private(tmp_path, forbidden)

    assert got[0] is result
    assert got[2] == (f"{remedy} {tmp_path}" if remedy else "")
