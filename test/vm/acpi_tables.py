# SPDX-License-Identifier: BSD-2-Clause
"""Builds ACPI tables that say what QEMU's own never do (ACPI 6.4, 5.2.16 and 5.2.17); QEMU's -acpitable
hands them to the firmware and sets their checksums."""
import struct

ENABLED = 1


def table(signature, revision, body):
    return struct.pack("<4sIBB6s8sI4sI", signature, 36 + len(body), revision, 0, b"BMTEST",
                       b"BMTABLE ", 1, b"TEST", 1) + body


def memory_affinity(start, end, domain):
    return struct.pack("<BBIHQQIIQ", 1, 40, domain, 0, start, end - start, 0, ENABLED, 0)


def processor_affinity(apic, domain):
    return struct.pack("<BBBBIB3sI", 0, 16, domain, apic, ENABLED, 0, bytes(3), 0)


def srat(memory, processors=((0, 0),)):
    """memory: (start, end, domain) in bytes; processors: (APIC id, domain)."""
    entries = b"".join([processor_affinity(*p) for p in processors] +
                       [memory_affinity(*m) for m in memory])
    return table(b"SRAT", 3, struct.pack("<IQ", 1, 0) + entries)


def slit(rows):
    return table(b"SLIT", 1, struct.pack("<Q", len(rows)) + b"".join(bytes(row) for row in rows))


def spcr(port, baud=7, kind=0, space=1):
    """baud 7: 115200; space 0 is memory, 1 are I/O ports."""
    return table(b"SPCR", 2, struct.pack("<B3sBBBBQBBIBBBBBBHHBBBBIBI", kind, bytes(3), space, 8, 0, 1, port, 3, 4, 4,
                                         baud, 0, 1, 0, 3, 0, 0xffff, 0xffff, 0, 0, 0, 0, 0, 0, 0))
