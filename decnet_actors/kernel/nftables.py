"""This module loads packet filter rules into the namespace of the calling thread, and lists them, by libnftables.

The library is Debian's ``libnftables1``; without it nothing is filtered, and whoever asks is told.
"""

import ctypes
import functools

# nftables/libnftables.h
_STATELESS, _TERSE = 1 << 1, 1 << 11  # neither counters nor the elements of sets: the rules alone
_LIBRARY = "libnftables.so.1"


class NftablesError(OSError):
    """The rules could not be loaded or listed."""


def apply(text: str) -> None:
    """Load rules, all or none.

    Args:
        text: in nft's language; a line of its own ends each block.

    Raises:
        NftablesError: the library is missing, or the kernel or the library refuses.

    """
    _run(text)


def listing() -> str:
    """Return every rule there is, as the kernel has it.

    Raises:
        NftablesError: as ``apply``.

    """
    return _run("list ruleset\n")


def _run(text: str) -> str:
    library = _library()
    context = library.nft_ctx_new(0)  # its socket is of the namespace this thread is in now
    try:
        library.nft_ctx_buffer_error(context)
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_output_set_flags(context, _STATELESS | _TERSE)
        if library.nft_run_cmd_from_buffer(context, text.encode("ascii")):
            said: bytes = library.nft_ctx_get_error_buffer(context)
            raise NftablesError(said.decode("utf-8", "replace").strip().partition("\n")[0])
        listed: bytes = library.nft_ctx_get_output_buffer(context)
        return listed.decode("utf-8", "replace")
    finally:
        library.nft_ctx_free(context)


@functools.cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError as error:
        raise NftablesError(f"{_LIBRARY} is not installed (apt-get install libnftables1)") from error
    library.nft_ctx_new.argtypes = [ctypes.c_uint32]
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
    for name in ("nft_ctx_get_error_buffer", "nft_ctx_get_output_buffer"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
        getattr(library, name).restype = ctypes.c_char_p
    for name in ("nft_ctx_buffer_error", "nft_ctx_buffer_output", "nft_ctx_free"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    return library
