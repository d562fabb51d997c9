#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""BOOT: what the stages of a start cost in the machine, in instructions.

With -icount shift=5,sleep=off QEMU's time stamp counter advances by 32 for each instruction, the same in every
run. One line for each machine: "ours BOOT MACHINE 1 INSTRUCTIONS stage=..", where INSTRUCTIONS are those from e820 to
mem_init.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../vm"))

from qemu import Machine, boot  # noqa: E402

CYCLES_PER_INSTRUCTION = 32
COUNTED = ("-icount", "shift=5,sleep=off")
SIZES = (("x86_64", 4), ("x86_64", 64), ("x86_64", 256), ("i386", 1), ("i386", 6))
# The exit is the firmware's own work, the console the serial port's.
MEASURED = ("e820", "limits", "nodes", "bootmem", "paging", "zones", "settle", "activate", "mem_init")


def machine(arch, gib):
    """Memory without reservation: a large machine has more than the host."""
    size = f"{gib}G"
    return Machine(arch, gib * 1024, ("after = poweroff", "files = off"), seconds=600, extra=(
        *COUNTED, "-object", f"memory-backend-ram,id=ram,size={size},reserve=off", "-machine", "memory-backend=ram"))


def main():
    for arch, gib in SIZES:
        timing = {t["stage"]: t["cycles"] // CYCLES_PER_INSTRUCTION
                  for t in boot(machine(arch, gib)).report()["timing"]}
        total = sum(timing[stage] for stage in MEASURED)
        print(f"ours BOOT {arch}-{gib}g 1 {total}", *(f"{k}={v}" for k, v in timing.items()), flush=True)


if __name__ == "__main__":
    main()
