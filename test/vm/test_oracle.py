# SPDX-License-Identifier: BSD-2-Clause
"""We and stock Linux on the same virtual machine: table, limits, nodes, zones and sections agree.

Where we differ on purpose, INTENDED says so and why: what Linux printed is changed accordingly, and
then everything must be equal. Each entry must matter on some machine. A golden of another QEMU or OVMF than
those installed is skipped, with the command that records it anew.
"""
import dataclasses

import pytest

import linux_log
import oracle
from checks import PAGE, e820, ram
from machines import MACHINES, on_machines

OWN = {name: case for name, (_, case) in oracle.I386_NUMA.items()}
for machine_name, machine_case in (oracle.CASES | OWN).items():
    # one that other tests ask about too is booted once
    machine = machine_case.machine()
    assert MACHINES.setdefault(machine_name, machine) == machine, machine_name


# --- where we differ on purpose -----------------------------------------------------------------------

# 128 MiB less than 4 GiB - PAGE_OFFSET, as in the lineage; MAXMEM of today's kernels is lower by what
# they keep for the CPU entry areas and the LDT remap besides.
CLASSIC_SPLIT = 0x38000
LINUX_SPLIT = {"i386": 0x36ffe, "i386-nopae": 0x36bfe}


def page_0_is_ram(linux, _):
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


def classic_split(linux, case):
    """The default split is the documented 896 MiB. It moves by as much as Linux's for the same option."""
    split = LINUX_SPLIT.get(case.kernel or case.arch)
    if not split or linux.last_pfn[0] <= split:
        return linux  # all RAM is low: where the address space ends does not matter
    shift = CLASSIC_SPLIT - split
    moved = {name: (start + shift if name == "HighMem" else start,
                    end + shift if name != "DMA" and end != linux.last_pfn[0] else end)
             for name, (start, end) in linux.boundaries.items()}
    return dataclasses.replace(linux, boundaries=moved, low_ram=linux.low_ram + shift)


def ram_out_of_reach(linux, _):
    """Linux leaves RAM that no zone reaches, because of highmem= or for want of PAE, in e820 and sometimes in
    its nodes. Here it leaves e820, and a finding counts it."""
    end = max(end for _, end in linux.boundaries.values())
    table = [(start, min(stop, end * PAGE) if kind == "ram" else stop, kind)
             for start, stop, kind in linux.e820 if kind != "ram" or start < end * PAGE]
    ranges = {nid: [(start, min(stop, end)) for start, stop in own if start < end]
              for nid, own in linux.ranges.items()}
    present = sum(linux_log.pages_in(own) for own in ranges.values())
    return dataclasses.replace(linux, e820=table, ranges=ranges, present_pages=present)


INTENDED = (page_0_is_ram, classic_split, ram_out_of_reach)


def expected(name):
    linux = oracle.linux(name)
    for difference in INTENDED:
        linux = difference(linux, oracle.CASES[name])
    return linux


@pytest.mark.parametrize("difference", INTENDED, ids=lambda difference: difference.__name__)
def test_intended_difference_matters(difference):
    assert any(difference(oracle.linux(name), case) != oracle.linux(name)
               for name, case in oracle.CASES.items())


# --- the comparison -------------------------------------------------------------------------------------


@pytest.fixture
def golden(request):
    """The name of this machine's golden, if it is of the QEMU and the firmware installed here."""
    name = request.node.callspec.params["run"]
    name = oracle.I386_NUMA[name][0] if name in oracle.I386_NUMA else name
    if oracle.golden(name)[0]["platform"] != oracle.platform(oracle.CASES[name].arch):
        pytest.skip(f"{name}.log was recorded with another QEMU or OVMF; make goldens records it anew")
    return name


def own_nodes(report):
    return [{key: node[key] for key in ("nid", "start_pfn", "end_pfn", "present_pages", "ranges")}
            for node in report["nodes"] if node["present_pages"]]


def own_zones(report):
    return [{key: zone[key] for key in ("nid", "name", "start_pfn", "spanned_pages", "present_pages")}
            for zone in report["zones"] if zone["present_pages"]]


@on_machines(*oracle.CASES)
def test_starts(run):
    assert run.end == "guest-shutdown"
    assert run.report()["stage"] == "booted"


@on_machines(*oracle.CASES)
def test_e820(run, golden):
    assert e820(run.report()) == expected(golden).e820


@on_machines(*oracle.CASES)
def test_limits(run, golden):
    own = run.report()["limits"]
    assert own["min_low_pfn"] == 1
    assert {key: own[key] for key in own if key != "min_low_pfn"} == linux_log.limits(expected(golden))


@on_machines(*oracle.CASES)
def test_nodes(run, golden):
    assert own_nodes(run.report()) == linux_log.nodes(expected(golden))


@on_machines(*oracle.CASES)
def test_zones(run, golden):
    assert own_zones(run.report()) == linux_log.zones(expected(golden))


@on_machines(*oracle.CASES)
def test_present_pages(run, golden):
    assert run.report()["memory"]["present_pages"] == expected(golden).present_pages


@on_machines(*[name for name in oracle.CASES if name.startswith("x86_64")])
def test_sections(run, golden):
    """The pages without RAM that Linux has descriptors for are those of our sections, to the page."""
    report, linux = run.report(), oracle.linux(golden)
    section_pages = report["sections"]["size_bytes"] // PAGE
    own = dataclasses.replace(linux, ranges={
        node["nid"]: [(max(r["start_pfn"], 1), r["end_pfn"]) for r in node["ranges"]]
        for node in report["nodes"]})
    assert linux_log.holes(own, section_pages) == linux.holes
    assert report["sections"]["present"] == len(linux_log.sections(linux, section_pages))


@on_machines(*[name for name in oracle.CASES if len(oracle.linux(name).ranges) > 1])
def test_distances_give_the_fallback_order(run, golden):
    """Where a node's requests go when it is full: the nearest first, of equals the next number. Linux lists
    a node without memory as its own nearest; it can give nothing, so here it is in no list."""
    linux = oracle.linux(golden)
    wanted = {nid: [far for far in order if linux.ranges[far]] for nid, order in linux.fallback.items()}
    nodes = run.report()["nodes"]
    memory = [node["nid"] for node in nodes if node["present_pages"]]
    assert {node["nid"]: sorted(memory, key=lambda far: (node["distances"][far],
                                                         (far - node["nid"]) % len(nodes)))
            for node in nodes} == wanted


@on_machines("x86_64-numa-4")
def test_distances_are_those_of_the_machine(run):
    assert tuple(tuple(node["distances"]) for node in run.report()["nodes"]) == oracle.DISTANCES


# --- i386 with nodes: no stock kernel does it, but the table is the same -------------------------------------


@on_machines(*oracle.I386_NUMA)
def test_i386_nodes_follow_the_srat(run, golden):
    """Each node has the RAM in its SRAT entries, and nothing else has."""
    report, linux = run.report(), oracle.linux(golden)
    wanted = []
    for nid in sorted({nid for _, _, nid in linux.srat}):
        own = [(max(start, low), min(end, high)) for start, end in ram(report)
               for low, high, owner in linux.srat if owner == nid and max(start, low) < min(end, high)]
        wanted.append((nid, merged(sorted(own))))
    assert [(node["nid"], [(r["start_pfn"], r["end_pfn"]) for r in node["ranges"]])
            for node in report["nodes"] if node["present_pages"]] == wanted


@on_machines(*oracle.I386_NUMA)
def test_i386_zones_follow_the_nodes(run, golden):
    """Node by node, cut at 16 MiB and at 896 MiB."""
    report = run.report()
    boundaries = {"DMA": (0, 0x1000), "Normal": (0x1000, CLASSIC_SPLIT),
                  "HighMem": (CLASSIC_SPLIT, report["limits"]["max_pfn"])}
    nodes = dataclasses.replace(oracle.linux(golden), boundaries=boundaries, ranges={
        node["nid"]: [(r["start_pfn"], r["end_pfn"]) for r in node["ranges"]]
        for node in report["nodes"]})
    assert len(linux_log.nodes(nodes)) > 1
    assert own_zones(report) == linux_log.zones(nodes)


def merged(ranges):
    """Touching ranges are one: SRAT entries need not end where RAM does."""
    result = []
    for start, end in ranges:
        if result and result[-1][1] == start:
            start = result.pop()[0]
        result.append((start, end))
    return result
