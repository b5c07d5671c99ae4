import pytest

from decnet_actors.app.run import _where
from decnet_actors.fleet.decky_operations import ServiceRow, ServiceState


@pytest.mark.parametrize(
    ("state", "port", "error", "shown"),
    [
        (ServiceState.UP, 2222, "", "127.77.0.1:2222"),
        (ServiceState.DOWN, 0, "the port is taken", "DOWN  the port is taken"),
        (ServiceState.STOPPED, 0, "", "stopped, as was wanted"),
    ],
)
def test_the_greeting_tells_what_is_down_from_what_is_stopped(state, port, error, shown) -> None:
    row = ServiceRow(
        decky="web-01", service="ssh", state=state, address="127.77.0.1", port=port, claimed_port=22, error=error
    )

    assert _where(row) == shown
