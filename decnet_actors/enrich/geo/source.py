"""This module opens a file of address data, whichever of the known formats it has; its content tells."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from decnet_actors.enrich.geo.errors import SourceError
from decnet_actors.enrich.geo.layer import Layer
from decnet_actors.enrich.geo.mmdb import is_mmdb, mmdb
from decnet_actors.enrich.geo.texts import MAX_LINE, delegated, iptoasn

MAX_SIZE = 512 * 2**20  # bytes of a file, unpacked
_GZIP = b"\x1f\x8b"
_SAMPLE = 64  # lines that may say nothing before the first that tells the format


def read_source(path: Path) -> Layer:
    """Read a file: a registry's statistics, a table of iptoasn, a MaxMind DB; each may be packed with gzip.

    Raises:
        SourceError: it is none of these, damaged or too large.
        OSError: it cannot be read.

    """
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    return _read(cast("BinaryIO", unpacked))  # it has all of its methods that are used
            return _read(file)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise SourceError("damaged: gzip cannot unpack it") from error


def _read(file: BinaryIO) -> Layer:
    kind = _kind(file)
    file.seek(0)
    if kind is None:
        data = file.read(MAX_SIZE + 1)
        if len(data) > MAX_SIZE:
            raise SourceError(f"larger than {MAX_SIZE} bytes")
        if not is_mmdb(data):
            raise SourceError("neither a registry's statistics, nor a table of iptoasn, nor a MaxMind DB")
        return mmdb(data)
    return (delegated if kind == "rir" else iptoasn)(_lines(file))


def _kind(file: BinaryIO) -> str | None:
    """Return the kind of text; ``None`` if it looks like none."""
    for _ in range(_SAMPLE):
        line = file.readline(MAX_LINE)
        if not line or b"\0" in line:
            return None
        if line.startswith(b"#") or not line.strip():
            continue
        if line.count(b"|") > 1:
            return "rir"
        return "iptoasn" if b"\t" in line else None
    return None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    size = 0
    while line := file.readline(MAX_LINE):
        size += len(line)
        if size > MAX_SIZE:
            raise SourceError(f"larger than {MAX_SIZE} bytes")
        yield line
