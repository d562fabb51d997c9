# SPDX-License-Identifier: BSD-2-Clause
"""The tests of the tests: a real report, broken in one place, must not pass the check of that place."""
import copy

import pytest

import checks
from checks import CHECKS, PAGE, address
from machines import on_machines


def zone(report, name="DMA"):
    return next(z for z in report["zones"] if z["name"] == name)


def owner(report, name):
    return next(o for o in report["owners"] if o["owner"] == name)


def move(entry, member, by):
    entry[member] = hex(address(entry[member]) + by)


def swap(items, i, j):
    items[i], items[j] = items[j], items[i]


def add(table, member, by=1):
    table[member] += by


def split_first_ram(report):
    """[a, c) becomes [a, b), [b, c): still right, no longer merged."""
    first = report["e820"][0]
    middle = hex(address(first["start"]) + PAGE)
    report["e820"].insert(1, dict(first, start=middle))
    first["end"] = middle


def grow_into_next(report):
    """A range that overlaps the one after it."""
    table = report["e820"]
    i = next(i for i in range(len(table) - 1) if table[i]["end"] == table[i + 1]["start"])
    move(table[i], "end", PAGE)


def same_page_twice(report):
    """Page 0's owner also claims the first page of the image, and says so in its count."""
    page = owner(report, "image")["ranges"][0]["start_pfn"]
    owner(report, "page 0")["ranges"].append({"start_pfn": page, "end_pfn": page + 1})
    owner(report, "page 0")["pages"] += 1


def own_no_ram(report):
    """An owner of a page behind the end of memory."""
    end = report["limits"]["max_pfn"]
    owner(report, "image")["ranges"].append({"start_pfn": end, "end_pfn": end + 1})
    owner(report, "image")["pages"] += 1


def block_elsewhere(report):
    """Two blocks instead of one: the free pages are the same, their places are not."""
    blocks = zone(report)["free_blocks"]
    order = max(order for order, n in enumerate(blocks) if n)
    blocks[order] -= 1
    blocks[order - 1] += 2


def lose_page(report):
    """The allocator lost a page, and every sum follows."""
    for table, member in ((zone(report), "free_pages"), (zone(report), "managed_pages"),
                          (report["memory"], "free_pages")):
        table[member] -= 1


BREAKS = {
    "check_schema": [
        lambda r: r.pop("limits"), lambda r: r.update(schema="bootmem-report/2"),
        lambda r: r["zones"][0].pop("watermark"), lambda r: r.update(nodes=[]),
        lambda r: r["memory"].update(free_pages="1"), lambda r: r["paging"].update(nx="yes"),
        lambda r: r["paging"].update(levels=True), lambda r: r.update(e820={})],
    "check_booted": [
        lambda r: r.update(stage="report"), lambda r: r["firmware"].update(exit_attempts=0),
        lambda r: r["firmware"].update(exit_attempts=9), lambda r: r["firmware"].update(descriptors=1)],
    "check_e820_order": [
        lambda r: swap(r["e820"], 1, 2), split_first_ram, grow_into_next,
        lambda r: move(r["e820"][0], "end", -1), lambda r: r["e820"][0].update(type="free"),
        lambda r: r["e820"][0].update(end=r["e820"][0]["start"]),
        lambda r: r["e820"][-1].update(end=hex((1 << 52) + PAGE))],
    "check_limits": [lambda r, name=name, by=by: add(r["limits"], name, by)
                     for name in ("min_low_pfn", "max_low_pfn", "max_pfn", "highstart_pfn",
                                  "highend_pfn") for by in (1, -1)],
    "check_balance": [
        lambda r: add(r["memory"], "present_pages"), lambda r: add(r["memory"], "free_pages"),
        lambda r: add(r["memory"], "reserved_pages"), lambda r: add(r["memory"], "highmem_pages"),
        lambda r: add(owner(r, "image"), "pages"), lambda r: r["owners"].pop()],
    "check_owner_ranges": [
        lambda r: add(owner(r, "image"), "pages"), same_page_twice, own_no_ram,
        lambda r: add(owner(r, "mem_map")["ranges"][0], "end_pfn"),
        lambda r: owner(r, "mm")["ranges"].clear()],
    "check_owner_names": [
        lambda r: owner(r, "page 0").update(owner="page zero"),
        lambda r: owner(r, "mm").update(pages=0),
        lambda r: owner(r, "mm").update(owner="firmware until exit"),
        lambda r: owner(r, "page 0").update(reclaimable=True),
        lambda r: owner(r, "page tables").update(reclaimable=True)],
    "check_zones": [
        lambda r: swap(r["zones"], 0, 1), lambda r: add(zone(r), "present_pages"),
        lambda r: add(zone(r), "spanned_pages"), lambda r: add(zone(r), "start_pfn", 4096),
        lambda r: r["zones"].pop()],
    "check_zone_free": [
        lose_page, lambda r: add(zone(r), "managed_pages"), lambda r: add(zone(r), "free_pages"),
        lambda r: add(r["memory"], "free_pages"), lambda r: add(zone(r), "present_pages")],
    "check_free_blocks": [
        block_elsewhere, lambda r: zone(r)["free_blocks"].append(0),
        lambda r: add(zone(r)["free_blocks"], 0), lambda r: add(zone(r), "free_pages")],
    "check_watermarks": [
        lambda r: zone(r)["watermark"].update(min=0),
        lambda r: zone(r)["watermark"].update(low=zone(r)["watermark"]["min"]),
        lambda r: zone(r)["watermark"].update(high=zone(r)["managed_pages"])],
    "check_nodes": [
        lambda r: r["nodes"][0]["ranges"].pop(), lambda r: add(r["nodes"][0], "present_pages"),
        lambda r: add(r["nodes"][0], "end_pfn"), lambda r: add(r["nodes"][0], "start_pfn"),
        lambda r: r["nodes"][0]["bootmem"].update(bitmap_bytes=0),
        lambda r: r["nodes"][0]["bootmem"].update(allocations=0),
        lambda r: r["nodes"][0]["bootmem"].update(requested_bytes=1 << 50)],
    "check_sections": [
        lambda r: add(r["sections"], "present"), lambda r: r["sections"].update(initialised=0),
        lambda r: r["sections"].update(initialised=r["sections"]["present"] + 1)],
    "check_page_tables": [
        lambda r: r["paging"].update(root="0x1000"), lambda r: move(r["paging"], "root", 8),
        lambda r: add(r["paging"], "table_pages"), lambda r: r["paging"].update(levels=6)],
    "check_direct_map": [
        lambda r: move(r["paging"]["direct_map"], "base", PAGE),
        lambda r: add(r["paging"]["direct_map"], "bytes", PAGE),
        lambda r: r["paging"].update(pages_2m=r["paging"]["pages_2m"] // 2, pages_1g=0)],
    "check_large_pages": [
        lambda r: r["paging"].update(pages_2m=1, pages_4m=0, pages_1g=0),
        lambda r: add(r["paging"], "pages_4k", 1 << 24),
        lambda r: r.update(large_pages=False)],
    "check_virtual_areas": [
        lambda r: r["paging"]["vmalloc"].update(end=r["paging"]["vmalloc"]["start"]),
        lambda r: r["paging"]["vmalloc"].update(start=r["paging"]["direct_map"]["base"]),
        lambda r: r["paging"]["fixmap"].update(start=r["paging"]["vmalloc"]["start"]),
        lambda r: r["paging"].update(pkmap=None if r["paging"]["pkmap"] else
                                     {"start": "0x1", "end": "0x2"})],
    "check_selftest": [
        lambda r: r["selftest"].update(balanced=False), lambda r: r["selftest"].update(blocks=10)],
    "check_timing": [
        lambda r: r["timing"].pop(0), lambda r: swap(r["timing"], 0, 1),
        lambda r: r["timing"][10].update(cycles=0), lambda r: r["timing"][-1].update(cycles=0)],
    "check_findings": [
        lambda r: r["findings"].append({"quirk": "12", "count": 1, "text": "x"}),
        lambda r: r["findings"].append({"quirk": "Q99", "count": 0, "text": "x"}),
        lambda r: r["findings"].append({"quirk": "Q99", "count": 1, "text": ""}),
        lambda r: r["findings"].extend([{"quirk": "Q99", "count": 1, "text": "x"}] * 2)],
    "check_firmware_ranges": [
        lambda r: r["firmware_ranges"][0].update(kind="boot"),
        lambda r: r["firmware_ranges"][0].update(end="0x0"),
        lambda r: r["firmware_ranges"][0].update(start="0x4000", end="0x5000")],
}


def test_every_check_has_a_test():
    assert set(BREAKS) == {check.__name__ for check in CHECKS}


@on_machines("x86_64-6G", "i386-512M")
@pytest.mark.parametrize("name", sorted(BREAKS))
def test_check_notices(run, name):
    check = getattr(checks, name)
    report = run.report()
    check(report)
    for i, change in enumerate(BREAKS[name]):
        broken = copy.deepcopy(report)
        change(broken)
        assert broken != report, f"change {i} changes something"
        try:
            check(broken)
        except (AssertionError, KeyError, ValueError, IndexError):
            continue
        pytest.fail(f"change {i} passed")
