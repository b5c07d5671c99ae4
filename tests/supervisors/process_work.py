"""This module holds functions that run in the processes of ProcessActor tests."""

import os
import signal


def calculator(say, start=0):
    total = start

    def answer(request):
        nonlocal total
        match request:
            case ["add", number]:
                total += number
                return total
            case ["pid"]:
                return os.getpid()
            case ["say", value]:
                say(value)
                return None
            case ["die"]:
                os.kill(os.getpid(), signal.SIGKILL)
            case ["spin"]:
                while True:
                    pass
            case ["echo", value]:
                return value
            case _:
                pass
        raise ValueError(request[0])

    return answer


def refuses(say):
    raise OSError("no work today")
