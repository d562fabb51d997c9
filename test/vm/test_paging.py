# SPDX-License-Identifier: BSD-2-Clause
"""The page tables as QEMU's own walk sees them at the halt (info tlb, info mem, info registers), on several
processors, after every entry state and from both firmwares, against the areas that the report lists; and the
registers that the switch defines."""
import re

from checks import GIB, MIB, PAGE, address, owners, ram
from machines import ALL_ENTRY, ALL_U_BOOT, MACHINES, VIEW, on_machines, viewed

CPUS = {"x86_64": ("qemu64", "max", "max,-nx", "max,-pdpe1gb"),
        "i386": ("pentium3", "max", "max,-pse", "max,-nx")}
CR0 = 0x80010033  # PG, WP, NE, ET, MP, PE
CR4_MCE, CR4_PAE, CR4_PSE, CR4_LA57 = 1 << 6, 1 << 5, 1 << 4, 1 << 12
EFER_LONG_MODE, EFER_NXE = 0x500, 0x800
GUARDS = (1, 10, 13, 16, 19)  # ARCH_CPU_GUARDS
LARGE = {2 * MIB: "pages_2m", 4 * MIB: "pages_4m", GIB: "pages_1g", PAGE: "pages_4k"}

NAMES = [f"{arch}-cpu-{cpu}" for arch, cpus in CPUS.items() for cpu in cpus]
for arch, cpus in CPUS.items():
    for cpu in cpus:
        MACHINES[f"{arch}-cpu-{cpu}"] = viewed(arch, 4096 if arch == "x86_64" else 512, cpu=cpu)
MACHINES["i386-cpu-pae-off"] = viewed("i386", 512, ("pae = off",))
NAMES.append("i386-cpu-pae-off")
NAMES += [name for name, machine in (ALL_ENTRY | ALL_U_BOOT).items() if machine.monitor == VIEW]


def features(machine):
    """Levels, NX and 1 GiB pages, as processor and options lead to them."""
    name = machine.cpu
    nx = "-nx" not in name and (machine.arch == "x86_64" or name.startswith("max"))
    if machine.arch == "x86_64":
        huge = name.startswith("max") and "-pdpe1gb" not in name and machine.memory >= 4096
        return 5 if "la57" in machine.entry else 4, nx, huge
    pae = nx and "-pae" not in name and "pae = off" not in machine.config
    return 3 if pae else 2, pae, False


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


def merged(ranges):
    """In ascending order, without the empty ones, and those that touch are one."""
    out = []
    for start, end in sorted(r for r in ranges if r[0] < r[1]):
        if out and out[-1][1] >= start:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def areas(report):
    """Those with pages, as (start, end, area)."""
    return [(address(a["start"]), address(a["end"]), a) for a in report["paging"]["areas"]
            if not a["tables_only"]]


def wanted_flags(area, nx):
    return {"W"} & {"W" if area["write"] else ""} | ({"X"} if nx and not area["exec"] else set()) | \
        {"WB": set(), "WC": {"T"}, "UC": {"C", "T"}}[area["type"]]


def pages_of(area, start, end, pages):
    """Size and flags of each page in one area; they follow one another and lead where the area says."""
    inside = [page for page in pages if start <= page[0] < end]
    ends = [page[0] for page in inside[1:]] + [end]
    assert inside and inside[0][0] == start
    for (virt, phys, flags), stop in zip(inside, ends):
        assert phys - address(area["phys"]) == virt - start, hex(virt)
        yield virt, stop - virt, phys, flags


@on_machines(*NAMES)
def test_machine_halts_with_an_answer(run):
    assert run.end == "until"
    assert set(run.answers) == set(VIEW)


@on_machines(*NAMES)
def test_qemu_finds_the_areas_of_the_report(run):
    """Each area, page by page: address, rights, memory type, and the sizes that the report counts; nothing besides,
    and nothing that the report did not count. Code that was given back after the start is part of this."""
    paging, pages = run.report()["paging"], qemu_pages(run)
    assert run.report()["memory"]["freed_init_pages"] > 0
    total = dict.fromkeys(LARGE.values(), 0)
    for start, end, area in areas(run.report()):
        sizes = dict.fromkeys(LARGE.values(), 0)
        for virt, size, _, flags in pages_of(area, start, end, pages):
            sizes[LARGE[size]] += 1
            assert flags & {"W", "X", "C", "T"} == wanted_flags(area, paging["nx"]), hex(virt)
        assert sizes == {name: area[name] for name in sizes}, hex(start)
        total = {name: total[name] + sizes[name] for name in total}
    assert total == {name: paging[name] for name in total}
    assert sum(total.values()) == len(pages), "nothing is mapped besides"


@on_machines(*NAMES)
def test_direct_map_is_ram_without_page_0_and_guards(run):
    """By e820: each page of RAM, on i386 of low memory, is at base plus address, and nothing else is there."""
    report = run.report()
    direct = report["paging"]["direct_map"]
    base, size = address(direct["base"]), direct["bytes"]
    shown = [(address(a["phys"]) // PAGE, (address(a["phys"]) + end - start) // PAGE)
             for start, end, a in areas(report) if a["kind"] == "direct map"]
    assert all(start - address(a["phys"]) == base for start, _, a in areas(report) if a["kind"] == "direct map")
    stacks = owners(report)["cpu tables and stacks"]["ranges"][0]["start_pfn"]
    never = {0} | {stacks + guard for guard in GUARDS}
    wanted = []
    for start, end in ram(report):
        cuts = sorted(pfn for pfn in never if start <= pfn < end)
        for low, high in zip([start] + [pfn + 1 for pfn in cuts], cuts + [end]):
            wanted.append((low, min(high, size // PAGE)))
    assert merged(shown) == merged(wanted)


# Without NX what can be read can be executed.
@on_machines(*[name for name in NAMES if features(MACHINES[name])[1]])
def test_no_page_is_writable_and_executable(run):
    """Over all aliases, by physical page."""
    pages = qemu_pages(run)
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


# With 5 levels this QEMU's info mem shows nothing: it passes over every present entry of two levels.
@on_machines(*[name for name in NAMES if "la57" not in MACHINES[name].entry])
def test_info_mem_agrees_with_info_tlb(run):
    """The same walk told another way: ranges with rights."""
    total = sum(int(size, 16) for size in re.findall(r"^[0-9a-f]+-[0-9a-f]+ ([0-9a-f]+) [-urw]+$",
                                                     run.answers["info mem"], re.M))
    assert total == sum(end - start for start, end, _ in areas(run.report()))


@on_machines(*NAMES)
def test_paging_suits_the_processor(run):
    paging, pse = run.report()["paging"], "-pse" not in run.machine.cpu
    levels, nx, huge = features(run.machine)
    assert paging["levels"] == levels and paging["nx"] == nx
    assert (paging["pages_1g"] > 0) == huge
    assert (paging["pages_2m"] > 0) == (levels > 2)
    assert (paging["pages_4m"] > 0) == (levels == 2 and pse)


def control(run, name):
    """A control register at the halt, as QEMU's monitor shows it."""
    return int(re.search(rf"\b{name}=([0-9a-f]+)", run.answers["info registers"])[1], 16)


@on_machines(*NAMES)
def test_registers_are_defined(run):
    """CR0, CR4 and EFER have no bit of the firmware's left, CR3 leads to our tables."""
    levels, nx, _ = features(run.machine)
    cr4 = {5: CR4_PAE | CR4_LA57, 4: CR4_PAE, 3: CR4_PAE, 2: CR4_PSE}[levels]
    if levels == 2 and "-pse" in run.machine.cpu:
        cr4 = 0
    assert control(run, "CR0") == CR0
    assert control(run, "CR3") == address(run.report()["paging"]["root"])
    assert control(run, "CR4") == CR4_MCE | cr4
    assert control(run, "EFER") == (EFER_LONG_MODE if levels > 3 else 0) | (EFER_NXE if nx else 0)
