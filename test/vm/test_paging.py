# SPDX-License-Identifier: BSD-2-Clause
"""The page tables as QEMU's own walk sees them at the halt (info tlb, info mem, info registers), on several
processors, against the areas that the report lists."""
import re

import pytest

from checks import GIB, MIB, PAGE, address
from machines import MACHINES, on_machines
from qemu import Machine

HALT = ("after = halt",)
VIEW = ("info tlb", "info mem", "info registers")
CPUS = {"x86_64": ("qemu64", "max", "max,-nx", "max,-pdpe1gb"),
        "i386": ("pentium3", "max", "max,-pse", "max,-nx")}
CR4_MCE, CR4_PAE, CR4_PSE = 1 << 6, 1 << 5, 1 << 4
LARGE = {2 * MIB: "pages_2m", 4 * MIB: "pages_4m", GIB: "pages_1g", PAGE: "pages_4k"}

NAMES = [f"{arch}-cpu-{cpu}" for arch, cpus in CPUS.items() for cpu in cpus]
for arch, cpus in CPUS.items():
    for cpu in cpus:
        MACHINES[f"{arch}-cpu-{cpu}"] = Machine(arch, 4096 if arch == "x86_64" else 512, HALT, cpu=cpu,
                                                until="Halted.", monitor=VIEW)
MACHINES["i386-cpu-pae-off"] = Machine("i386", 512, ("pae = off",) + HALT, until="Halted.", monitor=VIEW)
NAMES.append("i386-cpu-pae-off")


def qemu_pages(run):
    """(virtual, physical, flags) of every page that QEMU finds, in ascending order. A virtual address of the
    upper half has its sign; flags are a set of X (not executable), C, T (memory type), W, D, A, G, U."""
    pages = []
    for virt, phys, flags in re.findall(r"^([0-9a-f]+): ([0-9a-f]+) ([-A-Z]{9})$",
                                        run.answers["info tlb"], re.M):
        # with PAE it leaves the execute-disable bit in the address
        pages.append((int(virt, 16), int(phys, 16) & (1 << 52) - 1, set(flags) - {"-"}))
    assert len(pages) > 100
    return sorted(pages, key=lambda page: page[0])


def areas(report):
    """Those with pages, as (start, end, area)."""
    return [(address(a["start"]), address(a["end"]), a) for a in report["paging"]["areas"]
            if not a["tables_only"]]


def wanted_flags(area, nx):
    return {"W"} & {"W" if area["write"] else ""} | ({"X"} if nx and not area["exec"] else set()) | \
        {"WB": set(), "WC": {"T"}, "UC": {"C", "T"}}[area["type"]]


def freed_text(report, pages):
    """Pages of code that the start gave back: no longer in the identity part."""
    shown = {virt for virt, _, _ in pages}
    return {at for start, end, area in areas(report) if area["kind"] == "identity" and area["exec"]
            and not area["write"] and area["pages_4k"] and not area["pages_2m"]
            for at in range(start, end, PAGE) if at not in shown}


def pages_of(area, start, end, pages):
    """Size and flags of each page in one area; they follow one another and lead where the area says."""
    inside = [page for page in pages if start <= page[0] < end]
    ends = [page[0] for page in inside[1:]] + [end]
    for (virt, phys, flags), stop in zip(inside, ends):
        assert phys - address(area["phys"]) == virt - start, hex(virt)
        yield virt, stop - virt, phys, flags


@on_machines(*NAMES)
def test_machine_halts_with_an_answer(run):
    assert run.end == "until"
    assert set(run.answers) == set(VIEW)


@on_machines(*NAMES)
def test_qemu_finds_the_areas_of_the_report(run):
    """Each area, page by page: address, rights, memory type, and the sizes that the report counts."""
    report, pages = run.report(), qemu_pages(run)
    nx, freed = report["paging"]["nx"], freed_text(report, pages)
    assert len(freed) <= report["memory"]["freed_init_pages"]
    met = 0
    for start, end, area in areas(report):
        gone = {at for at in freed if start <= at < end}
        if gone:
            assert gone == set(range(start, start + len(gone) * PAGE, PAGE)), "freed from the start"
            first = start + len(gone) * PAGE
            moved = dict(area, phys=hex(address(area["phys"]) + len(gone) * PAGE),
                         pages_4k=area["pages_4k"] - len(gone))
        else:
            first, moved = start, area
        sizes = dict.fromkeys(LARGE.values(), 0)
        for virt, size, phys, flags in pages_of(moved, first, end, pages):
            met += 1
            sizes[LARGE[size]] += 1
            if area["kind"] == "direct map" and phys in freed:
                assert flags & {"W", "X", "C", "T"} == ({"W", "X"} if nx else {"W"}), hex(virt)
            else:
                assert flags & {"W", "X", "C", "T"} == wanted_flags(area, nx), hex(virt)
        assert sizes == {name: moved[name] for name in sizes}, hex(start)
    assert met == len(pages), "nothing is mapped besides"


@on_machines(*NAMES)
def test_no_page_is_writable_and_executable(run):
    """Over all aliases, by physical page."""
    report, pages = run.report(), qemu_pages(run)
    if not report["paging"]["nx"]:
        pytest.skip("without NX what can be read can be executed")
    code = {phys for virt, phys, flags in pages if "X" not in flags}
    assert code and not any("W" in flags and phys in code for _, phys, flags in pages)
    assert max(code) < 1 << 40 and all(phys % PAGE == 0 for phys in code)


@on_machines(*NAMES)
def test_entries_are_plain(run):
    """Accessed always, dirty where writable, nothing global or for users; page 0 is nowhere."""
    for virt, phys, flags in qemu_pages(run):
        assert "A" in flags and not flags & {"G", "U"}, hex(virt)
        assert ("D" in flags) == ("W" in flags), hex(virt)
        assert phys != 0 and virt != 0


@on_machines(*NAMES)
def test_info_mem_agrees_with_info_tlb(run):
    """The same walk told another way: ranges with rights."""
    total = sum(int(size, 16) for size in re.findall(r"^[0-9a-f]+-[0-9a-f]+ ([0-9a-f]+) [-urw]+$",
                                                     run.answers["info mem"], re.M))
    freed = len(freed_text(run.report(), qemu_pages(run))) * PAGE
    assert total == sum(end - start for start, end, _ in areas(run.report())) - freed


@on_machines(*NAMES)
def test_paging_suits_the_processor(run):
    paging, name = run.report()["paging"], run.machine.cpu
    control = int(re.search(r"CR4=([0-9a-f]+)", run.answers["info registers"])[1], 16)
    if run.machine.arch == "x86_64":
        assert paging["levels"] == 4 and control == CR4_MCE | CR4_PAE
        assert paging["nx"] == ("-nx" not in name)
        assert (paging["pages_1g"] > 0) == (name.startswith("max") and "-pdpe1gb" not in name)
        return
    pae = name.startswith("max") and "-nx" not in name and "pae = off" not in run.machine.config
    assert paging["levels"] == (3 if pae else 2)
    assert paging["nx"] == pae
    assert (paging["pages_2m"] > 0) == pae
    assert (paging["pages_4m"] > 0) == (not pae and "-pse" not in name)
    assert control == CR4_MCE | (CR4_PAE if pae else CR4_PSE if "-pse" not in name else 0)
