"""This module tells of the processor, as ``/proc/cpuinfo`` and ``lscpu`` do."""

import re

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.names import CPUS, KVM_CPUS
from decnet_actors.machine.releases import Board, find
from decnet_actors.machine.tree.storage import is_virtual


def clock_mhz(persona: Persona) -> float:
    """Return the processor's clock, from its name where that tells it."""
    found = re.search(r"([\d.]+)GHz", persona.cpu_model)
    base = float(found[1]) * 1000 if found else 2000 + persona.seed % 9 * 100
    return round(base - 0.5 + persona.seed % 1000 / 1000, 3)


def cpu_numbers(persona: Persona) -> tuple[int, int, int]:
    """Return family, model and stepping."""
    for name, family, model, stepping in (*CPUS, *KVM_CPUS):
        if name == persona.cpu_model:
            return family, model, stepping
    return 6, 85, 4


def cpuinfo(persona: Persona) -> str:
    """Return ``/proc/cpuinfo``."""
    board = find(persona.distribution, persona.release).board
    if board is None:
        return _of_pc(persona)
    return _of_mips(board) if board.architecture == "mips" else _of_arm(board)


def _of_arm(board: Board) -> str:
    processor = f"Processor\t: {board.cpu}\nBogoMIPS\t: {board.bogomips:.2f}\n\nFeatures\t: {board.features} \n"
    rows = "".join(
        f"{name:<16}: {value}\n" if name == "CPU architecture" else f"{name}\t: {value}\n"
        for name, value in board.details
    )
    return f"{processor}{rows}\nHardware\t: {board.system}\nRevision\t: 0000\nSerial\t\t: 0000000000000000\n"


def _of_mips(board: Board) -> str:
    rows = "".join(f"{name:<24}: {value}\n".replace(" " * 8, "\t") for name, value in board.details)
    return f"system type\t\t: {board.system}\n" + "".join(
        f"processor\t\t: {number}\ncpu model\t\t: {board.cpu}\nBogoMIPS\t\t: {board.bogomips:.2f}\n{rows}"
        f"ASEs implemented\t: {board.features}\nshadow register sets\t: 1\ncore\t\t\t: {number}\n"
        "VCED exceptions\t\t: not available\nVCEI exceptions\t\t: not available\n\n"
        for number in range(board.cpus)
    )


def _of_pc(persona: Persona) -> str:
    family, model, stepping = cpu_numbers(persona)
    vendor = "AuthenticAMD" if "AMD" in persona.cpu_model else "GenuineIntel"
    mhz = clock_mhz(persona)
    flags = (
        "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr "
        "sse sse2 ht syscall nx rdtscp lm "
    )
    flags += (
        "constant_tsc rep_good nopl cpuid pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 x2apic movbe "
        "popcnt aes xsave avx rdrand"
    )
    flags += " hypervisor lahf_lm" if is_virtual(persona) else " lahf_lm"
    return "".join(
        f"processor\t: {i}\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\nmodel "
        f"name\t: {persona.cpu_model}\n"
        f"stepping\t: {stepping}\nmicrocode\t: 0x1\ncpu MHz\t\t: {mhz:.3f}\ncache size\t: 16384 KB\n"
        f"physical id\t: 0\nsiblings\t: {persona.cpu_count}\n"
        f"core id\t\t: {i}\ncpu cores\t: {persona.cpu_count}\napicid\t\t: {i}\nfpu\t\t: yes\nfpu_exception\t: "
        "yes\ncpuid level\t: 13\nwp\t\t: yes\n"
        f"flags\t\t: {flags}\nbogomips\t: {mhz * 2:.2f}\nclflush size\t: 64\ncache_alignment\t: 64\n"
        "address sizes\t: 46 bits physical, 48 bits virtual\npower management:\n\n"
        for i in range(persona.cpu_count)
    )
