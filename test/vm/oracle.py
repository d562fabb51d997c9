# SPDX-License-Identifier: BSD-2-Clause
"""The virtual machines on which we are compared with Linux, and where their goldens are.

Both programs start on the same machine with the same options. Ours is booted by the tests; what
Linux printed there is a golden, which test/oracle/record.py writes.
"""
import dataclasses
import functools
import hashlib
import pathlib
import subprocess

import acpi_tables
import linux_log
from qemu import BUILD, Machine

GOLDENS = pathlib.Path(__file__).resolve().parents[1] / "oracle" / "goldens"
TABLES = BUILD / "oracle" / "tables"
MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Case:
    """Memory in MiB; options are those of both programs; numa_nodes are (MiB, ...) of QEMU's nodes, 0
    for a node of a processor only; tables are ACPI tables of our own."""
    arch: str
    memory: int
    options: tuple = ()
    numa_nodes: tuple = ()
    distances: tuple = ()
    tables: tuple = ()
    overcommit: bool = False
    kernel: str = ""  # which stock kernel, where it is not the architecture's usual one

    def machine(self):
        return Machine(self.arch, self.memory, (*self.options, "after = poweroff"),
                       extra=(*backend(self), *numa(self), *acpi(self)))


def backend(case):
    """More memory than the host has is only promised."""
    if not case.overcommit:
        return ()
    return ("-object", f"memory-backend-ram,id=ram,size={case.memory}M,reserve=off",
            "-machine", "memory-backend=ram")


def numa(case):
    """One processor for each node; memory follows in the order of the nodes."""
    words = []
    for nid, mebibytes in enumerate(case.numa_nodes):
        memdev = ""
        if mebibytes:
            words += ["-object", f"memory-backend-ram,id=ram{nid},size={mebibytes}M"]
            memdev = f",memdev=ram{nid}"
        words += ["-numa", f"node,nodeid={nid},cpus={nid}{memdev}"]
    for here, row in enumerate(case.distances):
        words += [word for there, far in enumerate(row) if there > here
                  for word in ("-numa", f"dist,src={here},dst={there},val={far}")]
    return (*words, "-smp", str(len(case.numa_nodes))) if words else ()


def acpi(case):
    words = []
    for table in case.tables:
        path = TABLES / f"{hashlib.sha256(table).hexdigest()[:16]}.aml"
        TABLES.mkdir(parents=True, exist_ok=True)
        path.write_bytes(table)
        words += ["-acpitable", f"file={path}"]
    return tuple(words)


# q35 has 2 GiB below the 4 GiB line when there is more in all, and the rest from 4 GiB on.
def affinity(*ranges):
    return acpi_tables.srat([(start * MIB, end * MIB, nid) for start, end, nid in ranges])


INTERLEAVED = affinity((0, 1024, 0), (1024, 2048, 1), (4096, 5120, 0), (5120, 6144, 1))
FINE = affinity((0, 96, 0), (96, 160, 1), (160, 1024, 0))
CONTRADICTORY = affinity((0, 1024, 0), (512, 1024, 1))
INCOMPLETE = affinity((0, 512, 0))
UNRULY_DISTANCES = acpi_tables.slit([(10, 5), (20, 10)])
DISTANCES = ((10, 16, 30, 24), (16, 10, 20, 28), (30, 20, 10, 12), (24, 28, 12, 10))

# 144 and 112 MiB are the least, in steps of 16, in which these kernels and their firmware start.
CASES = {
    "x86_64-144M": Case("x86_64", 144),
    "x86_64-512M": Case("x86_64", 512),
    "x86_64-4G": Case("x86_64", 4096),
    "x86_64-6G": Case("x86_64", 6144),
    "x86_64-64G": Case("x86_64", 64 * 1024, overcommit=True),
    "x86_64-512G": Case("x86_64", 512 * 1024, overcommit=True),
    "x86_64-mem-3G": Case("x86_64", 6144, ("mem=3G",)),
    "x86_64-numa-2": Case("x86_64", 1024, numa_nodes=(512, 512)),
    "x86_64-numa-4": Case("x86_64", 4096, numa_nodes=(1024,) * 4, distances=DISTANCES),
    "x86_64-numa-empty": Case("x86_64", 2048, numa_nodes=(1024, 0, 1024)),
    "x86_64-numa-across": Case("x86_64", 6144, numa_nodes=(3072, 3072)),
    "x86_64-numa-off": Case("x86_64", 1024, ("numa=off",), numa_nodes=(512, 512)),
    "x86_64-srat-interleaved": Case("x86_64", 4096, tables=(INTERLEAVED,)),
    "x86_64-srat-fine": Case("x86_64", 1024, tables=(FINE,)),
    "x86_64-srat-contradictory": Case("x86_64", 1024, tables=(CONTRADICTORY,)),
    "x86_64-srat-incomplete": Case("x86_64", 1024, tables=(INCOMPLETE,)),
    "x86_64-slit-unruly": Case("x86_64", 4096, tables=(INTERLEAVED, UNRULY_DISTANCES)),
    "i386-112M": Case("i386", 112),
    "i386-512M": Case("i386", 512),
    "i386-1G": Case("i386", 1024),
    "i386-4G": Case("i386", 4096),
    "i386-6G": Case("i386", 6144),
    "i386-no-pae": Case("i386", 6144, ("pae=off",), kernel="i386-nopae"),
    "i386-mem-600M": Case("i386", 6144, ("mem=600M",)),
    "i386-vmalloc": Case("i386", 6144, ("vmalloc=256M",)),
    "i386-vmalloc-unneeded": Case("i386", 512, ("vmalloc=256M",)),
    "i386-highmem": Case("i386", 512, ("highmem=64M",)),
    "i386-highmem-less": Case("i386", 4096, ("highmem=512M",)),
    "i386-highmem-none": Case("i386", 4096, ("highmem=0",)),
    "i386-highmem-too-much": Case("i386", 512, ("highmem=480M",)),
    "i386-highmem-too-big": Case("i386", 4096, ("highmem=8G",)),
}

# Stock 32-bit kernels know no nodes: what the 64-bit one reads in the same SRAT is what to expect.
I386_NUMA = {f"i386-{name}": (f"x86_64-{name}",
                              dataclasses.replace(CASES[f"x86_64-{name}"], arch="i386"))
             for name in ("numa-2", "numa-4", "numa-empty", "numa-across", "srat-interleaved",
                          "srat-fine")}


# --- goldens ----------------------------------------------------------------------------------------


@functools.cache
def platform(arch):
    """What decides the firmware's map besides the machine: the firmware itself, and QEMU."""
    code = Machine(arch, 0).ovmf[0]
    version = subprocess.run(["qemu-system-x86_64", "--version"], check=True, capture_output=True,
                             text=True).stdout.split("\n")[0]
    return f"{version}; {code.name} {hashlib.sha256(code.read_bytes()).hexdigest()[:16]}"


def golden_path(name):
    return GOLDENS / f"{name}.log"


@functools.cache
def golden(name):
    """Header (key -> text, from lines "# key: text") and log lines."""
    lines = golden_path(name).read_text().splitlines()
    header = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    return header, [line for line in lines if not line.startswith("# ")]


def linux(name):
    return linux_log.read(golden(name)[1])
