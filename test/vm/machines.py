# SPDX-License-Identifier: BSD-2-Clause
"""The machines of the tests, by name. One that several tests ask about is booted once."""
import os
import random

import pytest

from qemu import Machine
from shell import script

POWEROFF = "after = poweroff"
VIEW = ("info tlb", "info mem", "info registers")
ARCHES = ("x86_64", "i386")
SIZES = {"48M": 48, "512M": 512, "4G": 4096, "6G": 6144}
REFUSED = ": Aborted"  # what OVMF says after an application has refused to go on
FAULTS = ("ud", "pf", "stack", "df", "nx", "text")
EARLY_FAULTS = ("settle-ud", "settle-mc")  # between the exit and our page tables

SIZED = [f"{arch}-{size}" for arch in ARCHES for size in SIZES]

MACHINES = {f"{arch}-{size}": Machine(arch, memory)
            for arch in ARCHES for size, memory in SIZES.items()}
# In 48 MiB the 32-bit OVMF starts with little room left: it must keep less than its usual 16 MiB for
# SMM, and can't read a FAT volume, so QEMU hands it the application.
MACHINES["i386-48M"] = Machine("i386", 48, tseg=8, direct=True)
MACHINES["x86_64-pc"] = Machine("x86_64", 512, machine="pc")


def viewed(arch, memory, config=(), **more):
    """Halts in the end, and QEMU says what it sees then."""
    return Machine(arch, memory, (*config, "after = halt"), until="Halted.", monitor=VIEW, **more)


for arch in ARCHES:
    MACHINES |= {
        f"{arch}-no-serial": Machine(arch, 512, serial=False),
        f"{arch}-report": Machine(arch, 512, ("mode = report",), until="UiApp"),
        f"{arch}-mem": Machine(arch, 512, ("mem = 100M", POWEROFF)),
        f"{arch}-reserve": Machine(arch, 512, ("reserve = 16M@64M, 5K@0x9001800",
                                               "badram = 1@0xa000fff", POWEROFF)),
        f"{arch}-badram": Machine(arch, 512, ("badram = 1M@0, 2G@2G", POWEROFF)),
        f"{arch}-bad-config": Machine(arch, 512, ("# a test", "mem = lots", "colour = red",
                                                  "hostile = slow=1", POWEROFF)),
        f"{arch}-halt": Machine(arch, 512, ("after = halt",), until="Halted."),
        f"{arch}-reboot": Machine(arch, 512, ("after = reboot",)),
    }
    for fault in FAULTS + EARLY_FAULTS:
        MACHINES[f"{arch}-fault-{fault}"] = Machine(
            arch, 512, app=f"test/{arch}/fault-{fault}.efi", until="The machine stops")


# --- the screen ------------------------------------------------------------------------------------

NO_VGA = ("-vga", "none")
NEXT = ("pgdn",) * 6  # pages of the report at 640 by 480


def display(*device):
    return (*NO_VGA, *[word for name in device for word in ("-device", name)])


def shown(arch, *extra, keys=NEXT, until="Halted.", config=("after = halt",), memory=4096, **more):
    return Machine(arch, memory, config, until=until, screen=True, keys=keys, extra=extra, **more)


# OVMF's 32-bit build has no driver for all of them.
DISPLAYS = {
    "std": (),
    "640": display("VGA,edid=on,xres=640,yres=480"),
    "1080": display("VGA,edid=on,xres=1920,yres=1080"),
}
SCREENS = {f"{arch}-screen-{name}": shown(arch, *extra, keys=NEXT if name == "640" else NEXT[:3])
           for arch in ARCHES for name, extra in DISPLAYS.items()}
SCREENS["x86_64-screen-two"] = shown("x86_64", *display("VGA", "bochs-display"), keys=NEXT[:3])
SCREENS["x86_64-screen-ramfb"] = shown("x86_64", *display("ramfb"))
SCREENS["x86_64-screen-bochs"] = shown("x86_64", *display("bochs-display"), keys=NEXT[:3])
for arch in ARCHES:
    RESETS = ("-action", "reboot=reset")
    SCREENS |= {
        f"{arch}-screen-only": shown(arch, keys=(), config=("after = halt", "console = screen"),
                                     until="END BOOTMEM REPORT"),
        f"{arch}-screen-off": shown(arch, keys=(), config=("after = halt", "console = serial")),
        f"{arch}-screen-silent": shown(arch, keys=(), until="", until_colour=0x8fc9a3, serial=False),
        f"{arch}-screen-none": Machine(arch, 512, ("after = halt",), until="Halted.", extra=NO_VGA),
        f"{arch}-screen-fault": shown(arch, keys=(), until="The machine stops", memory=512,
                                      app=f"test/{arch}/fault-stack.efi"),
        f"{arch}-screen-only-fault": Machine(arch, 512, ("console = screen",), app=f"test/{arch}/fault-pf.efi",
                                             until="The machine stops"),
        f"{arch}-mute": Machine(arch, 512, ("console = serial", "serial = off", POWEROFF)),
        f"{arch}-crumb": Machine(arch, 512, app=f"test/{arch}/fault-pf.efi", reset_at="The machine stops",
                                 until="address 0x10.", extra=RESETS),
        f"{arch}-crumb-early": Machine(arch, 512, app=f"test/{arch}/fault-settle-mc.efi", reset_at="The machine stops",
                                       until="exception 18", extra=RESETS),
        f"{arch}-crumb-clean": Machine(arch, 512, ("after = halt",), reset_at="Halted.",
                                       until="page of RAM", extra=RESETS),
    }
MACHINES |= SCREENS

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
FULL |= {f"full-{arch}-u-boot-{size}M": Machine(arch, size, machine="pc", firmware="u-boot")
         for arch in ARCHES for size in (128, 256, 1024, 2048, 3500, 6144)}
MACHINES |= FULL


# --- entry states --------------------------------------------------------------------------------

# QEMU's own emulation has no CR4.PCIDE to offer, but keeps it and the bits of CR3 that go with it.
PCID = "max,+pcid,x-force-features=on"
LITTLE_LOW = ("-machine", "max-ram-below-4g=256M")  # most of the memory above 4 GiB


def entered(arch, *states, memory=512, config=(), **more):
    return viewed(arch, memory, config, entry=states, **more)


def with_registers(arch, *states, **more):
    """The application that prints the page attribute table in the end: QEMU's monitor does not."""
    return entered(arch, *states, app=f"test/{arch}/registers.efi", **more)


ENTRY = {
    "x86_64-entry-la57": entered("x86_64", "la57"),
    "x86_64-entry-high": entered("x86_64", "high", extra=LITTLE_LOW),
    "x86_64-entry-cr4": entered("x86_64", "cr4", "efer", cpu=PCID),
    "x86_64-entry-no-nx": with_registers("x86_64", "no-nx", "cr0", "pat"),
    "i386-entry-off": entered("i386", "off"),
    "i386-entry-pae": entered("i386", "pae", "no-nx"),
    "i386-entry-two-level": entered("i386", "two-level"),
    "i386-entry-cr4": with_registers("i386", "cr4", "cr0", "efer", "pat"),
}
FULL_ENTRY = {
    "full-x86_64-entry-all": with_registers("x86_64", "la57", "high", "cr4", "efer", "pat", cpu=PCID,
                                            extra=LITTLE_LOW),
    "full-x86_64-entry-la57-6G": entered("x86_64", "la57", "no-nx", "cr0", memory=6144),
    "full-x86_64-entry-high-6G": entered("x86_64", "high", memory=6144),
    "full-i386-entry-off-pae-off": entered("i386", "off", config=("pae = off",)),
    "full-i386-entry-pae-pae-off": entered("i386", "pae", "cr4", config=("pae = off",)),
    "full-i386-entry-two-level-pae-off": entered("i386", "two-level", config=("pae = off",)),
    "full-i386-entry-two-level-all": with_registers("i386", "two-level", "no-nx", "cr4", "cr0", "efer",
                                                    "pat"),
    "full-i386-entry-pae-6G": entered("i386", "pae", "no-nx", "cr4", memory=6144),
}

# --- U-Boot ---------------------------------------------------------------------------------------


def u_boot(arch, memory=512, **more):
    return Machine(arch, memory, machine="pc", firmware="u-boot", **more)


def u_boot_viewed(arch, memory=512, config=(), **more):
    return viewed(arch, memory, config, machine="pc", firmware="u-boot", **more)


# It runs mfence, so it needs SSE2: a Pentium III has none.
U_BOOT_CPUS = ("pentium3,+sse2", "max,-pse", "qemu32,-pse,-pae")

U_BOOT = {f"{arch}-u-boot": u_boot(arch) for arch in ARCHES}
# Of what is below 4 GiB little is left but the pages around those where this build has its page tables.
U_BOOT |= {"x86_64-u-boot-low": u_boot_viewed("x86_64", 4096, ("reserve = 3071M@1M, 192K@64K",),
                                              entry=("as-is",)),
           "i386-u-boot-3500M": u_boot_viewed("i386", 3500, entry=("as-is",))}
U_BOOT |= {f"i386-u-boot-{cpu}": u_boot_viewed("i386", cpu=cpu) for cpu in U_BOOT_CPUS}
FULL_U_BOOT = {f"full-x86_64-u-boot-{cpu}": u_boot_viewed("x86_64", cpu=cpu)
               for cpu in ("qemu64", "max", "max,-nx")}
FULL_U_BOOT |= {f"full-i386-u-boot-3500M-{cpu}": u_boot_viewed("i386", 3500, cpu=cpu, entry=("as-is",))
                for cpu in U_BOOT_CPUS}
FULL_U_BOOT |= {
    "full-x86_64-u-boot-la57": u_boot_viewed("x86_64", entry=("la57",)),
    "full-i386-u-boot-two-level": u_boot_viewed("i386", entry=("two-level",)),
    "full-i386-u-boot-pae": u_boot_viewed("i386", entry=("pae",)),
}

# --- hostile firmware -----------------------------------------------------------------------------

HOSTILE_MAP = "hostile = stale=3,grow=3,stride=56,nested=20,unsorted=7,zero=5,refuse=5"
HOSTILE_STARTS = (
    "mode=report hostile=pages=1",
    "mode=report hostile=pages=2,stale=1",
    "mode=report hostile=pages=9,grow=30,stride=64",
    "hostile=refuse=1000",
    "hostile=stride=44",
    "hostile=stride=264",
    "hostile=grow=300",
    "kernel=bootmem.conf hostile=pool=1",
    "kernel=bootmem.conf hostile=pages=1",
    "mode=report hostile=nested=500,unsorted=2,zero=9",
    "mode=report hostile=noconout=1,nogop=1",
)
HOSTILE = {f"{arch}-hostile-map": Machine(arch, 512, (HOSTILE_MAP, POWEROFF)) for arch in ARCHES}
HOSTILE |= {f"{arch}-hostile-dark": Machine(arch, 512, ("hostile = noconout=1,nogop=1", POWEROFF))
            for arch in ARCHES}
HOSTILE |= {f"{arch}-hostile-u-boot": u_boot(arch, config=(
    "hostile = stale=2,grow=1,stride=64,nested=9,unsorted=1,zero=2,refuse=2", POWEROFF)) for arch in ARCHES}
HOSTILE_BOOTS = tuple(HOSTILE)
HOSTILE |= {f"{arch}-hostile-stale": Machine(arch, 512, ("hostile = stale=65", POWEROFF))
            for arch in ARCHES}
HOSTILE |= {f"{arch}-hostile-starts": Machine(arch, 512, ("serial = auto",), shell=script(*HOSTILE_STARTS),
                                              seconds=240) for arch in ARCHES}
HOSTILE["x86_64-hostile-secure"] = Machine("x86_64", 512, ("hostile = stale=2,nogop=1", POWEROFF), secure=True)
HOSTILE["x86_64-secure-unsigned"] = Machine("x86_64", 512, secure=True, app="x86_64/bootmem.efi", until="Access Denied")
MACHINES |= HOSTILE

# --- the stick ------------------------------------------------------------------------------------

# U-Boot looks on neither xHCI nor NVMe by itself.
STICKS = {f"{arch}-stick-{drive}": Machine(arch, 512, drive=drive)
          for arch in ARCHES for drive in ("usb", "nvme", "virtio", "ahci")}
STICKS |= {f"{arch}-u-boot-stick-{drive}": u_boot(arch, drive=drive)
           for arch in ARCHES for drive in ("ehci", "virtio", "ahci")}
# A report is there already; 4 more starts than are kept; neither room nor right to write.
OLDER = (("../esp/readme.txt", "/bootmem/report.txt"),)
FILES = {
    "x86_64-files-rotate": Machine("x86_64", 512, ("mode = report",), files=OLDER, fetch=True, seconds=200, shell=script(
        "reserve=4K@1M", "reserve=4K@2M", "reserve=4K@3M", "reserve=4K@4M", "reserve=4K@5M", "files=off", "mode=boot after=poweroff")),
    "i386-files": Machine("i386", 512, fetch=True),
    "i386-files-full": Machine("i386", 512, fetch=True, files=OLDER, free=10240),
    "i386-files-read-only": Machine("i386", 512, fetch=True, drive="read-only"),
    "x86_64-files-no-pool": Machine("x86_64", 512, ("hostile = pool=1", POWEROFF), fetch=True),
    "x86_64-files-u-boot": u_boot("x86_64", fetch=True, files=OLDER),
}
MACHINES |= STICKS | FILES

# A boot entry with options of its own, made in the shell: the next start is the boot manager's.
for arch in ARCHES:
    MACHINES[f"{arch}-boot-entry"] = Machine(
        arch, 512, ("mem = 200M", "after = halt"), extra=("-action", "reboot=reset"),
        shell=("bcfg boot add 0 fs0:\\bootmem.efi bootmem", 'bcfg boot -opt 0x0 "^"mem=100M after=poweroff^""', "reset"))

# --- odd configuration files ------------------------------------------------------------------------

RUBBISH = random.Random(7).randbytes(30000)
ODD = {
    "x86_64-conf-utf16": Machine("x86_64", 512, "\ufeffmem = 100M\r\nafter = poweroff".encode("utf-16-le")),
    "i386-conf-utf16": Machine("i386", 512, "\ufeffmem = 100M\r\nafter = poweroff".encode("utf-16-be")),
    "x86_64-conf-crlf": Machine("x86_64", 512, b"\xef\xbb\xbfmem = 1G\r\n# mem\r\n\r\nmem = 100M\r\nafter = poweroff"),
    "x86_64-conf-rubbish": Machine("x86_64", 512, RUBBISH, until="Halted."),
    "i386-conf-huge": Machine("i386", 512, b"mem = 100M\n" * 100000, until="Halted."),
    "x86_64-conf-empty": Machine("x86_64", 512, b"", until="Halted."),
}
MACHINES |= ODD

# --- serial ports -----------------------------------------------------------------------------------

COM2 = 0x2f8
SPCR = {
    "x86_64-spcr": Machine("x86_64", 512, spcr=(COM2,), keep=("com2",)),
    "i386-spcr": Machine("i386", 512, spcr=(COM2, 3), keep=("com2",)),
    # No machine of QEMU's has a port in memory: nothing answers there.
    "x86_64-spcr-memory": Machine("x86_64", 512, spcr=(0xfe034010, 7, 0, 0), fetch=True),
    "i386-spcr-memory": Machine("i386", 512, spcr=(0xfe034010, 7, 0, 0), fetch=True),
    "x86_64-spcr-ram": Machine("x86_64", 512, spcr=(0x8000000, 7, 0, 0)),
    "x86_64-spcr-absent": Machine("x86_64", 512, spcr=(0x3e8,), keep=("com2",)),
    "x86_64-spcr-overruled": Machine("x86_64", 512, ("serial = ttyS0,57600", POWEROFF), spcr=(COM2,), keep=("com2",)),
}
MACHINES |= SPCR

MACHINES |= ENTRY | FULL_ENTRY | U_BOOT | FULL_U_BOOT
# Those that depend on FULL.
ALL_ENTRY = ENTRY | (FULL_ENTRY if os.environ.get("FULL") else {})
ALL_U_BOOT = U_BOOT | (FULL_U_BOOT if os.environ.get("FULL") else {})


def on_machines(*names):
    return pytest.mark.parametrize("run", names, indirect=True)
