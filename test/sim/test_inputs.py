# SPDX-License-Identifier: BSD-2-Clause
"""One machine in every form of recording: the simulator must report the same."""
import functools
import json
import resource
import subprocess
import sys

import pytest

import agreement

RECORDINGS = agreement.recordings()
E820 = [r for r in RECORDINGS if r.lines["e820"]]
EFI = [r for r in RECORDINGS if r.lines["efi"]]
EVERY_KIND = [r for i, r in enumerate(E820) if i % 8 == 0 or r.lines["srat"]]

NEW_TYPES = {"ram": "usable", "reserved": "reserved", "acpi": "ACPI data", "nvs": "ACPI NVS", "unusable": "unusable",
             "pmem": "persistent (type 7)", "soft": "soft reserved"}
SYSFS_TYPES = {"ram": "System RAM", "reserved": "Reserved", "acpi": "ACPI Tables",
               "nvs": "ACPI Non-volatile Storage", "unusable": "Unusable memory", "pmem": "Persistent Memory",
               "soft": "Soft Reserved"}


def ranges(recording, kind="e820"):
    return [(int(w[0], 16), int(w[1], 16), w[2:]) for w in recording.lines[kind]]


def run(arch, text, *arguments):
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([agreement.ROOT / "build" / agreement.SIMULATORS[arch], *arguments, "-"],
                          input=data, capture_output=True, timeout=60)


def report(arch, text, *arguments):
    done = run(arch, text, "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, b"")
    return json.loads(done.stdout)


def comparable(document):
    """Without what only repeats the recording, and where it came from."""
    return {k: v for k, v in document.items() if k not in ("firmware", "timing", "firmware_map", "affinity")}


@functools.cache
def plainly(path, arch, *arguments):
    """What the plain recording comes to."""
    return comparable(agreement.simulate(path, arch, *arguments))


# --- kernel logs -------------------------------------------------------------------------------------


def new_e820(recording):
    return [f"BIOS-e820: [mem 0x{s:016x}-0x{e:016x}] {NEW_TYPES.get(t[0], t[0].replace('=', ' '))}"
            for s, e, t in ranges(recording)]


def old_e820(recording):
    return [f" BIOS-e820: {s:016x} - {e + 1:016x} ({NEW_TYPES.get(t[0], t[0].replace('=', ' '))})"
            for s, e, t in ranges(recording)]


def new_srat(recording):
    return [f"ACPI: SRAT: Node {w[0]} PXM {w[0]} [mem {w[1]}-{w[2]}]" +
            "".join({"hotplug": " hotplug", "nonvolatile": " non-volatile"}[f] for f in w[3:])
            for w in recording.lines["srat"]]


def old_srat(recording):
    return [f"SRAT: Node {w[0]} PXM {w[0]} {int(w[1], 16):x}-{int(w[2], 16) + 1:x}" for w in recording.lines["srat"]]


def noisy(lines):
    """With what a kernel says in between."""
    noise = ["Linux version 6.1.0 (gcc 12)", "BIOS-provided physical RAM map:", "NX (Execute Disable) protection: active",
             "efi: Remove mem49: MMIO range=[0xbf200000-0xbf400fff] (2MB) from e820 map",
             "e820: update [mem 0x00000000-0x00000fff] usable ==> reserved",
             "ACPI: SRAT 0x00000000BFFE1B35 0000C8 (v01 BOCHS)", "user: nobody", "\x00\xff\x1b[32mcolour"]
    return noise + lines + noise


LOG_STYLES = {
    "new": lambda r: noisy(new_e820(r) + new_srat(r)),
    "time": lambda r: [f"[    0.{i:06}] {x}" for i, x in enumerate(noisy(new_e820(r) + new_srat(r)))],
    "level": lambda r: [f"<6>[    0.000000] {x}" for x in noisy(new_e820(r) + new_srat(r))],
    "syslog": lambda r: [f"Jan  1 00:00:00 host kernel: [    0.000000] {x}" for x in noisy(new_e820(r) + new_srat(r))],
    "crlf": lambda r: [x + "\r" for x in noisy(new_e820(r) + new_srat(r))],
    "old": lambda r: noisy(old_e820(r) + new_srat(r)),
    "xen": lambda r: noisy([x.replace("BIOS-e820", "Xen") for x in new_e820(r)] + new_srat(r)),
}


def encode(lines):
    return "\n".join(lines).encode("latin-1") + b"\n"


@pytest.mark.parametrize("style", LOG_STYLES)
def test_kernel_log(style, arch):
    for recording in EVERY_KIND:
        plain = plainly(recording.path, arch, "--map", "e820")
        assert comparable(report(arch, encode(LOG_STYLES[style](recording)))) == plain, recording.name


def test_log_of_many_starts(arch):
    """As in a syslog file: the last start counts, and standard error says so."""
    first, last = E820[0], E820[1]
    log = [x for r in (first, first, last) for x in ["Linux version 6.1.0", *new_e820(r), *new_srat(r)]]
    done = run(arch, encode(log), "--json")
    assert (done.returncode, done.stderr) == (0, b"standard input: the log has maps of 3 starts, the last one is taken\n")
    assert comparable(json.loads(done.stdout)) == plainly(last.path, arch, "--map", "e820")


def test_old_srat(arch):
    """Flags were not printed then; they change nothing in the report."""
    for recording in (r for r in E820 if r.lines["srat"]):
        plain = plainly(recording.path, arch, "--map", "e820")
        assert comparable(report(arch, encode(old_e820(recording) + old_srat(recording)))) == plain, recording.name


def test_size_at_start(arch):
    """Kernel 2.2: size @ start."""
    text = " BIOS-e820: 0009fc00 @ 00000000 (usable)\n BIOS-e820: 03f00000 @ 00100000 (usable)\n"
    table = report(arch, text)["e820"]
    assert [(e["start"], e["end"]) for e in table] == [("0x0", "0x9f000"), ("0x100000", "0x4000000")]


EFI_NAMES = ["Reserved", "Loader Code", "Loader Data", "Boot Code", "Boot Data", "Runtime Code", "Runtime Data",
             "Conventional", "Unusable", "ACPI Reclaim", "ACPI Mem NVS", "MMIO", "MMIO Port", "PAL Code"]
PLAIN_EFI = {"Available": 7, "BS_Data": 4, "BS_Code": 3, "RT_Data": 6, "RT_Code": 5, "LoaderCode": 1, "LoaderData": 2,
             "ACPI_Recl": 9, "ACPI_NVS": 10, "MMIO": 11, "Reserved": 0, "Conventional_Memory": 7, "Boot_Data": 4,
             "Boot_Code": 3, "Runtime_Data": 6, "Runtime_Code": 5, "Loader_Code": 1, "Loader_Data": 2,
             "ACPI_Memory_NVS": 10, "ACPI_Reclaim_Memory": 9, "Memory_Mapped_I/O": 11}
FLAGS = {"UC": 1, "WC": 2, "WT": 4, "WB": 8, "RUN": 1 << 63}


def efi_ranges(recording):
    for start, end, words in ranges(recording, "efi"):
        kind = PLAIN_EFI[words[0]] if words[0] in PLAIN_EFI else int(words[0])
        flags = sum(FLAGS[f] for f in words[1].split("|")) if "attr=" not in words[1] else int(words[1][5:], 16)
        yield start, end, kind, flags


def flag_names(flags):
    return "|".join(n if flags & FLAGS[n] else " " * len(n) for n in ("RUN", "WB", "WT", "WC", "UC"))


EFI_STYLES = {
    "2.6": lambda i, s, e, t, f: f"EFI: mem{i:02}: type={t}, attr=0x{f:x}, range=[0x{s:016x}-0x{e + 1:016x}) ({(e + 1 - s) >> 20}MB)",
    "3.18": lambda i, s, e, t, f: f"efi: mem{i:02}: [{EFI_NAMES[t]:19}|{flag_names(f)}] range=[0x{s:016x}-0x{e + 1:016x}) (0MB)",
    "6": lambda i, s, e, t, f: f"efi: mem{i:02}: [{EFI_NAMES[t]:19}|{flag_names(f)}] range=[0x{s:016x}-0x{e % (1 << 64):016x}] (0MB)",
}


@pytest.mark.parametrize("style", EFI_STYLES)
def test_efi_lines(style, arch):
    """Attributes without a name in the log make no difference to the report."""
    for recording in EFI:
        lines = [EFI_STYLES[style](i, *r) for i, r in enumerate(efi_ranges(recording))]
        plain = plainly(recording.path, arch)
        assert comparable(report(arch, encode(noisy(lines + new_e820(recording))))) == plain, recording.name


def test_shell_memmap(arch):
    """As the UEFI shell prints it, in ASCII and in the UTF-16 of its files."""
    names = {v: k for k, v in list(PLAIN_EFI.items())[10::-1]}
    for recording in EFI:
        # The shell leaves empty ranges out.
        entries = [r for r in efi_ranges(recording) if r[0] <= r[1]]
        if any(t not in names for _, _, t, _ in entries):
            continue
        lines = ["Type       Start            End              # Pages          Attributes"]
        lines += [f"{names[t]:10} {s:016X}-{e:016X} {(e + 1 - s) >> 12:016X} {f:016X}" for s, e, t, f in entries]
        lines += ["", "  Reserved  :         59 Pages (241,664 Bytes)", "Total Memory: 127 MB (133,545,984 Bytes)", ""]
        text = "\r\n".join(lines)
        plain, shell = agreement.simulate(recording.path, arch), report(arch, text)
        for key in ("e820", "limits", "nodes", "sections"):
            assert shell[key] == plain[key], recording.name
        assert report(arch, "\ufeff".encode("utf-16-le") + text.encode("utf-16-le")) == shell


def test_sysfs(arch, tmp_path):
    """A copied directory, and what grep prints of it, in any order."""
    for number, recording in enumerate(EVERY_KIND[::6]):
        if recording.lines["srat"] or any("=" in t[0] or t[0] == "pmem12" for _, _, t in ranges(recording)):
            continue
        root, listing = tmp_path / str(number), []
        for i, (s, e, t) in enumerate(ranges(recording)):
            (root / str(i)).mkdir(parents=True)
            for name, value in (("start", f"0x{s:x}"), ("end", f"0x{e:x}"), ("type", SYSFS_TYPES[t[0]])):
                (root / str(i) / name).write_text(value + "\n")
                listing.append(f"/sys/firmware/memmap/{i}/{name}:{value}")
        plain = plainly(recording.path, arch)
        assert comparable(agreement.simulate(root, arch)) == plain, recording.name
        assert comparable(report(arch, "\n".join(reversed(listing)))) == plain, recording.name


def test_report_again(arch, tmp_path):
    """A report is a recording: what it says of limits, nodes and zones comes out again."""
    for recording in EVERY_KIND:
        first = agreement.simulate(recording.path, arch)
        framed = "noise\n-----BEGIN BOOTMEM REPORT-----\n" + json.dumps(first) + "\n-----END BOOTMEM REPORT-----\n"
        again = report(arch, framed)
        for key in ("e820", "limits", "sections"):
            assert again[key] == first[key], (recording.name, key)
        for key, fields in (("nodes", ("nid", "start_pfn", "end_pfn", "present_pages", "ranges")),
                            ("zones", ("nid", "name", "start_pfn", "spanned_pages", "present_pages"))):
            assert [[x[f] for f in fields] for x in again[key] if x["present_pages"]] == \
                [[x[f] for f in fields] for x in first[key] if x["present_pages"]], (recording.name, key)
        assert {o["owner"] for o in again["owners"]} == {o["owner"] for o in first["owners"]}, recording.name


def test_a_report_that_lost_lines_is_refused(arch):
    """On the way over a serial line, without breaking the document."""
    document = agreement.simulate(EFI[0].path, arch)
    del document["firmware_map"][3]
    done = run(arch, json.dumps(document), "--json")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"standard input: expected as many entries of firmware_map")


# --- what can't be used --------------------------------------------------------------------------------

MALFORMED = {
    "plain word": ("e820 0x0 0x9ffff ram\nfoo\n", 2, "a line that starts with"),
    "plain type": ("# a comment\ne820 0x0 0x9ffff wood\n", 2, "e820 <start>"),
    "plain number": ("e820 0x0 0xg ram\n", 1, "e820 <start>"),
    "plain overflow": ("e820 0x0 0x10000000000000000 ram\n", 1, "e820 <start>"),
    "plain efi": ("efi 0x0 0xfff Gold attr=0xf\n", 1, "efi <start>"),
    "plain srat": ("e820 0x0 0x9ffff ram\nsrat 64 0x0 0xfff\n", 2, "srat <node"),
    "plain flag": ("srat 0 0x0 0xfff quick\n", 1, "srat <node"),
    "log e820": ("x\n[    0.0] BIOS-e820: [mem 0x0-] usable\n", 2, "an e820 entry"),
    "log type": ("BIOS-e820: [mem 0x0-0xfff] lost\n", 1, "an e820 entry"),
    "log old": ("\n\nBIOS-e820: 0 - 1000 usable\n", 3, "an e820 entry"),
    "log user": ("BIOS-e820: [mem 0x0-0xfff] usable\n user: [mem 0x0-0xfff\n", 2, "an e820 entry"),
    "log efi": ("efi: mem00: [Boot Data|WB] range=[0x0-0xfff\n", 1, "an EFI entry"),
    "log efi type": ("efi: mem00: type=, attr=0xf, range=[0x0-0x1000)\n", 1, "an EFI entry"),
    "log srat": ("BIOS-e820: [mem 0x0-0xfff] usable\nSRAT: Node 99 PXM 0 [mem 0x0-0xfff]\n", 2, "an SRAT entry"),
    "shell": ("BS_Code    0000000000000000-0000000000000FFF 0000000000000002 000000000000000F\n", 1, "<type> <start>"),
    "sysfs": ("0/start:0x0\n0/end:fish\n0/type:System RAM\n", 2, "start and end"),
    "sysfs part": ("0/start:0x0\n0/end:0xfff\n", 0, "start, end and type"),
    "report": ('{ "schema": "bootmem-report/1",\n"e820": [ { "start": 0 } ] }', 2, "a string"),
    "report cut": ('{ "schema": "bootmem-report/1", "e820": [', 1, ""),
    "nothing": ("", 1, "a kernel log"),
    "a report's text": ("\nbootmem x86_64: this machine's memory, as a kernel finds it\n", 1, "report.json or the whole serial"),
    "a letter": ("Dear Sir or Madam,\n", 1, "a kernel log"),
    "empty plain": ("cmdline quiet\n", 0, "at least one entry"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case, arch):
    """One line that names file, line and what was expected; status 2; nothing on standard output."""
    text, line, expected = MALFORMED[case]
    done = run(arch, text, "--json")
    message = done.stderr.decode()
    place = f"standard input: line {line}: expected " if line else "standard input: expected "
    assert (done.returncode, done.stdout) == (2, b"")
    assert message.startswith(place + expected) and message.count("\n") == 1 and message.endswith("\n"), message


def test_malformed_directory(arch, tmp_path):
    """The file is named, and what is in it; the line is one of a text that nobody has seen."""
    (tmp_path / "7").mkdir()
    for name, value in (("start", "0x0"), ("end", "fish"), ("type", "System RAM")):
        (tmp_path / "7" / name).write_text(value + "\n")
    done = subprocess.run([agreement.ROOT / "build" / agreement.SIMULATORS[arch], tmp_path], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"{tmp_path}/7/end:fish: expected start and end in hexadecimal")


def test_what_is_no_entry_in_a_directory_is_named(arch, tmp_path):
    for entry in ("0", "2 (copy)", "9" * 20):
        (tmp_path / entry).mkdir()
        for name, value in (("start", "0x0"), ("end", "0x3ffffff"), ("type", "System RAM")):
            (tmp_path / entry / name).write_text(value + "\n")
    done = subprocess.run([agreement.ROOT / "build" / agreement.SIMULATORS[arch], tmp_path], capture_output=True, timeout=60)
    assert done.returncode == 0
    assert sorted(done.stderr.decode().splitlines()) == [
        f"{tmp_path}/{entry}: left out: expected the number of an entry" for entry in ("2 (copy)", "9" * 20)]


def test_deep_nesting(arch):
    done = run(arch, '{ "schema": "bootmem-report/1", "x": ' + "[" * 100000)
    assert done.returncode == 2


def test_command_line(arch, tmp_path):
    binary = agreement.ROOT / "build" / agreement.SIMULATORS[arch]

    def status(*words):
        return subprocess.run([binary, *words], capture_output=True, timeout=60).returncode

    path = RECORDINGS[0].path
    assert status("--help") == 0
    assert [status(), status("--what", path), status(path, path), status("--set", path), status("--diff", path),
            status(path, "--svg")] == [2] * 6
    assert status(tmp_path / "missing") == status(tmp_path) == 2
    assert status("--diff", "--json", path, path) == status("--diff", "--svg", tmp_path / "x", path, path) == 2
    assert status("--diff", "-", "-") == 2
    assert status("--set", "mem=4K", path) == 1
    assert run(arch, RECORDINGS[0].path.read_bytes(), "--set", "mem=4K").stderr.startswith(b"standard input: limits: mem= leaves no RAM")
    assert status("--map", "efi", path) == 1
    assert status("--set", "colour=blue", path) == 1
    said = run(arch, RECORDINGS[0].path.read_bytes(), "--set", "colour=blue").stderr.decode().splitlines()
    assert said == ['standard input: --set:1: "colour" is no option, ignored',
                    "standard input: nothing is simulated with an option that can't be used"]


def test_command_line_errors_are_named(arch, tmp_path):
    binary = agreement.ROOT / "build" / agreement.SIMULATORS[arch]

    def said(*words):
        return subprocess.run([binary, *words], capture_output=True, text=True, timeout=60).stderr.splitlines()[0]

    path = str(RECORDINGS[0].path)
    assert said("--what", path) == f"bootmem-sim: --what {path}: can't be used here"
    assert said(path, "--set") == "bootmem-sim: --set: can't be used here"
    assert said() == "bootmem-sim: one MAPFILE is needed"
    assert said("--diff", path) == "bootmem-sim: --diff needs two MAPFILEs"
    assert said("--diff", "--json", path, path) == "bootmem-sim: --diff is a text: no --json, no --svg"
    assert said(tmp_path) == f"{tmp_path}: expected directories 0, 1, ..., as in /sys/firmware/memmap"


def test_a_full_disk_is_noticed(arch, tmp_path):
    binary = agreement.ROOT / "build" / agreement.SIMULATORS[arch]
    path = RECORDINGS[0].path
    for words in ([path], ["--json", path], ["--diff", path, path]):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([binary, *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (2, "standard output: No space left on device\n")
    done = subprocess.run([binary, "--svg", "/dev/full", path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr, done.stdout) == (2, "/dev/full: No space left on device\n", "")


# --- what comes out ----------------------------------------------------------------------------------------


def test_options(arch):
    path = next(r.path for r in E820 if r.name == "a7da-s-a7da-8g")
    half = agreement.simulate(path, arch, "--set", "mem=2G")
    assert half["limits"]["max_pfn"] == 1 << 19
    assert "P4" in [f["quirk"] for f in half["findings"]]
    fake = agreement.simulate(path, arch, "--set", "numa=fake=2")
    assert [n["nid"] for n in fake["nodes"]] == [0, 1]
    kept = agreement.simulate(path, arch, "--set", "reserve=1M@64M", "--set", "badram=4K@128M")
    assert {o["owner"]: o["pages"] for o in kept["owners"]}.items() >= {"reserve=": 256, "badram=": 1}.items()


WITHOUT_EFFECT = {
    "pae=off": "--set:1: pae: does nothing on x86_64", "highmem=512M": "--set:1: highmem: does nothing on x86_64",
    "vmalloc=256M": "--set:1: vmalloc: does nothing on x86_64", "vmalloc=2G": "vmalloc= ignored: it leaves less",
    "highmem=900G": "highmem= ignored: it is more than", "kernel=/vmlinuz": "--set: kernel: no file is read",
    "cmdline=quiet": "--set: cmdline: does nothing in a simulation",
    "initrd=/x": "--set: initrd: does nothing in a simulation",
    "mode=report": "--set: mode: does nothing in a simulation",
    "serial=off": "--set: serial: does nothing in a simulation",
    "console=serial": "--set: console: does nothing in a simulation",
    "files=off": "--set: files: does nothing in a simulation",
    "hostile=stale=2": "--set: hostile: does nothing in a simulation",
    "after=reboot": "--set: after: does nothing in a simulation",
}
I386_OPTIONS = ("pae=off", "highmem=512M", "vmalloc=256M")


@pytest.mark.parametrize("option", WITHOUT_EFFECT)
def test_options_without_effect_are_named(option, arch):
    """On standard error; the report is written all the same, and is that of the map alone."""
    path = next(r.path for r in E820 if r.name == "a7da-s-a7da-8g")
    done = run(arch, path.read_bytes(), "--json", "--set", option)
    said = done.stderr.decode()
    assert done.returncode == 0
    if option in I386_OPTIONS and arch == "i386":
        assert said == ""
        return
    expected = WITHOUT_EFFECT[option]
    if arch == "x86_64" and option in ("vmalloc=2G", "highmem=900G"):
        expected = f"--set:1: {option.split('=')[0]}: does nothing on x86_64"
    assert said.startswith("standard input: " + expected) and said.endswith("\n"), said
    plain, document = report(arch, path.read_bytes()), json.loads(done.stdout)
    for key in ("e820", "limits", "zones", "owners", "paging"):
        assert document[key] == plain[key], key


def test_pae_off():
    path = next(r.path for r in E820 if r.name == "a7da-s-a7da-8g")
    document = agreement.simulate(path, "i386", "--set", "pae=off")
    assert document["paging"]["levels"] == 2 and document["paging"]["pages_4m"] > 0
    assert document["limits"]["max_pfn"] <= 1 << 20


def test_text_and_doctor(arch):
    def text(name):
        done = run(arch, (agreement.MAPS / f"{name}.txt").read_text())
        assert done.returncode == 0
        return done.stdout.decode()

    assert "A clean map: nothing in it should trouble any kernel." in text("a7da-s-a7da-8g")
    unsorted = text("lenovo-20al008euk-8g-efi")
    assert "Q12  care" in unsorted and "Q10  note" in unsorted and "trips: " in unsorted
    assert max(map(len, unsorted.splitlines())) < 120


def test_diff(arch):
    binary = agreement.ROOT / "build" / agreement.SIMULATORS[arch]
    one, two = RECORDINGS[0].path, RECORDINGS[1].path

    def diff(a, b):
        done = subprocess.run([binary, "--diff", a, b], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert diff(one, one).endswith("\nno difference\n")
    changed = diff(one, two)
    assert "ram -> reserved" in changed and "max_pfn" in changed and "no difference" not in changed
    assert changed.count("->") == diff(two, one).count("->")


GOOD = "e820 0x0 0x9ffff ram\ne820 0x100000 0x3fffffff ram\ne820 0xfff00000 0xffffffff reserved\n"
EFI_GOOD = "efi 0x0 0x9ffff 7 attr=0xf\nefi 0x100000 0x3fffffff 7 attr=0xf\n"
SHAPES = {
    "none": GOOD,
    "none in efi": EFI_GOOD,
    "Q10": EFI_GOOD + "efi 0x50000000 0x4fffffff 0 attr=0x0\n",
    "Q11": GOOD + "e820 0x2000000 0x2ffffff reserved\n",
    "Q12": GOOD + "e820 0xf0000 0xfffff reserved\n",
    "Q13": GOOD + "e820 0xfffffffffffff000 0xffffffffffffffff reserved\n",
    "Q14": EFI_GOOD + "".join(f"efi 0x{0x40000000 + i * 0x2000:x} 0x{0x40000fff + i * 0x2000:x} 0 attr=0xf\n"
                              for i in range(140)),
    "Q15": GOOD + "e820 0x100000000 0x1000fffff type=20\n",
    "Q17": EFI_GOOD + "efi 0x40000000 0x4fffffff 7 attr=0x1\n",
    "Q18": EFI_GOOD + "efi 0x40000000 0x40000fff 6 attr=0x8000000000000000\n",
    "Q19": EFI_GOOD + "efi 0x40000000 0x40000fff 6 attr=0xf\n",
    "Q20": EFI_GOOD + "efi 0x40000000 0x40000fff 4 attr=0x800000000000000f\n",
    "Q23": EFI_GOOD + "efi 0x40000000 0x4fffffff 7 attr=0x4000f\n",
    "Q25": EFI_GOOD + "efi 0x40000000 0x4fffffff 15 attr=0xf\n",
    "Q26": EFI_GOOD + "efi 0xe0000000 0xefffffff 11 attr=0x1\n",
    "Q27": EFI_GOOD + "efi 0x40000000 0x4fffffff 4 attr=0xf\n",
    "Q28": GOOD.replace("0x9ffff ", "0x7fff "),
    "Q30": GOOD.replace("0x0 ", "0x1000 "),
    "Q35": GOOD.replace("0x9ffff ", "0x9fbff "),
    "Q53": "e820 0x0 0x9ffff ram\ne820 0x100000 0x7ffffff ram\ne820 0x100000000 0x1ffffffff ram\n",
    "S1": GOOD.replace("0x9ffff ", "0xfffff "),
    "S2": GOOD + "e820 0x800000 0x800fff nvs\n",
    "S3": GOOD + "e820 0x1800000 0x1800fff nvs\n",
    "S4": GOOD + "e820 0xfd00000000 0xffffffffff reserved\n",
    "S5": GOOD + "e820 0x2000000000 0x20ffffffff ram\n",
    "S6": GOOD + "e820 0x140000000 0x1ffffffff ram\n",
    "S7": GOOD + "e820 0x50000000 0x50000fff ram\n",
    "S8": EFI_GOOD + "e820 0x0 0x9ffff ram\ne820 0x100000 0x2fffffff ram\n",
    "N5": GOOD + "srat 0 0x0 0x2fffffff\nsrat 1 0x20000000 0x3fffffff\n",
    "N6": GOOD + "srat 0 0x0 0xfffffff\nsrat 1 0x20000000 0x3fffffff\n",
}


@pytest.mark.parametrize("quirk", SHAPES)
def test_doctor_sees(quirk, arch):
    """Each shape is found where it is, and nothing is found in a good map."""
    done = run(arch, SHAPES[quirk])
    assert done.returncode == 0, done.stderr
    doctor = done.stdout.decode().split("\nDOCTOR - ")[1]
    found = [line.split()[0] for line in doctor.splitlines() if line[2:3] in ("Q", "S", "N", "P")]
    if quirk.startswith("none"):
        assert found == [] and "A clean map" in doctor
    else:
        assert quirk in found and "A clean map" not in doctor


# Status, seconds and KiB of a program. It counts as its own what its parent had when it began: a small one.
USAGE = """
import os, sys
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)
"""


@pytest.mark.parametrize("arch", agreement.SIMULATORS)
def test_16_tib(arch, tmp_path):
    """A large machine costs seconds and little memory."""
    path = tmp_path / "large.txt"
    path.write_text(GOOD + "e820 0x100000000 0xfffffffffff ram\n")
    with open(tmp_path / "report.json", "wb") as out:
        usage = subprocess.run([sys.executable, "-c", USAGE, agreement.ROOT / "build" / agreement.SIMULATORS[arch],
                                "--json", path], stdout=out, stderr=subprocess.PIPE, check=True).stderr.split()
    assert int(usage[0]) == 0 and float(usage[1]) < 10
    assert int(usage[2]) < 64 << 10, f"{usage[2]} KiB"
    limits = json.loads((tmp_path / "report.json").read_text())["limits"]
    assert limits["max_pfn"] == ((1 << 44) if arch == "x86_64" else (1 << 36)) // 4096


def test_a_descriptor_beyond_all_reason(arch):
    """256 TiB of boot services: what can be mapped of it costs seconds, not minutes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    document = report(arch, EFI_GOOD.replace("0x3fffffff", "0xbfffffff") + "efi 0x100000000 0x100003fffffff 3 attr=0xf\n")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 10
    assert document["limits"]["max_pfn"] == ((1 << 46) if arch == "x86_64" else (1 << 36)) // 4096


# --- our own reports ---------------------------------------------------------------------------------


def test_a_report_is_replayed(arch):
    """The start of a report, made again from it, gives the report: options and places included."""
    for recording in EFI:
        first = agreement.simulate(recording.path, arch, "--set", "reserve=1M@64M", "--set", "numa=off")
        again = report(arch, json.dumps(first).encode())
        assert first["input"]["options"] == "numa=off reserve=1M@0x4000000"
        assert comparable(again) == comparable(first), recording.name
        assert again["firmware"] == first["firmware"], recording.name
        assert again["affinity"] == first["affinity"], recording.name


def test_options_win_over_those_of_a_report(arch):
    first = agreement.simulate(EFI[0].path, arch, "--set", "mem=512M")
    again = report(arch, json.dumps(first).encode(), "--set", "mem=256M")
    assert again["input"]["options"] == "mem=256M"
    assert again["limits"]["max_pfn"] <= 65536 < first["limits"]["max_pfn"]


def test_a_report_is_not_compared_with_itself(arch):
    """Its e820 table is what mem= left, so it says nothing about the loader (S8)."""
    first = agreement.simulate(EFI[0].path, arch, "--set", "mem=512M")
    done = run(arch, json.dumps(first).encode())
    doctor = done.stdout.decode().split("\nDOCTOR - ")[1]
    assert done.returncode == 0 and "P4" in doctor and "S8" not in doctor


NO_REPLAY = b"standard input: the start of this report can't be made again here; its map and affinity are taken\n"


def test_what_cant_be_made_again_is_only_a_map(arch):
    """A report of the other architecture, and one that lacks what the start began with."""
    other = {"x86_64": "i386", "i386": "x86_64"}[arch]
    mine, theirs = (agreement.simulate(EFI[0].path, a, "--set", "mem=512M") for a in (arch, other))
    for document in ({k: v for k, v in mine.items() if k != "input"}, theirs):
        done = run(arch, json.dumps(document), "--json")
        assert (done.returncode, done.stderr) == (0, NO_REPLAY)
        assert json.loads(done.stdout)["input"]["options"] == ""
    again = run(arch, json.dumps(mine), "--json")
    assert again.stderr == b"" and json.loads(again.stdout)["input"]["options"] == "mem=512M"
