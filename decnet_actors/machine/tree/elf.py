"""This module makes binaries that look like binaries: an ELF header of the machine, then plausible bytes."""

import struct
import zlib
from collections.abc import Mapping

from attrs import frozen

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.chance import derived


@frozen
class Target:
    """What a processor's programs are (System V ABI; processor supplements)."""

    machine: int  # e_machine
    bits: int  # EI_CLASS
    order: str  # EI_DATA
    flags: int  # e_flags
    loaders: Mapping[str, str]  # by C library

    @property
    def ident(self) -> bytes:
        """EI_CLASS and EI_DATA."""
        return bytes((self.bits // 32, 1 if self.order == "little" else 2))


_UCLIBC = {"uclibc": "/lib/ld-uClibc.so.0"}
_EABI5 = 0x0500_0002
_TARGETS: Mapping[str, Target] = {
    "x86_64": Target(62, 64, "little", 0, {"glibc": "/lib64/ld-linux-x86-64.so.2", "musl": "/lib/ld-musl-x86_64.so.1"}),
    "i686": Target(3, 32, "little", 0, {"glibc": "/lib/ld-linux.so.2"}),
    "aarch64": Target(183, 64, "little", 0, {"glibc": "/lib/ld-linux-aarch64.so.1"}),
    "armv5tejl": Target(40, 32, "little", _EABI5, _UCLIBC),
    "armv7l": Target(40, 32, "little", _EABI5, {"glibc": "/lib/ld-linux-armhf.so.3", **_UCLIBC}),
    "mips": Target(8, 32, "big", 0x5000_1007, {"glibc": "/lib/ld.so.1", **_UCLIBC}),
    "mipsel": Target(8, 32, "little", 0x5000_1007, {"glibc": "/lib/ld.so.1", **_UCLIBC}),
}
_PIE = 3  # ET_DYN
_WIDE = 64  # bits of ELFCLASS64


def machine_of(data: bytes) -> int | None:
    """Return ``e_machine`` of an ELF file, ``None`` if it is not one."""
    if len(data) < 20 or data[:4] != b"\x7fELF":  # noqa: PLR2004  through e_machine
        return None
    return int.from_bytes(data[18:20], "big" if data[5] == 2 else "little")  # noqa: PLR2004  EI_DATA, MSB


def runs_on(data: bytes, machine: str) -> bool:
    """Return whether an ELF file would start on a persona's ``machine`` (32-bit x86 does on 64-bit)."""
    found, target = machine_of(data), _TARGETS.get(machine)
    if found is None or target is None:
        return False
    native = found == target.machine and data[4:6] == target.ident
    return native or (machine == "x86_64" and found == _TARGETS["i686"].machine)


def interpreter(persona: Persona) -> str:
    """Return the path of the dynamic loader that the machine's programs name."""
    return _TARGETS[persona.machine].loaders[persona.libc]


_MARK = b"exit\0stdout\0"


def program_name(data: bytes) -> str:
    """Return which of our programs a binary is a copy of, nothing if of none."""
    at = data.find(_MARK, 0, 4096)
    if at < 0:
        return ""
    end = data.find(b"\0", at + len(_MARK), at + 64)
    return data[at + len(_MARK) : end].decode("ascii", "replace") if end > 0 else ""


def binary(name: str, size: int, persona: Persona) -> bytes:
    """Return ``size`` bytes of an executable; the same for every machine with the same release (a package)."""
    build = f"{persona.distribution}{persona.release}"
    target = _TARGETS[persona.machine]
    wide = target.bits == _WIDE
    order, word = "<" if target.order == "little" else ">", "Q" if wide else "I"
    header, program, width = (64, 56, 64) if wide else (52, 32, 40)
    count, sections = 13, 30
    entry = 0x4000 + zlib.crc32(name.encode()) % 0x3000 // 16 * 16
    ident = b"\x7fELF" + target.ident + b"\x01\0" + bytes(8)
    table = max(size - sections * width, 0)
    fields = (_PIE, target.machine, 1, entry, header, table, target.flags, header, program, count, width, sections)
    head = ident + struct.pack(f"{order}HHI{word}{word}{word}IHHHHHH", *fields, sections - 1)
    rng = derived(0, build, name)
    loader = interpreter(persona).encode() + b"\0"
    span = program * count
    place = header + span
    if wide:
        rows = (6, 4, header, header, header, span, span, 8), (3, 4, place, place, place, len(loader), len(loader), 1)
    else:
        rows = (6, header, header, header, span, span, 4, 4), (3, place, place, place, len(loader), len(loader), 4, 1)
    shape = f"{order}{'IIQQQQQQ' if wide else 'IIIIIIII'}"
    body = bytearray(head + b"".join(struct.pack(shape, *row) for row in rows))
    body += rng.randbytes(program * (count - len(rows)))
    body += loader + b"\0\0" + b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0" + rng.randbytes(20)
    body += b"\0libc.so.6\0" if persona.libc == "glibc" else b"\0libc.so.0\0"
    body += b"__libc_start_main\0__cxa_finalize\0__stack_chk_fail\0setlocale\0"
    body += _MARK + name.encode() + b"\0"
    if len(body) < size:
        block = rng.randbytes(min(size, 65536))
        while len(body) < size:
            body += block + bytes(len(block) // 8)
    return bytes(body[:size])
