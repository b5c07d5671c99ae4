"""This module is an open file of an sftp session: what is being written to it, or what is left to list."""

from attrs import define


@define(kw_only=True)
class OpenFile:
    """A handle. ``data`` is what is being written; ``names`` what is being listed."""

    path: str
    data: bytearray | None = None
    append: bool = False
    readable: bool = False
    changed: bool = False
    cut: bool = False  # the peer sent more than there was room for
    names: list[str] | None = None

    def put(self, offset: int, data: bytes, room: int) -> int | None:
        """Write bytes and return by how many the file grew, ``None`` if that is more than ``room``."""
        kept = bytearray() if self.data is None else self.data
        offset = len(kept) if self.append else offset
        grown = max(0, offset + len(data) - len(kept))
        if grown > room:
            self.cut = True
            return None
        if offset > len(kept):
            kept.extend(bytes(offset - len(kept)))
        kept[offset : offset + len(data)] = data
        self.data = kept
        self.changed = True
        return grown

    def resize(self, size: int, room: int) -> int | None:
        """Cut or extend the file and return by how much it grew, ``None`` if that is more than ``room``."""
        kept = bytearray() if self.data is None else self.data
        grown = size - len(kept)
        if grown > room:
            return None
        self.changed = self.changed or grown != 0
        self.data = kept[:size].ljust(size, b"\0")
        return grown
