"""This module turns a connection that the peer opened in the clear to TLS, as its server."""

import asyncio
import ssl

HANDSHAKE = 30.0  # seconds a peer has for TLS


async def secured(
    transport: asyncio.Transport, protocol: asyncio.Protocol, context: ssl.SSLContext
) -> asyncio.Transport:
    """Return the transport to go on with, once the peer has shaken hands.

    Raises:
        OSError: there is no TLS, and nothing more to be had from the connection; ``ssl.SSLError`` is one.

    """
    if transport.is_closing():
        raise ConnectionResetError
    loop = asyncio.get_running_loop()
    made = await loop.start_tls(transport, protocol, context, server_side=True, ssl_handshake_timeout=HANDSHAKE)
    if made is None:  # closed by then
        raise ConnectionResetError
    return made
