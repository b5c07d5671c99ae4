"""This module sets up what every test relies on: hypothesis profiles and a quiet log."""

import os
import signal

from hypothesis import HealthCheck, settings

from supervisors import log

# A shell that runs this in the background has it ignore Ctrl-C, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# derandomize: a test run is a function of the sources; the nightly run looks for news.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "nightly",
    max_examples=10_000,  # a hundred times the default
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
log.configure("critical")
