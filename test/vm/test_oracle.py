# SPDX-License-Identifier: BSD-2-Clause
"""We and stock Linux on the same virtual machine: table, limits, nodes, zones and sections agree.

Where we differ on purpose, INTENDED says so and why: what Linux printed is changed accordingly, and
then everything must be equal. Each entry must matter on some machine. What only Linux's kernel can do wrong
(a golden of other firmware) is skipped with the command that records it anew.
"""
import dataclasses

import pytest

import linux_log
import oracle
from checks import PAGE, e820, ram
from machines import MACHINES, on_machines

MACHINES.update({name: case.machine() for name, case in oracle.CASES.items()})
MACHINES.update({name: case.machine() for name, (_, case) in oracle.I386_NUMA.items()})
NUMA = [name for name in oracle.CASES if "-numa-" in name or "-srat-" in name or "-slit-" in name]
X86_64 = [name for name in oracle.CASES if name.startswith("x86_64")]


def marked(names, reason, *waiting):
    """names, of which those that contain a word of waiting are not done yet."""
    mark = pytest.mark.xfail(strict=False, reason=reason)
    return [pytest.param(name, marks=mark) if any(word in name for word in waiting) else name
            for name in names]


# --- where we differ on purpose -----------------------------------------------------------------------

# 128 MiB less than 4 GiB - PAGE_OFFSET, as in the lineage; MAXMEM of today's kernels is lower by what
# they keep for the CPU entry areas and the LDT remap besides.
CLASSIC_SPLIT = 0x38000
LINUX_SPLIT = 0x36ffe


def page_0_is_ram(linux):
    """Linux makes page 0 reserved before it looks at RAM. Here present counts all RAM of e820: page 0 is
    present, and reserved under its own name."""
    if not any(kind == "ram" and start == 0 for start, _, kind in linux.e820):
        return linux
    low = min(own[0][0] for own in linux.ranges.values() if own)
    assert low == 1
    return dataclasses.replace(
        linux, present_pages=linux.present_pages + 1,
        ranges={nid: [(0 if start == 1 else start, end) for start, end in own]
                for nid, own in linux.ranges.items()},
        boundaries={name: (0 if start == 1 else start, end)
                    for name, (start, end) in linux.boundaries.items()})


def classic_split(linux):
    """The default split is the documented 896 MiB. It moves by as much as Linux's for the same option."""
    high = linux.boundaries.get("HighMem")
    shift = CLASSIC_SPLIT - LINUX_SPLIT
    # a split that is the end of RAM, less highmem=, is not the address space's limit
    if not high or (LINUX_SPLIT - high[0]) % (1 << 15):
        return linux
    end = high[1] if high[1] == linux.last_pfn[0] else high[1] + shift
    boundaries = dict(linux.boundaries, Normal=(linux.boundaries["Normal"][0], high[0] + shift),
                      HighMem=(high[0] + shift, end))
    return dataclasses.replace(linux, boundaries=boundaries, low_ram=linux.low_ram + shift)


def highmem_cut(linux):
    """Linux leaves RAM above a max_pfn that highmem= lowered in its nodes, outside every zone. Here
    RAM that is cut off by an option leaves e820, and a finding counts it."""
    end = max(end for _, end in linux.boundaries.values())
    ranges = {nid: [(start, min(stop, end)) for start, stop in own if start < end]
              for nid, own in linux.ranges.items()}
    table = [(start, min(stop, end * PAGE) if kind == "ram" else stop, kind)
             for start, stop, kind in linux.e820 if kind != "ram" or start < end * PAGE]
    present = sum(linux_log.pages_in(own) for own in ranges.values())
    return dataclasses.replace(linux, ranges=ranges, e820=table, present_pages=present)


INTENDED = (page_0_is_ram, classic_split, highmem_cut)


def expected(name):
    linux = oracle.linux(name)
    for difference in INTENDED:
        linux = difference(linux)
    return linux


@pytest.mark.parametrize("difference", INTENDED, ids=lambda difference: difference.__name__)
def test_intended_difference_matters(difference):
    assert any(difference(oracle.linux(name)) != oracle.linux(name) for name in oracle.CASES)


# --- the comparison -------------------------------------------------------------------------------------


@pytest.fixture
def case(request, run):
    """The name of a machine whose golden is of the firmware that is installed here."""
    name = request.node.callspec.params["run"]
    golden = oracle.I386_NUMA[name][0] if name in oracle.I386_NUMA else name
    arch = oracle.CASES[golden].arch
    if oracle.golden(golden)[0]["platform"] != oracle.platform(arch):
        pytest.skip(f"the golden is of another QEMU or OVMF: make goldens ({golden})")
    return name


ALL = marked(oracle.CASES, "issue 3: highmem= and vmalloc= are not in the pipeline yet",
             "i386-vmalloc", "i386-highmem", "numa", "srat", "slit")


def table(name):
    return expected(name).e820


@on_machines(*oracle.CASES)
def test_same_e820(run, case):
    assert e820(run.report()) == expected(case).e820
