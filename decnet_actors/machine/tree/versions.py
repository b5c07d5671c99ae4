"""This module writes ``/proc/version``: the kernel, and what it was compiled with."""

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.chance import derived


def version(persona: Persona) -> str:
    """Return ``/proc/version``."""
    if persona.distribution == "debian":
        gcc = {"11": "gcc-10 (Debian 10.2.1-6) 10.2.1 20210110", "12": "gcc-12 (Debian 12.2.0-14) 12.2.0"}[
            persona.release
        ]
        binutils = {"11": "2.35.2", "12": "2.40"}[persona.release]
        return (
            f"Linux version {persona.kernel} (debian-kernel@lists.debian.org) ({gcc}, GNU ld (GNU "
            f"Binutils for Debian) {binutils}) "
            f"{persona.kernel_build}\n"
        )
    if persona.embedded:
        gcc = {"2.6": "4.3.3", "3.0": "4.4.1", "3.1": "4.7.2", "4.1": "8.4.0"}[persona.kernel[:3]]
        return f"Linux version {persona.kernel} (root@localhost) (gcc version {gcc} (GCC) ) {persona.kernel_build}\n"
    if persona.distribution == "alpine":
        return (
            f"Linux version {persona.kernel} (buildozer@build-{persona.release.replace('.', '-')}-x86_64) "
            "(gcc (Alpine 12.2.1_git20220924-r10) 12.2.1 20220924, GNU ld (GNU Binutils) 2.40) "
            f"{persona.kernel_build}\n"
        )
    if persona.distribution == "rocky":
        return (
            f"Linux version {persona.kernel} (mockbuild@iad1-prod-build001.bld.equ.rockylinux.org) "
            "(gcc (GCC) 11.4.1 20231218 (Red Hat 11.4.1-3), GNU ld version 2.35.2-43.el9) "
            f"{persona.kernel_build}\n"
        )
    gcc, binutils = {
        "20.04": ("gcc version 9.4.0 (Ubuntu 9.4.0-1ubuntu1~20.04.2)", ""),
        "22.04": ("x86_64-linux-gnu-gcc-11 (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0", "2.38"),
        "24.04": ("x86_64-linux-gnu-gcc-13 (Ubuntu 13.2.0-23ubuntu4) 13.2.0", "2.42"),
    }[persona.release]
    tools = f"{gcc}, GNU ld (GNU Binutils for Ubuntu) {binutils}" if binutils else gcc
    builder = derived(0, persona.kernel).randrange(10, 120)
    return f"Linux version {persona.kernel} (buildd@lcy02-amd64-{builder:03d}) ({tools}) {persona.kernel_build}\n"
