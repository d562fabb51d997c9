# SPDX-License-Identifier: BSD-2-Clause
"""What kernels printed about a recorded map, against what the simulator reports about it.

A figure agrees when the JSON report yields the very value. Where it does not, the kernel may have
followed a rule of its own: each such rule has a name in policies.tsv and a computation here, which
starts from the report, applies the rule, and must arrive at the kernel's value exactly. What neither
agrees nor follows from a rule is "differs", and has to be listed in policies.tsv one by one.
"""
import bisect
import collections
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAPS = ROOT / "test" / "maps"
POLICIES = pathlib.Path(__file__).with_name("policies.tsv")
SIMULATORS = {"x86_64": "bootmem-sim", "i386": "bootmem-sim-i386"}
CHECKED = {"x86_64": "64/bootmem-sim", "i386": "bootmem-sim-i386"}
PAGE, MIB, GIB = 4096, 1 << 20, 1 << 30

# --- the reviewed table ----------------------------------------------------------------------------

Row = collections.namedtuple("Row", "sort file what reason")


def read_table():
    """policies.tsv: rows by their sort, see its head."""
    table = collections.defaultdict(list)
    for line in POLICIES.read_text().splitlines():
        if line and not line.startswith("#"):
            row = Row(*line.split("\t"))
            table[row.sort].append(row)
    return table


TABLE = read_table()

# --- recordings ------------------------------------------------------------------------------------


TYPES = {"pmem12": "pmem", "type=5": "unusable", "type=6": "unusable", "type=7": "pmem"}


def report_type(word):
    word = TYPES.get(word, word)
    return "reserved" if word.startswith("type=") else word


def hexes(words):
    return [int(w, 16) for w in words]


class Recording:
    """One file of test/maps, as lists of words."""

    def __init__(self, path):
        self.name = path.stem
        self.path = path
        self.lines = collections.defaultdict(list)
        self.kernel = ""
        for line in path.read_text().splitlines():
            if line.startswith("# kernel:"):
                self.kernel = line.split(":", 1)[1].strip()
            words = line.split()
            if words and words[0] != "#":
                self.lines[words[0]].append(words[1:])
        self.cmdline = " ".join(" ".join(w) for w in self.lines["cmdline"])
        self.expects = [(w[0], w[1:]) for w in self.lines["expect"]]
        self.arch = "i386" if self._is_32_bit() else "x86_64"

    def _is_32_bit(self):
        """Where the kernel doesn't say, only 32-bit kernels print high and low memory."""
        return "32 bit" in self.kernel or "64 bit" not in self.kernel and self.has("lowmem_mb")

    def has(self, key):
        return any(k == key for k, _ in self.expects)

    def printed(self, key):
        """A map that the kernel printed, as [start, end) and type."""
        lines = [w for k, w in self.expects if k == key]
        return [(int(w[0], 16), int(w[1], 16) + 1, report_type(w[2])) for w in lines]

    def raw(self):
        """The input in bytes and with the kernel's types; an EFI map has pages and needs no closer look."""
        lines = self.lines["e820"]
        if self.has("user_map"):
            lines = [w for k, w in self.expects if k == "user_map"]
        return [(int(w[0], 16), int(w[1], 16) + 1, w[2]) for w in lines]

    def told_low_end(self):
        """Where low memory ends on a 32-bit kernel: a matter of its build."""
        low = next((int(w[0]) for k, w in self.expects if k == "lowmem_mb"), 896)
        end = next((int(w[1], 16) + 1 for k, w in self.expects if k == "low_ram"), low * MIB)
        high = next((int(w[0]) for k, w in self.expects if k == "highmem_mb"), 0)
        return end if self.arch == "i386" and high and end != 896 * MIB else 0

    def arguments(self):
        """What the simulator must be told to be the machine that the kernel saw."""
        arguments = ["--map", "user"] if self.has("user_map") else []
        if "numa=off" in self.cmdline:
            arguments += ["--set", "numa=off"]
        if self.told_low_end():
            arguments += ["--set", f"vmalloc={GIB - 8 * MIB - self.told_low_end()}"]
        return arguments + [w for t in TABLE["told"] if t.file == self.name for w in ("--set", t.what)]


def recordings():
    return [Recording(p) for p in sorted(MAPS.glob("*.txt"))]


def run(binary, path, *arguments):
    """The JSON report of one run."""
    done = subprocess.run([binary, "--json", *arguments, path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), f"{binary} {path}: {done.stderr}"
    return json.loads(done.stdout)


def simulate(path, arch, *arguments):
    return run(ROOT / "build" / SIMULATORS[arch], path, *arguments)


def with_picture(binary, path):
    """The report of one run, and the picture it drew."""
    with tempfile.TemporaryDirectory() as folder:
        picture = pathlib.Path(folder) / "picture.svg"
        return run(binary, path, "--svg", picture), picture.read_bytes()


def reports(recording):
    """Of its own architecture, told what its kernel was told; and of each, in a build with sanitizers."""
    own = simulate(recording.path, recording.arch, *recording.arguments())
    return own, {arch: with_picture(ROOT / "build/test" / binary, recording.path) for arch, binary in CHECKED.items()}


# --- tables ----------------------------------------------------------------------------------------


class Table:
    """Disjoint typed ranges in ascending order, as the kernel keeps its e820 table: in bytes."""

    def __init__(self, entries):
        self.entries = sorted(entries)

    def _carve(self, start, end, old):
        """Take [start, end) of one type out."""
        kept, taken = [], []
        for s, e, t in self.entries:
            a, b = max(s, start), min(e, end)
            if t != old or a >= b:
                kept.append((s, e, t))
                continue
            taken.append((a, b))
            kept += [(x, y, t) for x, y in ((s, a), (b, e)) if x < y]
        self.entries = kept
        return taken

    def update(self, start, end, old, new):
        for a, b in self._carve(start, end, old):
            self.entries.append((a, b, new))
        self.merge()

    def remove(self, start, end, old):
        self._carve(start, end, old)
        self.merge()

    def merge(self):
        merged = []
        for s, e, t in sorted(self.entries):
            if merged and merged[-1][1] == s and merged[-1][2] == t:
                merged[-1] = (merged[-1][0], e, t)
            else:
                merged.append((s, e, t))
        self.entries = merged

    def ram(self):
        """Whole pages of RAM as pfn ranges."""
        rounded = [(-(-s // PAGE), e // PAGE) for s, e, t in self.entries if t == "ram"]
        return [(s, e) for s, e in rounded if s < e]

    def copy(self):
        return Table(list(self.entries))


ORDER = ["ram", "soft", "pmem", "unaccepted", "acpi", "nvs", "unusable", "reserved"]


def strictest(raw):
    """The obvious way: the strictest type of every stretch between two borders, touching ones merged."""
    borders = sorted({x for s, e, _ in raw for x in (s, e)})
    table = Table([])
    for a, b in zip(borders, borders[1:]):
        types = [t for s, e, t in raw if s <= a and b <= e]
        if types:
            table.entries.append((a, b, max(types, key=lambda t: ORDER.index(report_type(t)))))
    table.merge()
    return table.entries


def sanitised(raw):
    """The same, then RAM rounds inward to pages and everything else outward."""
    rounded = [(-(-s // PAGE) * PAGE, e // PAGE * PAGE, t) if t == "ram" else
               (s // PAGE * PAGE, -(-e // PAGE) * PAGE, t) for s, e, t in strictest(raw)]
    return strictest([x for x in rounded if x[0] < x[1]])


def intersect(a, b):
    """Of two ascending lists of ranges; touching results are joined."""
    out = []
    for s, e in a:
        for x, y in b:
            lo, hi = max(s, x), min(e, y)
            if lo >= hi:
                continue
            if out and out[-1][1] == lo:
                out[-1] = (out[-1][0], hi)
            else:
                out.append((lo, hi))
    return out


def pages(ranges, start=0, end=1 << 52):
    return sum(max(0, min(e, end) - max(s, start)) for s, e in ranges)


# --- the kernel's own computations -------------------------------------------------------------------


def nosave_regions(table, limit, ram_only):
    """e820__register_nosave_regions: what hibernation leaves alone, [start, end) in pages."""
    regions, pfn = set(), 0
    for s, e, t in table.entries:
        up = -(-s // PAGE)
        if ram_only and t != "ram":
            continue
        if pfn < up:
            regions.add((pfn, up))
        pfn = e // PAGE
        if t not in ("ram", "setup_data") and up < pfn:
            regions.add((up, pfn))
        if pfn >= limit:
            break
    else:
        if pfn < limit and ram_only:
            regions.add((pfn, limit))
    return regions


def joined(regions):
    """Neighbours as one, as later kernels print them."""
    out = []
    for s, e in sorted(regions):
        if out and out[-1][1] >= s:
            out[-1] = (out[-1][0], max(out[-1][1], e))
        else:
            out.append((s, e))
    return out


def regions_of(table, limit):
    """In every form that kernels have printed."""
    some, all_ram = nosave_regions(table, limit, False), nosave_regions(table, limit, True)
    return some | all_ram | set(joined(some)) | set(joined(all_ram))


def ram_buffers(table):
    """e820_reserve_resources_late: what lies between RAM and the next round address."""
    out = set()
    for s, e, t in table.entries:
        if t != "ram":
            continue
        mib = e >> 20
        unit = 64 << 10 if mib == 0 else MIB if mib < 16 else 64 * MIB
        end = -(-e // unit) * unit
        if e < end:
            out.add((e, end - 1))
    return out


def pci_gaps(table):
    """e820_search_gap: the largest stretch below 4 GiB that no entry covers."""
    last, size, gap = 4 * GIB, 0x400000, None
    for s, e, _ in reversed(table.entries):
        if last > e and last - e >= size:
            size, gap = last - e, (e, last - 1)
        last = min(last, s)
    return gap


def unavailable(ranges, zones, section):
    """memmap_init: pages with a descriptor that are not RAM, in the kernel's order.

    ranges: (start, end, nid) ascending; zones: {nid: [(name, start, end)]} of populated zones.
    """
    present = set()
    for s, e, _ in ranges:
        present.update(range(s // section, -(-e // section)))
    present = sorted(present)

    def valid(start, end):
        total, i = 0, bisect.bisect_left(present, start // section)
        while i < len(present) and present[i] * section < end:
            total += min(end, (present[i] + 1) * section) - max(start, present[i] * section)
            i += 1
        return total

    out, hole, last = [], 0, None
    for s, e, nid in ranges:
        for name, zs, ze in zones[nid]:
            a, b = min(max(s, zs), ze), min(max(e, zs), ze)
            last = (nid, name)
            if a >= b:
                continue
            count = valid(hole, a) if hole < a else 0
            if count:
                out.append((nid, name, count))
            hole = b
    end = -(-ranges[-1][1] // section) * section
    if hole < end and valid(hole, end):
        out.append((*last, valid(hole, end)))
    return out


# --- one machine ---------------------------------------------------------------------------------------

def apply_change(table, key, words):
    if key == "quirk_reserve":
        start, end = hexes(words[:2])
        table.entries.append((start, end + 1, "reserved"))
        table.entries = strictest(table.entries)
    elif key in ("update", "remove", "efi_remove_mmio"):
        start, end = hexes(words[:2])
        if key == "update":
            table.update(start, end + 1, report_type(words[2]), report_type(words[3]))
        else:
            table.remove(start, end + 1, report_type(words[2]) if key == "remove" else "reserved")


class Machine:
    """A recording, its report, and the kernel's changes to the table in the order of the log."""

    def __init__(self, recording, report):
        self.recording, self.report = recording, report
        self.table = Table([(int(e["start"], 16), int(e["end"], 16), e["type"]) for e in report["e820"]])
        self.ours = {n["nid"]: [(r["start_pfn"], r["end_pfn"]) for r in n["ranges"]] for n in report["nodes"]}
        self.early, self.final = self._kernel_tables(self.table)
        self.exact = Table(strictest(recording.raw()))
        self.exact_final = self._kernel_tables(self.exact)[1]
        self.exact_split = self._with_setup_data(self.exact_final)
        ram = self.early.ram()
        self.kernel = {nid: intersect(r, ram) for nid, r in self.ours.items()}
        self.zone_names = self._zone_names()

    def _zone_names(self):
        """The zones of this kernel's build, in ascending order."""
        every = ["DMA", "Normal", "HighMem"] if self.recording.arch == "i386" else ["DMA", "DMA32", "Normal"]
        printed = {w[0] for k, w in self.recording.expects if k == "zone"}
        return [n for n in every if n in printed or not printed or n == "HighMem"]

    def _trims_unseen(self):
        """Does the log lack the line of trim_bios_range, though its ranges start behind page 0?"""
        starts = [w[1] for k, w in self.recording.expects if k in ("zone", "range")]
        printed = any(k == "update" and w[0] == "0x0" for k, w in self.recording.expects)
        return not printed and "0x1000" in starts and "0x0" not in starts

    def _with_setup_data(self, table):
        """What setup_data holds is a type of its own, printed as usable."""
        table = table.copy()
        for key, words in self.recording.expects:
            if key == "update" and words[2] == words[3]:
                start, end = hexes(words[:2])
                table.update(start, end + 1, "ram", "setup_data")
        return table

    def _kernel_tables(self, table):
        """The table when the kernel made its ranges, and at the end of its start."""
        early, late, frozen = table.copy(), table.copy(), False
        if self._trims_unseen():
            for changed in (early, late):
                changed.update(0, PAGE, "ram", "reserved")
                changed.remove(0xa0000, MIB, "ram")
        last_pfn = "last_pfn_low" if self.recording.has("last_pfn_low") else "last_pfn"
        for key, words in self.recording.expects:
            frozen = frozen or key == last_pfn
            for changed in [late] if frozen else [early, late]:
                apply_change(changed, key, words)
        return early, late

    def limits(self):
        return self.report["limits"]

    def acpi_top(self, limit=1 << 52):
        """Where RAM and ACPI tables end: newer kernels map both."""
        return max((e // PAGE for _, e, t in self.early.entries if t in ("ram", "acpi") and e <= limit), default=0)

    def zone_borders(self):
        """Where a kernel's zones begin and end, from its ranges."""
        every = sorted(r for ranges in self.kernel.values() for r in ranges)
        top = every[-1][1] if every else 0
        low = self.limits()["max_low_pfn"]
        limits = {"DMA": 4096, "DMA32": GIB // 1024, "HighMem": top,
                  "Normal": low if self.recording.arch == "i386" else top}
        borders, start = {}, every[0][0] if every else 0
        for name in self.zone_names:
            end = max(start, min(limits[name], top))
            borders[name] = (start, end)
            start = end
        return borders

    def zone_ranges(self, nid, name, kernel=True):
        start, end = self.zone_borders()[name]
        source = self.kernel if kernel else self.ours
        return [(max(s, start), min(e, end)) for s, e in source.get(nid, []) if s < end and e > start]

    def zone(self, nid, name):
        return next((z for z in self.report["zones"] if z["nid"] == nid and z["name"] == name), None)


# --- figures: each returns None when it agrees, the name of a policy, or "differs" -----------------------


def first_that_fits(value, direct, **policies):
    if direct == value:
        return None
    return next((name for name, v in policies.items() if v == value or isinstance(v, list) and value in v), "differs")


def last_pfn(m, words):
    return first_that_fits(int(words[0], 16), m.limits()["max_pfn"],
                           kernel_updates=max((r[1] for r in m.early.ram()), default=0),
                           acpi_is_mapped=m.acpi_top())


def last_pfn_low(m, words):
    low = [min(e, GIB // 1024) for s, e in m.early.ram() if s < GIB // 1024]
    return first_that_fits(int(words[0], 16), m.limits()["max_low_pfn"],
                           kernel_updates=max(low, default=0), acpi_is_mapped=m.acpi_top(4 * GIB),
                           printed_twice=m.limits()["max_pfn"])


def update(m, words):
    s, e = hexes(words[:2])
    if words[2] == words[3]:
        return "setup_data" if all(t == "ram" for a, b, t in m.table.entries if a < e + 1 and b > s) else "differs"
    owners = [o for o in m.report["owners"] for r in o["ranges"]
              if r["start_pfn"] * PAGE <= s and e < r["end_pfn"] * PAGE]
    if owners or not pages(intersect(m.table.ram(), [(s // PAGE, -(-(e + 1) // PAGE))])):
        return None
    return "kernel_updates"


def remove(m, words):
    s, e = hexes(words[:2])
    covered = any(a <= e and b > s and t == report_type(words[2]) for a, b, t in m.table.entries)
    return "kernel_updates" if covered else None


def zone(m, words):
    name = words[0]
    ours = [z for z in m.report["zones"] if z["name"] == name and z["present_pages"]]
    span = (min(z["start_pfn"] for z in ours), max(z["start_pfn"] + z["spanned_pages"] for z in ours)) if ours else None
    if words[1] == "empty":
        return "other_zones" if name not in m.zone_borders() else "differs" if span else None
    value = (int(words[1], 16) // PAGE, (int(words[2], 16) + 1) // PAGE)
    left = [r for ranges in m.kernel.values() for r in intersect(ranges, [span] if span else [])]
    start, end = m.zone_borders().get(name, (0, 0))
    unclipped = {"DMA": 4096, "DMA32": GIB // 1024}.get(name)
    return first_that_fits(value, span, kernel_updates=(min(left)[0], max(e for _, e in left)) if left else None,
                           zone_borders=[(start, end), (start, unclipped)], acpi_is_mapped=(start, m.acpi_top()))


def node_range(m, words):
    nid, (s, e) = int(words[0]), hexes(words[1:3])
    value = (s // PAGE, (e + 1) // PAGE)
    if value in m.ours.get(nid, []):
        return None
    if value in m.kernel.get(nid, []):
        return "kernel_updates"
    return "flat" if value == (0, span(m.ours.get(nid, []))[1]) else "differs"


def span(ranges):
    return (ranges[0][0], ranges[-1][1]) if ranges else (0, 0)


def initmem(m, words):
    nid, (s, e) = int(words[0]), hexes(words[1:3])
    return first_that_fits((s // PAGE, (e + 1) // PAGE), span(m.ours.get(nid, [])),
                           kernel_updates=span(m.kernel.get(nid, [])))


def node_data(m, words):
    s, e = hexes(words[1:3])
    inside = any(a <= s // PAGE and e // PAGE < b for a, b in m.table.ram())
    return "placement" if inside else "differs"


def placed(m, words):
    """In RAM, or exactly one range that the loader already calls reserved."""
    s, e = hexes(words[:2])
    inside = any(a <= s // PAGE and e // PAGE < b for a, b in m.table.ram())
    return "placement" if inside or (s, e + 1, "reserved") in m.table.entries else "differs"


def numa_merge(m, words):
    """What is joined belongs to this node, and so does all RAM between."""
    nid, (s, e) = int(words[0]), hexes(words[5:7])
    window = [(s // PAGE, -(-(e + 1) // PAGE))]
    strangers = any(pages(intersect(r, window)) for n, r in m.ours.items() if n != nid)
    return "differs" if strangers or not pages(intersect(m.ours.get(nid, []), window)) else None


def node_pages(m, words):
    nid, count = int(words[0]), int(words[1])
    ours = m.ours.get(nid, [])
    return first_that_fits(count, pages(ours), kernel_updates=pages(m.kernel.get(nid, [])),
                           flat=[ours[-1][1] - ours[0][0], min(ours[-1][1], m.limits()["max_low_pfn"])] if ours else 0)


def noted(m, key, nid, name):
    """A figure that the kernel printed of the same zone."""
    return next((int(w[2]) for k, w in m.recording.expects if k == key and w[:2] == [str(nid), name]), 0)


def zone_spanned(m, nid, name):
    ranges = m.zone_ranges(nid, name)
    start, end = m.zone_borders()[name]
    return min(end, m.kernel[nid][-1][1]) - max(start, m.kernel[nid][0][0]) if ranges else 0


def zone_pages(m, words):
    nid, name, count = int(words[0]), words[1], int(words[2])
    ours = m.zone(nid, name)
    if name not in m.zone_borders() or ours is None:
        return "differs" if count else "other_zones"
    present = pages(m.zone_ranges(nid, name))
    memmap, reserve = noted(m, "zone_memmap", nid, name), noted(m, "zone_reserved", nid, name)
    return first_that_fits(count, ours["present_pages"], kernel_updates=present,
                           less_mem_map=present - memmap - reserve,
                           spanned=zone_spanned(m, nid, name),
                           spanned_less_mem_map=zone_spanned(m, nid, name) - memmap - reserve)


def struct_page_sizes(m, words):
    """Sizes of struct page with which a zone's pages need so much mem_map."""
    nid, name, count = int(words[0]), words[1], int(words[2])
    if name not in m.zone_borders():
        return set()
    return {size for size in (32, 36, 40, 44, 48, 56, 64, 80, 96, 104)
            for base in (zone_spanned(m, nid, name), pages(m.zone_ranges(nid, name)))
            if count in (base * size // PAGE, -(-base * size // PAGE))}


def zone_memmap(m, words):
    """One size must fit all zones of the machine."""
    every = [struct_page_sizes(m, w) for k, w in m.recording.expects if k == "zone_memmap"]
    return "size_of_page" if set.intersection(*every) else "differs"


def kernel_unavailable(m):
    ranges = sorted((s, e, nid) for nid, r in m.kernel.items() for s, e in r)
    zones = collections.defaultdict(list)
    for nid, r in m.kernel.items():
        for name, (start, end) in m.zone_borders().items():
            inside = [x for x in r if x[0] < end and x[1] > start]
            if inside:
                zones[nid].append((name, max(start, r[0][0]), min(end, r[-1][1])))
    section = 128 * MIB // PAGE
    return unavailable(ranges, zones, section) if ranges else []


def zone_unavailable(m, words):
    value = (int(words[0]), words[1], int(words[2]))
    return "unavailable" if value in kernel_unavailable(m) else "differs"


def unavailable_pages(m, words):
    """Since 5.6 the rest of the last section counts too."""
    holes = kernel_unavailable(m)
    top = max(r[-1][1] for r in m.kernel.values() if r)
    tail = -top % (128 * MIB // PAGE)
    return "unavailable" if int(words[0]) in (sum(n for _, _, n in holes), sum(n for _, _, n in holes) - tail) else "differs"


def memory_kb(m, words):
    total = int(words[1])
    ours = m.report["memory"]["present_pages"] * 4
    kernel = 4 * sum(pages(r) for r in m.kernel.values())
    top = max((r[-1][1] for r in m.kernel.values() if r), default=0) * 4
    return first_that_fits(total, ours, kernel_updates=kernel, top_of_memory=top)


def megabytes(name, value):
    def check(m, words):
        if m.recording.told_low_end() and name == "lowmem_mb":
            return "build_split"
        return first_that_fits(int(words[0]), value(m.limits()) * PAGE // MIB)
    return check


def low_ram(m, words):
    s, e = hexes(words[:2])
    if m.recording.told_low_end():
        return "build_split"
    return first_that_fits((s, e + 1), (0, m.limits()["max_low_pfn"] * PAGE))


def pci_gap(m, words):
    value = tuple(hexes(words[:2]))
    return first_that_fits(value, pci_gaps(m.table), kernel_updates=pci_gaps(m.final),
                           bytes=[pci_gaps(m.exact), pci_gaps(m.exact_final)])


def nosave(m, words):
    s, e = hexes(words[:2])
    value, limit = (s // PAGE, (e + 1) // PAGE), m.limits()["max_pfn"]
    for table, verdict in ((m.table, None), (m.final, "kernel_updates"), (m.exact, "bytes"), (m.exact_final, "bytes")):
        if value in regions_of(table, limit):
            return verdict
    if value in regions_of(m.exact_split, limit) | regions_of(Table(m.recording.printed("setup_data_map")), limit):
        return "setup_data"
    if value in regions_of(Table(m.recording.raw()), limit):  # touching ranges that are kept apart
        return "bytes"
    return "acpi_is_mapped" if value in regions_of(m.exact_split, m.acpi_top()) else "differs"


def rambuf(m, words):
    value = tuple(hexes(words[:2]))
    if value in ram_buffers(m.table):
        return None
    if value in ram_buffers(m.final):
        return "kernel_updates"
    if value in ram_buffers(m.exact) | ram_buffers(m.exact_final):
        return "bytes"
    return "setup_data" if value in ram_buffers(m.exact_split) else "differs"


def mmio(m, words):
    s, e = hexes(words[:2])
    ours = [(a, b) for a, b, t in m.table.entries if t == "reserved"]
    return None if any(a <= s and e < b for a, b in ours) else "differs"


def removed_mmio(m, words):
    return "mmio_removed" if mmio(m, words) is None else "differs"


def printed_map(key):
    def check(m, words):
        return None if sanitised(m.recording.printed(key)) == m.table.entries else "differs"
    return check


def modified_map(m, words):
    """The kernel's table printed again after its own updates."""
    printed = Table(sanitised(m.recording.printed("modified_map"))).ram()
    if printed == m.table.ram():
        return None
    return "kernel_updates" if printed in (m.early.ram(), m.final.ram()) else "differs"


def setup_data_map(m, words):
    return printed_map("setup_data_map")(m, words)


def found(m, *quirks):
    return sum(f["count"] for f in m.report["findings"] if f["quirk"] in quirks)


def efi_invalid(m, words):
    if not m.recording.lines["efi"]:
        return "no_efi_map"
    return None if found(m, "Q10", "Q13") >= sum(k == "efi_invalid" for k, _ in m.recording.expects) else "differs"


def efi_invalid_removed(m, words):
    if not m.recording.lines["efi"]:
        return "no_efi_map"
    return first_that_fits(int(words[0]), found(m, "Q10", "Q13"))


def zonelists(m, words):
    """total_pages=: what the kernel's own things left of its RAM."""
    present = sum(pages(r) for r in m.kernel.values())
    return "kernel_footprint" if int(words[1].split("=")[1]) <= present else "differs"


FIRMWARE_KINDS = {"RT_Code": "runtime code", "RT_Data": "runtime data", "ACPI_Recl": "acpi", "ACPI_NVS": "nvs"}
RAM_TYPES = ("LoaderCode", "LoaderData", "BS_Code", "BS_Data", "Available")


def uefi_type_pages(m, words):
    name, count = words[0], int(words[1])
    totals = {w[0]: int(w[1]) for k, w in m.recording.expects if k == "uefi_type_pages"}
    if name in FIRMWARE_KINDS:
        ours = sum(int(r["end"], 16) - int(r["start"], 16) for r in m.report["firmware_ranges"]
                   if r["kind"] == FIRMWARE_KINDS[name])
        return first_that_fits(count, ours // PAGE)
    if name in RAM_TYPES:  # the report knows their sum: RAM
        return first_that_fits(sum(totals.get(t, 0) for t in RAM_TYPES), m.report["memory"]["present_pages"])
    return "not_reported"


def faking_node(m, words):
    s, e = hexes(words[:2])
    only = len(m.report["nodes"]) == 1 and s == 0
    return first_that_fits(e + 1, m.limits()["max_pfn"] * PAGE if only else 0,
                           kernel_updates=max((r[1] for r in m.early.ram()), default=0) * PAGE if only else 0,
                           acpi_is_mapped=m.acpi_top() * PAGE if only else 0)


def policy(name):
    return lambda m, words: name


FIGURES = {
    "last_pfn": last_pfn, "last_pfn_low": last_pfn_low, "update": update, "remove": remove, "zone": zone,
    "range": node_range, "initmem": initmem, "bootmem_node": initmem, "node_data": node_data,
    "numa_merge": numa_merge, "node_pages": node_pages, "zone_pages": zone_pages, "zone_memmap": zone_memmap,
    "zone_reserved": policy("dma_reserve"), "zone_unavailable": zone_unavailable,
    "unavailable_pages": unavailable_pages, "memory_kb": memory_kb, "zonelists": zonelists,
    "highmem_mb": megabytes("highmem_mb", lambda l: l["highend_pfn"] - l["highstart_pfn"]),
    "lowmem_mb": megabytes("lowmem_mb", lambda l: l["max_low_pfn"]), "mapped_low_ram": low_ram, "low_ram": low_ram,
    "pci_gap": pci_gap, "nosave": nosave, "rambuf": rambuf, "ramdisk": placed, "crashkernel": placed,
    "faking_node": faking_node, "user_map": printed_map("user_map"), "setup_data_map": setup_data_map,
    "modified_map": modified_map, "efi_remove_mmio": removed_mmio, "efi_keep_mmio": mmio,
    "efi_invalid": efi_invalid, "efi_invalid_removed": efi_invalid_removed,
    "quirk_reserve": policy("pci_quirk"), "mtrr_trim_mb": policy("mtrr"), "uefi_type_pages": uefi_type_pages,
}


def judge(machine):
    """[(kind, words, None | policy | "listed" | "differs")] of every figure of one machine."""
    listed = {t.what for t in TABLE["exception"] if t.file == machine.recording.name}
    verdicts = []
    for kind, words in machine.recording.expects:
        verdict = FIGURES[kind](machine, words) if kind in FIGURES else "differs"
        if verdict == "differs" and " ".join([kind, *words]) in listed:
            verdict = "listed"
        verdicts.append((kind, words, verdict))
    return verdicts
