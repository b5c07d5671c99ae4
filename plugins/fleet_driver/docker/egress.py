"""This module closes a container's way out: only sockets that we opened in its network namespace may send.

Ours carry a mark, which the connections they accept inherit and which nobody without CAP_NET_ADMIN can set; a container
has no capability at all. So no connection tracking is needed, and the container can neither call anybody nor answer for
itself. The rules are put in from outside by libnftables (Debian's ``libnftables1``) and cannot be seen from inside.
"""

import ctypes
import functools

from plugins.fleet_driver.docker.errors import FilterError

MARK = 0xDEC0
_LIBRARY = "libnftables.so.1"
_TABLE = "table inet decnet"
# A new namespace forwards packets when the host does, and a host with Docker does: the deckies are no routers.
# Docker's own resolver listens on 127.0.0.11 and would ask the world on the container's behalf. What the kernel itself
# answers, such as that a port is closed, has no socket and so no mark: a reset or ICMP error of its own is no call.
_RULES = f"""add {_TABLE}
delete {_TABLE}
{_TABLE} {{
 chain out {{
  type filter hook output priority -140; policy drop;
  ip daddr 127.0.0.11 drop
  oifname "lo" accept
  meta mark {MARK} accept
  tcp flags & rst == rst accept
  icmp type {{ echo-reply, timestamp-reply, destination-unreachable }} accept
 }}
 chain through {{
  type filter hook forward priority -140; policy drop;
 }}
}}
"""


def close() -> None:
    """Let only marked packets out of the calling thread's namespace; may be done again.

    Raises:
        FilterError: it cannot be enforced here.

    """
    _run(_RULES)


def is_closed() -> bool:
    """Whether the calling thread's namespace is closed."""
    try:
        _run(f"list {_TABLE}\n")
    except FilterError:
        return False
    return True  # the rules were put in together with the table, and nobody inside can change them


def _run(text: str) -> None:
    library = _library()
    context = library.nft_ctx_new(0)  # its netlink socket is of the namespace this thread is in
    try:
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_buffer_error(context)
        if library.nft_run_cmd_from_buffer(context, text.encode("ascii")):
            said: bytes = library.nft_ctx_get_error_buffer(context)
            raise FilterError(said.decode("utf-8", "replace").strip().partition("\n")[0])
    finally:
        library.nft_ctx_free(context)


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise FilterError(f"{_LIBRARY} is not installed: apt-get install libnftables1") from error
    library.nft_ctx_new.argtypes = [ctypes.c_uint32]
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.nft_ctx_get_error_buffer.argtypes = [ctypes.c_void_p]
    library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
    for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error", "nft_ctx_free"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    return library
