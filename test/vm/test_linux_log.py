# SPDX-License-Identifier: BSD-2-Clause
"""The reader of Linux's logs, on a small log whose numbers were worked out by hand, and on every
golden, where two things that Linux prints apart must agree."""
import dataclasses

import pytest

import acpi_tables
import linux_log
import oracle

SECTION_PAGES = 1 << 15

# Two nodes, 16 MiB + 16 MiB; a hole of 3 pages in the first, and the second without a DMA part.
LOG = """\
[    0.000000] Linux version 6.1.0
[    0.000000] BIOS-provided physical RAM map:
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable
[    0.000000] BIOS-e820: [mem 0x00000000000a3000-0x0000000000ffffff] usable
[    0.000000] BIOS-e820: [mem 0x0000000001000000-0x0000000001000fff] ACPI NVS
[    0.000000] BIOS-e820: [mem 0x0000000001001000-0x0000000001ffffff] usable
[    0.000000] a line that matters to nobody
[    0.000000] last_pfn = 0x2000 max_arch_pfn = 0x10000000000
[    0.000000] ACPI: SRAT: Node 0 PXM 0 [mem 0x00000000-0x00ffffff]
[    0.000000] ACPI: SRAT: Node 1 PXM 7 [mem 0x01000000-0x01ffffff]
[    0.043366] Zone ranges:
[    0.043366]   DMA      [mem 0x0000000000001000-0x0000000000ffffff]
[    0.043366]   DMA32    [mem 0x0000000001000000-0x0000000001ffffff]
[    0.043366]   Normal   empty
[    0.043366] Movable zone start for each node
[    0.043366] Early memory node ranges
[    0.043366]   node   0: [mem 0x0000000000001000-0x000000000009ffff]
[    0.043366]   node   0: [mem 0x00000000000a3000-0x0000000000ffffff]
[    0.043366]   node   1: [mem 0x0000000001001000-0x0000000001ffffff]
[    0.043366] Initmem setup node 0 [mem 0x0000000000001000-0x0000000000ffffff]
[    0.043366] Initmem setup node 1 [mem 0x0000000001001000-0x0000000001ffffff]
[    0.043366] Initmem setup node 2 as memoryless
[    0.043366] On node 0, zone DMA: 1 pages in unavailable ranges
[    0.043366] On node 0, zone DMA: 3 pages in unavailable ranges
[    0.043366] On node 1, zone DMA32: 1 pages in unavailable ranges
[    0.043366] On node 1, zone DMA32: 24576 pages in unavailable ranges
[    0.052654] Fallback order for Node 0: 0 1
[    0.052654] Fallback order for Node 1: 1 0
[    0.052654] Fallback order for Node 2: 2 1 0
[    0.077347] Memory: 12000K/32748K available (1K kernel code)
[    0.080000] Early memory node ranges that come too late
"""


def read(log=LOG):
    return linux_log.read(linux_log.trim(log))


def test_trim_keeps_memory_lines_without_stamps():
    lines = linux_log.trim(LOG.replace("\n", "\r\n"))
    assert lines[0] == "Linux version 6.1.0"
    assert lines[-1].startswith("Memory: 12000K")
    assert "a line that matters to nobody" not in lines
    assert not any("[    0." in line for line in lines)


def test_trim_of_an_unfinished_log_is_nothing():
    assert linux_log.trim(LOG[:LOG.index("Memory:")]) is None


def test_table():
    assert read().e820 == [(0, 0xa0000, "ram"), (0xa3000, 0x1000000, "ram"),
                           (0x1000000, 0x1001000, "nvs"), (0x1001000, 0x2000000, "ram")]


def test_table_after_mem_is_merged():
    """Linux cuts RAM at its boot loader's data, in the middle of a page."""
    log = LOG.replace("[    0.000000] a line", """\
[    0.000000] user: [mem 0x0000000000000000-0x0000000000000807] usable
[    0.000000] user: [mem 0x0000000000000808-0x0000000000000fff] usable
[    0.000000] user: [mem 0x0000000000001000-0x0000000000001fff] reserved
[    0.000000] a line""")
    assert read(log).e820 == [(0, 0x1000, "ram"), (0x1000, 0x2000, "reserved")]


def test_unknown_type_is_an_error():
    with pytest.raises(KeyError):
        read(LOG.replace("ACPI NVS", "type 20"))


def test_facts():
    linux = read()
    assert linux.ranges == {0: [(1, 0xa0), (0xa3, 0x1000)], 1: [(0x1001, 0x2000)], 2: []}
    assert linux.boundaries == {"DMA": (1, 0x1000), "DMA32": (0x1000, 0x2000)}
    assert linux.srat == [(0, 0x1000, 0), (0x1000, 0x2000, 1)]
    assert linux.fallback == {0: [0, 1], 1: [1, 0], 2: [2, 1, 0]}
    assert linux.last_pfn == [0x2000] and linux.low_ram == 0
    assert linux.present_pages == 8187


def test_span_that_contradicts_the_ranges_is_an_error():
    with pytest.raises(AssertionError):
        read(LOG.replace("Initmem setup node 1 [mem 0x0000000001001000",
                         "Initmem setup node 1 [mem 0x0000000001000000"))


def test_nodes():
    assert [(n["nid"], n["start_pfn"], n["end_pfn"], n["present_pages"])
            for n in linux_log.nodes(read())] == [(0, 1, 0x1000, 0xffc), (1, 0x1001, 0x2000, 0xfff)]


def test_zones():
    assert linux_log.zones(read()) == [
        {"nid": 0, "name": "DMA", "start_pfn": 1, "spanned_pages": 0xfff, "present_pages": 0xffc},
        {"nid": 1, "name": "DMA32", "start_pfn": 0x1001, "spanned_pages": 0xfff,
         "present_pages": 0xfff}]


def test_holes():
    linux = read()
    assert linux_log.holes(linux, SECTION_PAGES) == linux.holes
    assert linux_log.holes(linux, SECTION_PAGES // 2) != linux.holes


def test_limits():
    linux = read()
    assert linux_log.limits(linux) == {"max_low_pfn": 0x2000, "max_pfn": 0x2000,
                                       "highstart_pfn": 0x2000, "highend_pfn": 0x2000}
    low = dataclasses.replace(linux, low_ram=0x1800)
    assert linux_log.limits(low)["max_low_pfn"] == 0x1800


# --- every golden ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", oracle.CASES)
def test_golden_agrees_with_itself(name):
    """The sum over what we take for its zones is the number of pages that Linux counted."""
    linux = oracle.linux(name)
    assert sum(zone["present_pages"] for zone in linux_log.zones(linux)) == linux.present_pages
    if oracle.CASES[name].arch == "x86_64":
        assert linux_log.holes(linux, SECTION_PAGES) == linux.holes


@pytest.mark.parametrize("name", oracle.CASES)
def test_golden_is_of_its_case(name):
    case, header = oracle.CASES[name], oracle.golden(name)[0]
    options = header["command"].partition("-append '")[2].partition("'")[0].split()
    assert options[options.index("nokaslr") + 1:] in (list(case.options), ["efi=debug", *case.options])
    assert f"-m {case.memory} " in header["command"] and f"vmlinuz-{case.kernel or case.arch} " in header["command"]
    flavour = {"x86_64": "cloud-amd64", "i386": "686-pae", "i386-nopae": "686"}[case.kernel or case.arch]
    assert header["kernel"].split()[0].endswith("-" + flavour)
    for argument in case.machine().extra:
        assert argument.rpartition("/")[2] in header["command"]


def test_every_golden_is_used():
    assert {path.stem for path in oracle.GOLDENS.iterdir()} == set(oracle.CASES)


# --- tables of our own ------------------------------------------------------------------------------------


def test_tables_have_the_sizes_of_the_specification():
    srat = acpi_tables.srat([(0, 1 << 30, 0), (1 << 30, 2 << 30, 1)])
    assert len(srat) == 36 + 12 + 16 + 2 * 40
    assert int.from_bytes(srat[4:8], "little") == len(srat)
    assert len(acpi_tables.slit([(10, 20), (20, 10)])) == 36 + 8 + 4
