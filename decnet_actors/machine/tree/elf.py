"""This module makes binaries that look like binaries: an ELF header of the machine, then plausible bytes."""

import struct
import zlib

from decnet_actors.machine.chance import derived

# e_machine, 64-bit, little endian, dynamic loader (System V ABI; processor supplements).
_MACHINES: dict[str, tuple[int, bool, bool, str]] = {
    "x86_64": (62, True, True, "/lib64/ld-linux-x86-64.so.2"),
    "i686": (3, False, True, "/lib/ld-linux.so.2"),
    "aarch64": (183, True, True, "/lib/ld-linux-aarch64.so.1"),
    "armv7l": (40, False, True, "/lib/ld-linux-armhf.so.3"),
    "mips": (8, False, False, "/lib/ld.so.1"),
}
_PIE = 3  # ET_DYN


def machine_of(data: bytes) -> int | None:
    """Return ``e_machine`` of an ELF file, ``None`` if it is not one."""
    if len(data) < 20 or data[:4] != b"\x7fELF":  # noqa: PLR2004  through e_machine
        return None
    return int.from_bytes(data[18:20], "big" if data[5] == 2 else "little")  # noqa: PLR2004  EI_DATA, MSB


def runs_on(data: bytes, architecture: str) -> bool:
    """Return whether an ELF file would start on the architecture (32-bit x86 does on 64-bit)."""
    machine = machine_of(data)
    return machine == _MACHINES.get(architecture, (None,))[0] or (architecture == "x86_64" and machine == 3)  # noqa: PLR2004  EM_386


_MARK = b"exit\0stdout\0"


def program_name(data: bytes) -> str:
    """Return which of our programs a binary is a copy of, nothing if of none."""
    at = data.find(_MARK, 0, 4096)
    if at < 0:
        return ""
    end = data.find(b"\0", at + len(_MARK), at + 64)
    return data[at + len(_MARK) : end].decode("ascii", "replace") if end > 0 else ""


def binary(name: str, size: int, architecture: str, build: str) -> bytes:
    """Return ``size`` bytes of an executable; the same for every machine with the same ``build`` (a package)."""
    machine, wide, little, loader = _MACHINES[architecture]
    order = "<" if little else ">"
    ident = b"\x7fELF" + bytes((2 if wide else 1, 1 if little else 2, 1, 0)) + bytes(8)
    word = "Q" if wide else "I"
    entry, header, program, count = 0x4000 + zlib.crc32(name.encode()) % 0x3000 // 16 * 16, *(64, 56, 13)
    if not wide:
        header, program = 52, 32
    sections, width = max(size - 30 * (64 if wide else 40), 0), 64 if wide else 40
    head = ident + struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH",
        _PIE,
        machine,
        1,
        entry,
        header,
        sections,
        0,
        header,
        program,
        count,
        width,
        30,
        29,
    )
    rng = derived(0, build, name)
    phdr = struct.pack(
        f"{order}{'IIQQQQQQ' if wide else 'IIIIIIII'}",
        *(
            (6, 4, header, header, header, program * count, program * count, 8)
            if wide
            else (6, header, header, header, 416, 416, 4, 4)
        ),
    )
    body = bytearray(head + phdr + rng.randbytes(program * (count - 1)))
    body += loader.encode() + b"\0\0\0" + b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0" + rng.randbytes(20)
    body += b"\0libc.so.6\0__libc_start_main\0__cxa_finalize\0__stack_chk_fail\0setlocale\0"
    body += _MARK + name.encode() + b"\0"
    if len(body) < size:
        block = rng.randbytes(min(size, 65536))
        while len(body) < size:
            body += block + bytes(len(block) // 8)
    return bytes(body[:size])
