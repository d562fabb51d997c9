# SPDX-License-Identifier: BSD-2-Clause
"""Every recorded machine runs on both simulators, and its own kernel's figures are judged."""
import xml.etree.ElementTree

import pytest

import agreement

SVG = "{http://www.w3.org/2000/svg}"
RECORDINGS = agreement.recordings()


def check_report(report, arch):
    """What holds of every report (INTERFACES: Report)."""
    memory, limits = report["memory"], report["limits"]
    assert (report["schema"], report["arch"], report["stage"]) == ("bootmem-report/1", arch, "simulated")
    assert memory["present_pages"] == memory["free_pages"] + memory["reserved_pages"]
    assert memory["reserved_pages"] == sum(o["pages"] for o in report["owners"])
    ram = [(int(e["start"], 16), int(e["end"], 16)) for e in report["e820"] if e["type"] == "ram"]
    assert memory["present_pages"] == sum(e - s for s, e in ram) // 4096
    for part in ("nodes", "zones"):
        assert memory["present_pages"] == sum(x["present_pages"] for x in report[part])
    assert memory["free_pages"] == sum(z["free_pages"] for z in report["zones"])
    for z in report["zones"]:
        assert z["free_pages"] == sum(n << order for order, n in enumerate(z["free_blocks"]))
    assert limits["highstart_pfn"] == limits["max_low_pfn"] <= limits["max_pfn"] == limits["highend_pfn"]
    assert limits["max_pfn"] * 4096 == max(e for _, e in ram)
    assert report["selftest"]["balanced"] is True


def check_picture(picture, report):
    """Well-formed XML that stays inside its page and explains the zones that there are."""
    root = xml.etree.ElementTree.fromstring(picture)
    width, height = float(root.get("width")), float(root.get("height"))
    boxes = [r for r in root.iter(f"{SVG}rect") if r.get("x")]
    texts = list(root.iter(f"{SVG}text"))
    titles = [t.text for t in root.iter(f"{SVG}title")]
    assert len(boxes) > 10 and len(picture) < 4 << 20
    for r in boxes:
        assert 0 <= float(r.get("x")) and float(r.get("x")) + float(r.get("width")) <= width + 1
        assert 0 <= float(r.get("y")) and float(r.get("y")) + float(r.get("height")) <= height
    assert all(0 <= float(t.get("x")) <= width and 0 <= float(t.get("y")) <= height for t in texts)
    assert any("RAM" in t for t in titles) and any("free" in t for t in titles)
    assert {t.text.removeprefix("zone ") for t in texts if (t.text or "").startswith("zone ")} == {
        z["name"] for z in report["zones"] if z["present_pages"]}


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)
def test_machine(recording, reports, tally):
    own, checked = reports
    check_report(own, recording.arch)
    for arch, (report, picture) in checked.items():
        check_report(report, arch)
        check_picture(picture, report)
    judged = agreement.judge(agreement.Machine(recording, own))
    tally.add(recording.name, judged)
    assert [(kind, words) for kind, words, verdict in judged if verdict == "differs"] == []


def test_every_file_is_here():
    """The index names what belongs here; a lost file must not go unnoticed."""
    index = (agreement.MAPS / "INDEX.tsv").read_text().splitlines()[1:]
    assert sorted(line.split("\t")[0] for line in index) == sorted(r.name for r in RECORDINGS)
    assert len(RECORDINGS) == 265


def test_table_is_needed(tally):
    """A row of policies.tsv that covers nothing is wrong or out of date."""
    if len(tally.names) != len(RECORDINGS):
        pytest.skip("needs the verdicts on all machines")
    used = {verdict for _, _, _, verdict in tally.verdicts}
    rules = {row.what for sort in ("policy", "apart") for row in agreement.TABLE[sort]}
    assert rules - used == set()
    listed = {(name, figure) for name, _, figure, verdict in tally.verdicts if verdict == "listed"}
    assert [row for row in agreement.TABLE["exception"] if (row.file, row.what) not in listed] == []
    assert used - {None, "listed", "differs"} <= rules
