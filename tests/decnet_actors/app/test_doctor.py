"""The doctor says which file is open to others, and how to close it."""

from decnet_actors.app.doctor import _private, _unread
from decnet_actors.contracts.runtime_operations import CheckResult


def test_a_secret_that_others_may_read_fails_with_its_remedy(tmp_path):
    closed, opened = tmp_path / "closed", tmp_path / "opened"
    for path, mode in ((closed, 0o600), (opened, 0o644)):
        path.touch()
        path.chmod(mode)

    assert _unread([closed])[0] is CheckResult.OK
    assert _unread([closed, opened]) == (CheckResult.FAIL, f"{opened} has mode 644", f"chmod 600 {opened}")


def test_a_state_folder_open_to_others_fails(tmp_path):
    tmp_path.chmod(0o700)
    assert _private(tmp_path)[0] is CheckResult.OK

    tmp_path.chmod(0o755)
    assert _private(tmp_path)[0] is CheckResult.FAIL
