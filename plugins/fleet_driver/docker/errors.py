"""This module defines the errors of the docker driver.

EngineError
    OSError: the engine was reached and refuses; ``status`` is its answer's HTTP status
"""


class EngineError(OSError):
    """The engine was reached and refuses."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
