# SPDX-License-Identifier: BSD-2-Clause
"""Reads what a Linux kernel prints about its memory, up to its "Memory:" line.

read() gives the facts as they are printed: ends exclusive, ranges of RAM and zone boundaries in pages.
nodes(), zones() and limits() shape them as our own report does; a zone is not printed for each
node and is therefore the part of a node between two boundaries. A line that should be there and is
not is an error.
"""
import dataclasses
import re

PAGE = 4096
DMA32_END = 1 << 20
TYPES = {"usable": "ram", "reserved": "reserved", "ACPI data": "acpi", "ACPI NVS": "nvs",
         "unusable": "unusable", "soft reserved": "soft", "persistent (type 7)": "pmem"}
RANGE = r"\[mem 0x(?P<start>\w+)-0x(?P<last>\w+)\]"
STAMP = re.compile(r"\[ *\d+\.\d+\] ")
# What a golden keeps of a log.
KEPT = re.compile(
    r"(?!Kernel command line)(Linux version|BIOS-|user-defined|user: |e820: (update|remove)|efi: mem\d|"
    r"last_pfn|  (mapped )?low ram:|.*(HIGHMEM|LOWMEM|highmem|SRAT|SLIT|NUMA)|Faking a node|"
    r"Zone ranges:|  (DMA|DMA32|Normal|HighMem|Movable|Device) |Movable zone|Early memory|  node |"
    r"Initmem|On node|Could not find|Fallback order|Policy zone|Memory: )")


@dataclasses.dataclass
class Linux:
    """ranges: nid -> [(start, end), ...] of RAM, empty for a node without memory; boundaries: zone name
    -> (start, end), without zones that are empty on the whole machine; srat: (start, end, nid);
    holes: (nid, zone, pages); fallback: nid -> nids, nearest first; last_pfn: as often as printed;
    low_ram: end of low memory, 32-bit kernels only."""
    e820: list
    ranges: dict
    boundaries: dict
    srat: list
    holes: list
    fallback: dict
    last_pfn: list
    low_ram: int
    present_pages: int


# --- logs -------------------------------------------------------------------------------------------


def trim(serial):
    """The memory lines of a serial line's output, without time stamps; None if it ends too early."""
    kept = []
    for line in serial.replace("\r", "").split("\n"):
        stamp = STAMP.search(line)
        text = line[stamp.end():] if stamp else ""
        if KEPT.match(text):
            kept.append(text.rstrip())
        if text.startswith("Memory: ") and " available (" in text:
            return kept
    return None


def found(lines, pattern):
    return [m for m in (re.match(pattern, line) for line in lines) if m]


def pages(match):
    """Linux prints whole pages, as first and last byte."""
    start, end = int(match["start"], 16), int(match["last"], 16) + 1
    assert start % PAGE == 0 and end % PAGE == 0, match[0]
    return start // PAGE, end // PAGE


def e820(lines):
    """What mem= left of the table, else the table as the kernel received it. Ranges of one type that touch
    are one: Linux cuts RAM out of the middle of pages for its boot loader's data."""
    origin = "user" if any(line.startswith("user: ") for line in lines) else "BIOS-e820"
    table = []
    for m in found(lines, rf"{origin}: {RANGE} (?P<type>.*)"):
        start, end, kind = int(m["start"], 16), int(m["last"], 16) + 1, TYPES[m["type"]]
        if table and table[-1][1:] == (start, kind):
            start = table.pop()[0]
        table.append((start, end, kind))
    assert all(start % PAGE == 0 and end % PAGE == 0 for start, end, _ in table)
    return table


def zone_boundaries(lines):
    boundaries = {}
    for line in lines[lines.index("Zone ranges:") + 1:
                      lines.index("Movable zone start for each node")]:
        m = re.match(rf" +(?P<name>\w+) +(?:empty|{RANGE})$", line)
        if m["start"] is not None:
            boundaries[m["name"]] = pages(m)
    return boundaries


def node_ranges(lines):
    """Checked against the node's span, which is printed on its own."""
    ranges = {}
    for m in found(lines, rf"Initmem setup node (?P<nid>\d+)(?: as memoryless| {RANGE})$"):
        own = [pages(r) for r in found(lines, rf"  node +{m['nid']}: {RANGE}$")]
        assert (pages(m) if m["start"] else None) == ((own[0][0], own[-1][1]) if own else None), m[0]
        ranges[int(m["nid"])] = own
    return dict(sorted(ranges.items()))


def read(lines):
    present = found(lines, r"Memory: \d+K/(\d+)K available")[0][1]
    low = found(lines, r"  low ram: 0 - (\w+)")
    return Linux(
        e820=e820(lines), ranges=node_ranges(lines), boundaries=zone_boundaries(lines),
        srat=[(*pages(m), int(m["nid"])) for m in
              found(lines, rf"ACPI: SRAT: Node (?P<nid>\d+) PXM \d+ {RANGE}")],
        holes=[(int(m[1]), m[2], int(m[3])) for m in
               found(lines, r"On node (\d+), zone (\w+): (\d+) pages in unavailable ranges")],
        fallback={int(m[1]): [int(nid) for nid in m[2].split()] for m in
                  found(lines, r"Fallback order for Node (\d+): (.*)")},
        last_pfn=[int(m[1], 16) for m in found(lines, r"last_pfn = 0x(\w+)")],
        low_ram=int(low[0][1], 16) // PAGE if low else 0, present_pages=int(present) * 1024 // PAGE)


# --- the shape of the report ------------------------------------------------------------------------


def pages_in(ranges, low=0, high=1 << 52):
    return sum(max(0, min(end, high) - max(start, low)) for start, end in ranges)


def nodes(linux):
    """Nodes with memory."""
    return [{"nid": nid, "start_pfn": own[0][0], "end_pfn": own[-1][1],
             "present_pages": pages_in(own),
             "ranges": [{"start_pfn": start, "end_pfn": end} for start, end in own]}
            for nid, own in linux.ranges.items() if own]


def zones(linux):
    """Zones with memory, node by node."""
    result = []
    for node in nodes(linux):
        for name, (low, high) in linux.boundaries.items():
            start, end = max(low, node["start_pfn"]), min(high, node["end_pfn"])
            present = pages_in(linux.ranges[node["nid"]], low, high)
            if present:
                result.append({"nid": node["nid"], "name": name, "start_pfn": start,
                               "spanned_pages": end - start, "present_pages": present})
    return result


def sections(linux, section_pages):
    """Numbers of the sections that hold RAM."""
    return {n for own in linux.ranges.values() for start, end in own
            for n in range(start // section_pages, (end - 1) // section_pages + 1)}


def holes(linux, section_pages):
    """What "pages in unavailable ranges" must say: (nid, zone, pages) without RAM but with descriptors,
    because their section has RAM, before each range within a zone and up to the last section's end."""
    present = sorted((n * section_pages, (n + 1) * section_pages)
                     for n in sections(linux, section_pages))
    result, at = [], 0
    for start, end, nid in sorted((*r, nid) for nid, own in linux.ranges.items() for r in own):
        for name, (low, high) in linux.boundaries.items():
            if max(start, low) < min(end, high):
                result.append((nid, name, pages_in(present, at, max(start, low))))
                at = min(end, high)
    result.append((*result[-1][:2], pages_in(present, at)))
    return [hole for hole in result if hole[2]]


def limits(linux):
    """highmem= can lower what last_pfn said before. A 64-bit kernel prints last_pfn for all memory and, where
    that differs, for what is below 4 GiB."""
    end = max(end for _, end in linux.boundaries.values())
    low = linux.low_ram or linux.last_pfn[-1]
    return {"max_low_pfn": low, "max_pfn": end, "highstart_pfn": low, "highend_pfn": end}
