"""The same lab without root: a user namespace is enough to make deckies, personalities included."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOTLESS = ["unshare", "--user", "--map-root-user", "--net", "--"]
ROOT = Path(__file__).parents[4]


@pytest.mark.slow
@pytest.mark.parametrize("tests", ["test_driver.py", "test_leases.py"])
def test_the_driver_works_in_a_user_namespace(tests):
    if subprocess.run([*ROOTLESS, "true"], capture_output=True, check=False).returncode:
        pytest.skip("the kernel allows no user namespaces here")
    if tests == "test_leases.py" and shutil.which("dnsmasq") is None:
        pytest.skip("dnsmasq is not installed")
    # A stranger is another user, and a user namespace of one user has none.
    options = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-rs", "-k", "not stranger"]
    done = subprocess.run(
        [*ROOTLESS, sys.executable, "-m", "pytest", *options, str(Path(__file__).with_name(tests))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "skipped" not in done.stdout, done.stdout
