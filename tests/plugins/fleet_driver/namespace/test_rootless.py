"""The same lab without root: a user namespace is enough to make deckies, personalities included."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOTLESS = ["unshare", "--user", "--map-root-user", "--net", "--"]
ROOT = Path(__file__).parents[4]
TESTS = Path(__file__).with_name("test_driver.py")


@pytest.mark.slow
def test_the_driver_works_in_a_user_namespace():
    if subprocess.run([*ROOTLESS, "true"], capture_output=True, check=False).returncode:
        pytest.skip("the kernel allows no user namespaces here")
    # A stranger is another user, and a user namespace of one user has none.
    options = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-rs", "-k", "not stranger"]
    done = subprocess.run(
        [*ROOTLESS, sys.executable, "-m", "pytest", *options, str(TESTS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "skipped" not in done.stdout, done.stdout
