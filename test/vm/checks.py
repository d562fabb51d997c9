# SPDX-License-Identifier: BSD-2-Clause
"""What must hold for every report of a started machine, as functions of the parsed document.

Each recomputes from e820 and the owners' ranges what the program claims elsewhere. test_checks.py
breaks a report in every way named here and expects the check to notice.
"""
import re

PAGE = 4096
MIB = 1 << 20
GIB = 1 << 30
TYPES = {"ram", "reserved", "acpi", "nvs", "unusable", "pmem", "soft", "unaccepted"}
KINDS = {"runtime code", "runtime data", "acpi", "nvs", "mmio", "other"}
STAGES = ["snapshot", "e820", "limits", "nodes", "bootmem", "paging", "zones", "exit", "settle",
          "activate", "mem_init", "report", "handoff", "console"]
TIMED = STAGES[:STAGES.index("report")]
SPLIT = {"x86_64": 4 * GIB, "i386": 896 * MIB}
DIRECT_BASE = {2: 0xc0000000, 3: 0xc0000000, 4: 0xffff888000000000, 5: 0xff11000000000000}  # by levels
ZONE_ENDS = {"x86_64": {"DMA": 16 * MIB, "DMA32": 4 * GIB, "Normal": 1 << 52},
             "i386": {"DMA": 16 * MIB, "Normal": 896 * MIB, "HighMem": 1 << 52}}


def address(text):
    assert isinstance(text, str) and text.startswith("0x"), f"{text!r} is no address"
    return int(text, 16)


def e820(report):
    """(start, end, type) in bytes."""
    return [(address(e["start"]), address(e["end"]), e["type"]) for e in report["e820"]]


def ram(report):
    """(start, end) in pages."""
    return [(start // PAGE, end // PAGE) for start, end, kind in e820(report) if kind == "ram"]


def pages_in(ranges, low=0, high=1 << 52):
    """Pages of the ranges that lie in [low, high)."""
    return sum(max(0, min(end, high) - max(start, low)) for start, end in ranges)


def owner_ranges(report):
    return [(r["start_pfn"], r["end_pfn"], o["owner"]) for o in report["owners"] for r in o["ranges"]]


def owners(report):
    return {o["owner"]: o for o in report["owners"]}


def shape(value):
    """A value with its leaves replaced by their types, to compare documents by structure."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [shape(v) for v in value]
    return type(value)


# --- the checks -----------------------------------------------------------------------------------

MEMBERS = {
    "schema": str, "arch": str, "stage": str,
    "firmware": {"vendor": str, "revision": int, "descriptor_size": int, "descriptors": int,
                 "exit_attempts": int},
    "findings": [{"quirk": str, "count": int, "text": str}],
    "e820": [{"start": str, "end": str, "type": str}],
    "limits": {"min_low_pfn": int, "max_low_pfn": int, "max_pfn": int, "highstart_pfn": int,
               "highend_pfn": int},
    "nodes": [{"nid": int, "start_pfn": int, "end_pfn": int, "present_pages": int,
               "ranges": [{"start_pfn": int, "end_pfn": int}],
               "bootmem": {"bitmap_bytes": int, "allocations": int, "merged": int,
                           "requested_bytes": int, "allocated_pages": int}}],
    "zones": [{"nid": int, "name": str, "start_pfn": int, "spanned_pages": int,
               "present_pages": int, "managed_pages": int, "free_pages": int, "free_blocks": [int],
               "watermark": {"min": int, "low": int, "high": int}}],
    "sections": {"size_bytes": int, "present": int, "initialised": int},
    "paging": {"levels": int, "root": str, "nx": bool, "pages_4k": int, "pages_2m": int,
               "pages_4m": int, "pages_1g": int, "table_pages": int,
               "direct_map": {"base": str, "bytes": int}, "vmalloc": {"start": str, "end": str},
               "fixmap": {"start": str, "end": str}, "pkmap": (dict, type(None))},
    "owners": [{"owner": str, "pages": int, "reclaimable": bool,
                "ranges": [{"start_pfn": int, "end_pfn": int}]}],
    "firmware_ranges": [{"start": str, "end": str, "kind": str}],
    "firmware_map": [{"type": int, "start": str, "pages": int, "attribute": str}],
    "affinity": (dict, type(None)),
    "input": {"options": str, "mode": {"levels": int, "nx": bool, "large": bool, "huge": bool, "phys_bits": int},
              "image": {"start": str, "end": str}, "workspace": {"start": str, "end": str},
              "parts": [{"start": str, "end": str, "write": bool, "exec": bool}]},
    "memory": {"present_pages": int, "free_pages": int, "reserved_pages": int, "highmem_pages": int},
    "selftest": {"blocks": int, "balanced": bool},
    "timing": [{"stage": str, "cycles": int}],
    "handoff": (dict, type(None)),
}


def conforms(value, wanted, path="report"):
    """More members may be there, none may be missing or of another type."""
    if isinstance(wanted, dict):
        assert isinstance(value, dict), f"{path} is an object"
        for name, inner in wanted.items():
            assert name in value, f"{path}.{name} exists"
            conforms(value[name], inner, f"{path}.{name}")
    elif isinstance(wanted, list):
        assert isinstance(value, list), f"{path} is an array"
        for i, inner in enumerate(value):
            conforms(inner, wanted[0], f"{path}[{i}]")
    else:
        # a bool is an int to Python, not to JSON
        assert isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)), path


def check_schema(report):
    conforms(report, MEMBERS)
    assert report["schema"] == "bootmem-report/1"
    assert report["arch"] in SPLIT
    assert report["zones"] and report["e820"] and report["nodes"] and report["firmware_ranges"]


def check_booted(report):
    assert report["stage"] == "booted"
    assert 1 <= report["firmware"]["exit_attempts"] <= 8
    assert report["firmware"]["descriptors"] >= len(ram(report))
    assert report["handoff"] is None


def check_e820_order(report):
    """Page aligned, not empty, ascending, disjoint, merged, of known types."""
    table = e820(report)
    for start, end, kind in table:
        assert kind in TYPES
        assert start % PAGE == 0 and end % PAGE == 0 and start < end <= 1 << 52
    for (_, end, kind), (start, _, next_kind) in zip(table, table[1:]):
        assert end <= start, "ascending and disjoint"
        assert end < start or kind != next_kind, "touching ranges of one type are one"


def split_pfn(report):
    """Where low memory may end: vmalloc= leaves it the kernel's GiB less that, and less 8 MiB of guard gap."""
    vmalloc = re.search(r"\bvmalloc=(\d+)M\b", report["input"]["options"])
    if vmalloc and report["arch"] == "i386":
        return (GIB - (int(vmalloc[1]) + 8) * MIB) // PAGE
    return SPLIT[report["arch"]] // PAGE


def check_limits(report):
    ranges, limits = ram(report), report["limits"]
    split = split_pfn(report)
    low_end = max(min(end, split) for start, end in ranges if start < split)
    assert limits["min_low_pfn"] == min(max(start, 1) for start, end in ranges if end > 1)
    assert limits["max_low_pfn"] == low_end
    assert limits["max_pfn"] == max(end for _, end in ranges)
    assert limits["highstart_pfn"] == low_end
    assert limits["highend_pfn"] == limits["max_pfn"]


def check_balance(report):
    memory = report["memory"]
    split = split_pfn(report)
    assert memory["present_pages"] == pages_in(ram(report))
    assert memory["present_pages"] == memory["free_pages"] + memory["reserved_pages"]
    assert memory["reserved_pages"] == sum(o["pages"] for o in report["owners"])
    assert memory["highmem_pages"] == (pages_in(ram(report), split) if report["arch"] == "i386" else 0)


def check_owner_ranges(report):
    """Every owner's ranges are its pages, in RAM, and no page has two owners."""
    for owner in report["owners"]:
        assert owner["pages"] == sum(r["end_pfn"] - r["start_pfn"] for r in owner["ranges"]), owner
    ranges = sorted(owner_ranges(report))
    for start, end, name in ranges:
        assert start < end
        assert pages_in(ram(report), start, end) == end - start, f"{name} lies in RAM"
    for (_, end, name), (start, _, next_name) in zip(ranges, ranges[1:]):
        assert end <= start, f"{name} and {next_name} overlap"


def check_owner_names(report):
    names = owners(report)
    cut_off = {f["quirk"] for f in report["findings"]} & {"P4", "P7"}  # mem=, highmem=
    for name in (() if cut_off else ("image",)) + ("page 0", "low 64 KiB", "page tables", "mem_map", "mm", "section table",
                 "cpu tables and stacks"):
        assert names.get(name, {"pages": 0})["pages"] > 0, name
    assert "firmware until exit" not in names and "bitmap" not in names, "given back at mem_init"
    page_0 = names["page 0"]
    assert page_0["ranges"] == [{"start_pfn": 0, "end_pfn": 1}] and not page_0["reclaimable"]
    assert cut_off or names["image"]["reclaimable"]
    assert not names["page tables"]["reclaimable"]
    assert names.get("firmware page tables", {"reclaimable": True})["reclaimable"]


def zones_with_ram(report):
    """Each zone with the bounds it should have and the RAM of its node inside them."""
    ends = {name: end // PAGE for name, end in ZONE_ENDS[report["arch"]].items()}
    if report["arch"] == "i386":
        ends["DMA"], ends["Normal"] = min(ends["DMA"], split_pfn(report)), split_pfn(report)
    starts = dict(zip(ends, [0] + list(ends.values())))
    for zone in report["zones"]:
        start, end = starts[zone["name"]], ends[zone["name"]]
        yield zone, start, end, [(max(s, start), min(e, end)) for s, e in node_ram(report, zone["nid"])
                                 if s < end and e > start]


def node_ram(report, nid):
    return [(r["start_pfn"], r["end_pfn"]) for r in report["nodes"][nid]["ranges"]]


def check_zones(report):
    """Order, bounds and RAM of every zone, as e820 and nodes have them; holes may be at its ends."""
    names = list(ZONE_ENDS[report["arch"]])
    assert [(z["nid"], z["name"]) for z in report["zones"]] == \
        [(node["nid"], name) for node in report["nodes"] for name in names]
    for zone, start, end, inside in zones_with_ram(report):
        assert zone["present_pages"] == pages_in(inside), zone["name"]
        zone_end = zone["start_pfn"] + zone["spanned_pages"]
        if inside:
            low = min(start, report["limits"]["max_low_pfn"])
            assert low <= zone["start_pfn"] <= inside[0][0], zone["name"]
            assert inside[-1][1] <= zone_end <= min(end, report["limits"]["max_pfn"]), zone["name"]
        else:
            assert zone["spanned_pages"] == 0


def check_zone_free(report):
    """The buddy allocator holds exactly the RAM of the zone that no owner has."""
    owned = [(s, e) for s, e, _ in owner_ranges(report)]
    for zone, _, _, inside in zones_with_ram(report):
        free = pages_in(inside) - sum(pages_in(owned, start, end) for start, end in inside)
        assert zone["free_pages"] == free, zone["name"]
        assert zone["free_pages"] == zone["managed_pages"], "nothing has been allocated"
    assert sum(z["free_pages"] for z in report["zones"]) == report["memory"]["free_pages"]
    assert sum(z["present_pages"] for z in report["zones"]) == report["memory"]["present_pages"]


def free_runs(report, inside):
    """Maximal runs of pages in these ranges of RAM that have no owner."""
    cuts = sorted((s, e) for s, e, _ in owner_ranges(report))
    for at, high in inside:
        for owned_start, owned_end in cuts:
            if owned_end <= at or owned_start >= high:
                continue
            if owned_start > at:
                yield at, owned_start
            at = owned_end
        if at < high:
            yield at, high


def blocks_of(runs):
    """How many blocks of each order the largest aligned blocks of the runs are."""
    count = [0] * 11
    for start, end in runs:
        while start < end:
            order = min(10, (start & -start).bit_length() - 1 if start else 10,
                        (end - start).bit_length() - 1)
            count[order] += 1
            start += 1 << order
    return count


def check_free_blocks(report):
    """Not only the number of free pages: every block is where RAM without owner is."""
    for zone, _, _, inside in zones_with_ram(report):
        assert len(zone["free_blocks"]) == 11
        assert sum(n << order for order, n in enumerate(zone["free_blocks"])) == zone["free_pages"]
        assert zone["free_blocks"] == blocks_of(free_runs(report, inside)), zone["name"]


def check_watermarks(report):
    for zone in report["zones"]:
        mark = zone["watermark"]
        if zone["managed_pages"] > 1000:
            assert 0 < mark["min"] < mark["low"] < mark["high"] < zone["managed_pages"], zone["name"]


def check_nodes(report):
    """The nodes' ranges are the RAM, cut where it changes hands; each has its own bootmem."""
    nodes = report["nodes"]
    for nid, node in enumerate(nodes):
        own = node_ram(report, nid)
        assert node["nid"] == nid and own == sorted(own)
        assert node["present_pages"] == pages_in(own)
        assert node["fallback"][0] == nid and sorted(node["fallback"]) == list(range(len(nodes)))
        assert node["distances"][nid] == 10
        if own:
            assert node["start_pfn"] == own[0][0] and node["end_pfn"] == own[-1][1]
        low = report["arch"] != "i386" or node["start_pfn"] < report["limits"]["max_low_pfn"]
        bootmem = node["bootmem"]
        assert (bootmem["bitmap_bytes"] > 0) == bool(own and low)
        assert bootmem["requested_bytes"] <= bootmem["allocated_pages"] * PAGE
    ranges = sorted(r for nid in range(len(nodes)) for r in node_ram(report, nid))
    for (_, end), (start, _) in zip(ranges, ranges[1:]):
        assert end <= start, "no page is in two nodes"
    assert pages_in(ranges) == pages_in(ram(report)) == sum(pages_in(ram(report), *r) for r in ranges)
    assert sum(node["bootmem"]["allocations"] for node in nodes) > 0


def check_sections(report):
    size = report["sections"]["size_bytes"] // PAGE
    numbers = {n for start, end in ram(report) for n in range(start // size, (end - 1) // size + 1)}
    assert report["sections"]["present"] == len(numbers)
    assert 1 <= report["sections"]["initialised"] <= len(numbers)


def check_page_tables(report):
    """The tables are where their owner is, and as many."""
    paging = report["paging"]
    root = address(paging["root"])
    tables = owners(report)["page tables"]
    assert root % PAGE == 0
    assert any(r["start_pfn"] <= root // PAGE < r["end_pfn"] for r in tables["ranges"])
    assert paging["table_pages"] == tables["pages"]
    if report["arch"] == "i386":
        assert root < 4 * GIB, "CR3 has 32 bits"
    assert paging["levels"] in {"x86_64": (4, 5), "i386": (2, 3)}[report["arch"]]


def check_direct_map(report):
    """It covers RAM as far as it must, and there are pages enough in it for all of that RAM."""
    paging, limits = report["paging"], report["limits"]
    end = limits["max_low_pfn"] if report["arch"] == "i386" else limits["max_pfn"]
    assert address(paging["direct_map"]["base"]) == DIRECT_BASE[paging["levels"]]
    assert paging["direct_map"]["bytes"] == end * PAGE
    mapped = (paging["pages_4k"] + (paging["pages_2m"] << 9) + (paging["pages_4m"] << 10) +
              (paging["pages_1g"] << 18))
    guards_and_page_0 = 64
    assert mapped >= pages_in(ram(report), 0, end) - guards_and_page_0


def check_large_pages(report):
    """They do most of the work; "large_pages" is False where the processor has none."""
    paging = report["paging"]
    large = (paging["pages_2m"] << 9) + (paging["pages_4m"] << 10) + (paging["pages_1g"] << 18)
    assert large >= paging["pages_4k"] if report.get("large_pages", True) else large == 0


def check_virtual_areas(report):
    """Direct map, vmalloc, pkmap and fixmap follow one another without touching."""
    paging = report["paging"]
    base = address(paging["direct_map"]["base"])
    areas = [(base, base + paging["direct_map"]["bytes"])]
    for name in ("vmalloc", "pkmap", "fixmap"):
        if paging[name] is not None:
            areas.append((address(paging[name]["start"]), address(paging[name]["end"])))
    for start, end in areas:
        assert start < end <= 1 << 64
    for (_, end), (start, _) in zip(areas, areas[1:]):
        assert end <= start
    assert areas[0][1] < areas[1][0], "a guard gap before vmalloc"
    assert (paging["pkmap"] is not None) == (report["arch"] == "i386")


def check_selftest(report):
    """Every order from every zone that has one: at least as many blocks as zones have free orders."""
    can = sum(max((order for order, n in enumerate(z["free_blocks"]) if n), default=-1) + 1
              for z in report["zones"])
    assert report["selftest"]["balanced"] is True
    assert report["selftest"]["blocks"] >= max(11, can - 11)


def check_timing(report):
    assert [t["stage"] for t in report["timing"]] == STAGES
    cycles = {t["stage"]: t["cycles"] for t in report["timing"]}
    assert all(cycles[stage] > 0 for stage in TIMED)
    assert cycles["console"] > 0


def check_findings(report):
    quirks = [f["quirk"] for f in report["findings"]]
    assert len(set(quirks)) == len(quirks)
    for finding in report["findings"]:
        assert finding["quirk"][0] in "QPN" and finding["quirk"][1:].isdigit()
        assert finding["count"] > 0 and finding["text"]


def check_firmware_ranges(report):
    """What stays the firmware's is never RAM."""
    for entry in report["firmware_ranges"]:
        start, end = address(entry["start"]), address(entry["end"])
        assert entry["kind"] in KINDS and start < end
        assert pages_in(ram(report), start // PAGE, -(-end // PAGE)) == 0, entry


CHECKS = [check for name, check in sorted(globals().items()) if name.startswith("check_")]
