# SPDX-License-Identifier: BSD-2-Clause
"""The machines of the tests, by name. One that several tests ask about is booted once."""
import pytest

from qemu import Machine

POWEROFF = "after = poweroff"
ARCHES = ("x86_64", "i386")
SIZES = {"48M": 48, "512M": 512, "4G": 4096, "6G": 6144}
FAULTS = ("ud", "pf", "stack", "df", "nx")

SIZED = [f"{arch}-{size}" for arch in ARCHES for size in SIZES]

MACHINES = {f"{arch}-{size}": Machine(arch, memory)
            for arch in ARCHES for size, memory in SIZES.items()}
# In 48 MiB the 32-bit OVMF starts with little room left: it must keep less than its usual 16 MiB for
# SMM, and can't read a FAT volume, so QEMU hands it the application.
MACHINES["i386-48M"] = Machine("i386", 48, tseg=8, direct=True)
MACHINES["x86_64-pc"] = Machine("x86_64", 512, machine="pc")

for arch in ARCHES:
    MACHINES |= {
        f"{arch}-no-serial": Machine(arch, 512, serial=False),
        f"{arch}-report": Machine(arch, 512, ("mode = report",), until="UiApp"),
        f"{arch}-mem": Machine(arch, 512, ("mem = 100M", POWEROFF)),
        f"{arch}-reserve": Machine(arch, 512, ("reserve = 16M@64M, 5K@0x9001800",
                                               "badram = 1@0xa000fff", POWEROFF)),
        f"{arch}-bad-config": Machine(arch, 512, ("# a test", "mem = lots", "colour = red",
                                                  "kernel = none.elf", POWEROFF)),
        f"{arch}-halt": Machine(arch, 512, ("after = halt",), until="Halted."),
        f"{arch}-reboot": Machine(arch, 512, ("after = reboot",)),
    }
    for fault in FAULTS:
        MACHINES[f"{arch}-fault-{fault}"] = Machine(
            arch, 512, app=f"test/{arch}/fault-{fault}.efi", until="The machine stops", seconds=60)

MACHINES["i386-pae-off"] = Machine("i386", 6144, ("pae = off", POWEROFF))


def on_machines(*names):
    return pytest.mark.parametrize("run", names, indirect=True)
