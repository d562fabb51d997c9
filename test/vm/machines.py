# SPDX-License-Identifier: BSD-2-Clause
"""The machines of the tests, by name. One that several tests ask about is booted once."""
import pytest

from qemu import Machine

POWEROFF = "after = poweroff"
ARCHES = ("x86_64", "i386")
SIZES = {"48M": 48, "512M": 512, "4G": 4096, "6G": 6144}
FAULTS = ("ud", "pf", "stack", "df", "nx", "text")

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
                                                  "hostile = stale=1", POWEROFF)),
        f"{arch}-halt": Machine(arch, 512, ("after = halt",), until="Halted."),
        f"{arch}-reboot": Machine(arch, 512, ("after = reboot",)),
    }
    for fault in FAULTS:
        MACHINES[f"{arch}-fault-{fault}"] = Machine(
            arch, 512, app=f"test/{arch}/fault-{fault}.efi", until="The machine stops", seconds=60)

MACHINES["i386-pae-off"] = Machine("i386", 6144, ("pae = off", POWEROFF))

# The whole matrix of `make test-full`: machine kinds, processors, sizes between the usual ones, options.
FULL = {}
for size in (64, 80, 100, 128, 200, 256, 700, 1024, 1500, 2048, 3072, 3500, 8192, 16384):
    FULL |= {f"full-{arch}-{size}M": Machine(arch, size) for arch in ARCHES}
for cpu in ("qemu64", "max", "max,-nx", "max,-pdpe1gb", "EPYC", "Skylake-Client-v1"):
    FULL[f"full-x86_64-{cpu}"] = Machine("x86_64", 4096, cpu=cpu)
for cpu in ("qemu32", "pentium3", "max,-nx", "max,-pse", "core2duo"):
    FULL[f"full-i386-{cpu}"] = Machine("i386", 4096, cpu=cpu)
for size in (512, 3500, 6144):
    FULL[f"full-pc-{size}M"] = Machine("x86_64", size, machine="pc")
for arch in ARCHES:
    for options in ("numa = fake=3", "numa = fake=64", "mem = 48M", "reserve = 1M@1M, 3M@5M, 100M@64M"):
        FULL[f"full-{arch}-{options}"] = Machine(arch, 2048, (options, POWEROFF))
for options in ("highmem = 512M", "highmem = 0", "vmalloc = 400M", "vmalloc = 64M", "pae = off"):
    FULL[f"full-i386-{options}"] = Machine("i386", 4096, (options, POWEROFF))
MACHINES |= FULL


def on_machines(*names):
    return pytest.mark.parametrize("run", names, indirect=True)
