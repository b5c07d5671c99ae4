"""A telnet server that speaks a daemon's rounds and does nothing else: ``python -m benchmarks.bare_telnet PORT``.

It looks at nothing that is sent, keeps nothing and records nothing, so what it costs is what the rounds cost.
"""

import asyncio
import sys
from typing import Any

import uvloop

from plugins.decoy.telnet.daemons import INETUTILS
from plugins.decoy.telnet.dialogue import opening

PROMPT = b"bench login: "
ROUNDS = (
    b"\xff\xfb\x03\xff\xfd\x01\xff\xfd\x22\xff\xfd\x1f\xff\xfb\x05\xff\xfd\x21",
    b"\xff\xfb\x01\xff\xfd\x06\xff\xfd\x00\r\nLinux 6.1.0-31-amd64 (bench) (pts/0)\r\n\r\n" + PROMPT,
    b"bench\r\nPassword: ",
    b"\r\n\r\nLogin incorrect\r\n" + PROMPT,
)


class Rounds(asyncio.Protocol):
    """One connection: whatever comes, the next answer."""

    def connection_made(self, transport: Any) -> None:
        self.write = transport.write
        self.answers = iter(ROUNDS)
        self.write(opening(INETUTILS))

    def data_received(self, data: bytes) -> None:  # noqa: ARG002  asyncio's signature
        self.write(next(self.answers, b""))


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Rounds, "127.0.0.1", port, backlog=2048)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
