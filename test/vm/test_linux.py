# SPDX-License-Identifier: BSD-2-Clause
"""The Linux protocol: Debian's kernels and memtest86+ are started after the report. What Linux says about the machine,
in its log and from user space, is held against our report and against the same kernel on the same machine started by
its own EFI stub. The files are the distribution's (make linux-files); what could not be fetched is skipped."""
import os
import re

import pytest

import linux_log
import oracle
from checks import GIB, PAGE, address
from machines import ARCHES, MACHINES, on_machines
from qemu import BUILD, END, MIB, Machine

ORACLE = BUILD / "oracle"
WORDS = "console=ttyS0 nokaslr panic=-1"
CONFIG = ("kernel = /vmlinuz", "initrd = /initrd", f"cmdline = {WORDS}", "after = poweroff")
MEMTEST = ("kernel = /memtest", "cmdline = console=ttyS0", "after = poweroff")
NUMA = (3072, 3072)
CRUMBS = 150  # test/entry/entry.c
LINUX_IN_PAGE = 128  # entries of boot_params
FIRMWARE_PAGES = 4096  # 16 MiB: kernel, initrd and their buffers
STUB_KIB = 128  # its setup_data and tables


def needed(machine):
    return [path for path, *_ in machine.files if not (BUILD / path).exists()]


def on(*names, other=""):
    """A test on these machines, and of each also on the one that is called the same with other behind it."""
    params = []
    for name in names:
        missing = needed(MACHINES[name])
        marks = [pytest.mark.skip(reason=f"build/{missing[0]} is not there; make linux-files says why")] \
            if missing else []
        params.append(pytest.param(*([name, name + other] if other else [name]), marks=marks))
    return pytest.mark.parametrize("run,other" if other else "run", params, indirect=True)


# --- the machines --------------------------------------------------------------------------------------

def linux(arch, memory, kernel="", config=(), **rest):
    kernel = kernel or arch
    return Machine(arch, memory, CONFIG + config, files=(
        (f"oracle/vmlinuz-{kernel}", "/vmlinuz"), (f"oracle/initrd-{kernel}", "/initrd")),
        **{"seconds": 400, **rest})


def stub(machine):
    """The same machine, but the firmware starts the kernel, which leaves boot services itself."""
    (kernel, _), (initrd, _) = machine.files
    extra = ("-kernel", str(BUILD / kernel), "-initrd", str(BUILD / initrd), "-append", WORDS)
    return Machine(machine.arch, machine.memory, machine.config, cpu=machine.cpu, files=machine.files,
                   extra=machine.extra + extra, seconds=machine.seconds)


HALF_A_MINUTE = re.compile(r"Time:  0:0(0:[3-5]|[1-9])")


def memtest(arch, memory, **rest):
    """Half a minute of tests that write everywhere it was told to. It sends only what changes on its screen: names of
    tests come in pieces, the time of the pass in one, seldom where there is much memory."""
    return Machine(arch, memory, MEMTEST, files=((f"oracle/memtest86+-{arch}.bin", "/memtest"),),
                   until=HALF_A_MINUTE, **{"seconds": 300, **rest})


def numa(arch):
    return oracle.Case(arch, sum(NUMA), numa_nodes=NUMA).machine().extra


PAIRS = {
    "x86_64-linux": linux("x86_64", 512),
    "x86_64-linux-numa": linux("x86_64", sum(NUMA), extra=numa("x86_64")),
    "i386-linux": linux("i386", 512),
    "i386-linux-4G": linux("i386", 4096),
}
# A 64-bit kernel at its 32-bit entry, which then calls 32-bit firmware; and a map of many entries.
ALONE = {"i386-linux-64-bit": linux("i386", 512, kernel="x86_64"),
         "x86_64-linux-crumbs": linux("x86_64", 512, entry=("crumbs",))}
MEMTESTS = {f"{arch}-memtest": memtest(arch, 128) for arch in ARCHES}
if os.environ.get("FULL"):
    for each in ARCHES:
        for size in (192, 256, 1024, 3500, 6144):
            PAIRS[f"full-{each}-linux-{size}M"] = linux(each, size)
        # The 32-bit build first measures how fast large memory is: at 3500 MiB TCG takes more than ten minutes for that.
        for size in (96, 512) if each == "i386" else (96, 512, 3500, 6144):
            MEMTESTS[f"full-{each}-memtest-{size}M"] = memtest(each, size, seconds=600)
        PAIRS[f"full-{each}-linux-smp"] = linux(each, 1024, extra=("-smp", "4"))
    for model in ("qemu64", "EPYC", "Skylake-Client-v1", "max,-pdpe1gb"):
        PAIRS[f"full-x86_64-linux-{model}"] = linux("x86_64", 1024, cpu=model)
    for model in ("pentium3", "core2duo", "max,-nx"):
        PAIRS[f"full-i386-linux-{model}"] = linux("i386", 1024, cpu=model)
    # With RAM above 4 GiB Linux 6.1 faults in the firmware's runtime services, started by its own stub, too.
    ALONE["full-i386-linux-64-bit-2G"] = linux("i386", 2048, kernel="x86_64")
LINUX = PAIRS | ALONE
MACHINES |= LINUX | MEMTESTS | {name + "-stub": stub(machine) for name, machine in PAIRS.items()}
for each in ARCHES:
    MACHINES[f"{each}-linux-refused"] = Machine(
        each, 128, ("kernel = \\none",), until="Memtest86+ v", seconds=300,
        files=(*((str(path.relative_to(BUILD)), f"/bad/{path.name}")
                 for path in sorted((ORACLE / f"bad-{each}").glob("*")) if path.suffix != ".nsh"),
               (f"oracle/bad-{each}/startup.nsh", "/startup.nsh"),
               (f"oracle/memtest86+-{each}.bin", "/memtest")))
MACHINES["i386-linux-no-long-mode"] = Machine(
    "i386", 256, CONFIG, cpu="pentium3", files=(*linux("i386", 0, kernel="x86_64").files,
                                                ("oracle/bad-i386/hello.nsh", "/startup.nsh")))


# --- what Linux prints ---------------------------------------------------------------------------------

STAMP = re.compile(r"^\[ *\d+\.\d+\] ")
TYPES = {**linux_log.TYPES, "persistent (type 7)": "pmem"}


def kernel_log(run):
    """What Linux printed, without the times."""
    text = "\n".join(run.lines)
    text = text.split(END)[-1]
    return [STAMP.sub("", line) for line in text[text.index("Linux version"):].split("\n")]


def section(run, name):
    """What /init printed behind a title. Messages of the kernel may come between its lines."""
    text = "\n".join(run.lines).split(f"=== {name}\n")[1].split("\n=== ")[0]
    return [line.strip() for line in text.split("\n") if not STAMP.match(line)]


def printed_e820(run):
    """Entry by entry, as the kernel received it: again and complete, where boot_params did not hold it all."""
    lines = kernel_log(run)
    origin = "extended" if any(line.startswith("extended: ") for line in lines) else "BIOS-e820"
    found = [re.match(origin + r": \[mem 0x(\w+)-0x(\w+)\] (.*)", line) for line in lines]
    return [(int(m[1], 16), int(m[2], 16) + 1, TYPES[m[3]]) for m in found if m]


def reported_e820(run):
    return [(address(e["start"]), address(e["end"]), e["type"]) for e in run.report()["e820"]]


@on(*LINUX)
def test_reaches_user_space_and_switches_off(run):
    """Its own power-off works: ACPI was found."""
    lines = kernel_log(run)
    assert run.end == "guest-shutdown"
    assert section(run, "end") is not None
    assert "Kernel command line: " + WORDS in lines
    assert ("amd64" in lines[0]) == ("x86_64" in run.machine.files[0][0])
    assert run.report()["handoff"]["protocol"] == "linux"


@on(*LINUX)
def test_e820_is_the_report_entry_by_entry(run):
    assert printed_e820(run) == reported_e820(run)


@on(*LINUX)
def test_firmware_memmap_is_the_report_entry_by_entry(run):
    """What kexec would pass on, as user space sees it."""
    names = {"System RAM": "ram", "Reserved": "reserved", "ACPI Tables": "acpi",
             "ACPI Non-volatile Storage": "nvs"}
    found = [re.match(r"0x(\w+) 0x(\w+) (.*)", line) for line in section(run, "memmap")]
    assert sorted((int(m[1], 16), int(m[2], 16) + 1, names[m[3]]) for m in found) == reported_e820(run)


@on(*LINUX)
def test_runtime_services_and_framebuffer_arrive(run):
    """Also where a 64-bit kernel calls 32-bit firmware."""
    lines = kernel_log(run)
    assert any(line.startswith("efi: EFI v2") for line in lines)
    assert "Registered efivars operations" in lines
    assert "secureboot: Secure boot disabled" in lines
    assert any(line.startswith("efifb: mode is ") for line in lines)
    # PlatformLang: attributes, "en" or "en-US"
    assert section(run, "efi variable")[0].startswith("07 00 00 00 65 6e")


@on("x86_64-linux-crumbs")
def test_more_entries_than_boot_params_hold(run):
    """The others arrive through SETUP_E820_EXT."""
    lines = kernel_log(run)
    assert len(printed_e820(run)) > 2 * CRUMBS > LINUX_IN_PAGE
    assert sum(line.startswith("BIOS-e820: [mem ") for line in lines) == LINUX_IN_PAGE


# --- the same kernel, started by its EFI stub -----------------------------------------------------------

def without_stub_data(ranges):
    """The stub keeps setup_data in the middle of pages, and cuts RAM there; touching ranges of one type are one."""
    joined = []
    for start, end, kind in ranges:
        if joined and joined[-1][1:] == (start, kind):
            start = joined.pop()[0]
        joined.append((start, end, kind))
    return joined


def memory_lines(run):
    """Zones, nodes, holes and nodes' distances; what the log says about memory before anybody uses it."""
    lines = kernel_log(run)
    first, last = lines.index("Zone ranges:"), next(
        i for i, line in enumerate(lines) if line.startswith("Memory: "))
    kept = [line for line in lines[first:last] if re.match(
        r"  (DMA|DMA32|Normal|HighMem|Movable|Device) |  node |Initmem|On node|Fallback order|Built|Policy|.*SRAT",
        line)]
    return [re.sub(r"Total pages: \d+", "", line) for line in kept + [
        line for line in lines if re.match(r"last_pfn|.*NODE_DATA.*allocated|ACPI: SRAT|.*LOWMEM|.*HIGHMEM", line)]]


@on(*PAIRS, other="-stub")
def test_stub_finds_the_same_table(run, other):
    assert other.end == "guest-shutdown" and "EFI stub: " in other.serial
    assert without_stub_data(printed_e820(other)) == printed_e820(run)


@on(*PAIRS, other="-stub")
def test_stub_finds_the_same_zones_and_nodes(run, other):
    own = memory_lines(run)
    assert len(own) > 8 and own == memory_lines(other)


def memory(run):
    """Numbers of the line "Memory: ": available, present, kernel code, ..., in KiB."""
    line = next(line for line in kernel_log(run) if line.startswith("Memory: "))
    words = dict((name, int(kib)) for kib, name in re.findall(r"(\d+)K ([a-z -]+)", line))
    available, present = re.match(r"Memory: (\d+)K/(\d+)K", line).groups()
    return words | {"available": int(available), "present": int(present)}


def reserved_for_firmware(run):
    """KiB that Linux keeps until it has entered virtual mode: what the map calls boot services' memory. The stub runs
    within such memory, and the firmware put kernel and initrd there; a start from a stick has other buffers."""
    found = [re.match(r"efi: Freeing EFI boot services memory: (\d+)K", line) for line in kernel_log(run)]
    return sum(int(m[1]) for m in found if m)


# How many of the numbers that Linux prints about its memory may differ, and why.
DIFFERENT = {
    "reserved": "boot services' memory, kept at this time, differs (reserved_for_firmware)",
    "available": "the same memory, where no pages are deferred (32-bit kernels, small machines)",
    "highmem": "the same memory, above the split, which 32-bit kernels can't give back",
}


@on(*PAIRS, other="-stub")
def test_stub_counts_the_same_memory(run, other):
    """Present memory and the kernel's own parts are equal. What is reserved differs by boot services' memory, but for
    some pages of the stub's; 32-bit kernels don't say how much of that there is."""
    own, stubs = memory(run), memory(other)
    firmware = reserved_for_firmware(run) - reserved_for_firmware(other)
    assert (reserved_for_firmware(run) > 0) == ("amd64" in kernel_log(run)[0])
    if firmware:
        assert abs(own["reserved"] - stubs["reserved"] - firmware) <= STUB_KIB
    else:
        assert abs(own["reserved"] - stubs["reserved"]) <= FIRMWARE_PAGES * PAGE >> 10
    assert own.keys() == stubs.keys() and "reserved" in own and own["present"] > 100 << 10
    assert {key: value for key, value in own.items() if key not in DIFFERENT} == \
        {key: value for key, value in stubs.items() if key not in DIFFERENT}
    assert own["present"] == (run.report()["memory"]["present_pages"] - 1) * PAGE >> 10  # page 0


def zones(run):
    """/proc/zoneinfo: (node, zone) -> the words that tell where it is."""
    found, at = {}, None
    for line in section(run, "zoneinfo"):
        if m := re.match(r"Node (\d+), zone +(\w+)$", line):
            at = found[int(m[1]), m[2]] = {}
        elif m := re.match(r"(spanned|present|managed|start_pfn): ?|(spanned|present|managed) ", line):
            name, value = line.replace(":", " ").split()[:2]
            at[name] = int(value)
    return found


@on(*PAIRS, other="-stub")
def test_stub_gives_user_space_the_same_zones(run, other):
    """Managed pages may differ by boot services' memory that Linux never frees."""
    own, stubs = zones(run), zones(other)
    assert own.keys() == stubs.keys() and len(own) >= 3
    for key, zone in own.items():
        assert {k: v for k, v in zone.items() if k != "managed"} == \
            {k: v for k, v in stubs[key].items() if k != "managed"}, key
        assert abs(zone["managed"] - stubs[key]["managed"]) <= FIRMWARE_PAGES, key


@on(*PAIRS)
def test_zones_of_user_space_are_the_reports(run):
    """Spanned and present pages but for page 0, and for the split, which is another on i386."""
    own = {(zone["nid"], zone["name"]): zone for zone in run.report()["zones"] if zone["present_pages"]}
    theirs = {key: zone for key, zone in zones(run).items() if zone.get("present")}
    if run.machine.arch == "i386":
        assert sum(zone["present"] for zone in theirs.values()) == \
            sum(zone["present_pages"] for zone in own.values()) - 1
        own, theirs = ({(0, "DMA"): table[0, "DMA"]} for table in (own, theirs))
    assert own.keys() == theirs.keys()
    for key, zone in theirs.items():
        page_0 = 1 if zone["start_pfn"] == 1 else 0
        assert (zone["present"], zone["spanned"], zone["start_pfn"]) == (
            own[key]["present_pages"] - page_0, own[key]["spanned_pages"] - page_0,
            own[key]["start_pfn"] + page_0), key


def resources(run):
    """/proc/iomem: the top of the tree, and where the kernel is."""
    lines = [line for line in "\n".join(run.lines).split("=== iomem\n")[1].split("\n=== ")[0].split("\n")
             if not STAMP.match(line)]
    found = [re.match(r"( *)(\w+)-(\w+) : (.*)", line) for line in lines]
    return [(int(m[2], 16), int(m[3], 16) + 1, m[4]) for m in found
            if m and (not m[1] or m[4].startswith("Kernel "))]


@on(*PAIRS, other="-stub")
def test_stub_gives_user_space_the_same_resources(run, other):
    own = resources(run)
    ram = [r for r in own if r[2] == "System RAM"]
    assert without_stub_data([r for r in resources(other) if r[2] == "System RAM"]) == ram and ram
    assert [r for r in resources(other) if r[2] != "System RAM"] == [r for r in own if r[2] != "System RAM"]


@on(*PAIRS, other="-stub")
def test_stub_gives_user_space_the_same_variable(run, other):
    assert section(run, "memmap") and section(run, "efi variable") == section(other, "efi variable")


# --- memtest86+ ------------------------------------------------------------------------------------------

def screen(run):
    return run.serial.split(END)[-1]


@on(*MEMTESTS)
def test_memtest_runs(run):
    """It finds all RAM and ACPI memory, rounded to a MiB, and overwrites nothing that it still needs."""
    text = screen(run)
    reachable = sum(end - start for start, end, kind in reported_e820(run) if kind in ("ram", "acpi"))
    assert run.end == "until" and "Memtest86+ v" in text
    number, unit = re.search(r"Memory  : +([\d.]+)([MG])B", text).groups()
    assert abs(reachable / MIB - float(number)) < 1 if unit == "M" else abs(reachable / GIB - float(number)) < 0.01
    assert "Errors: 0 " in text and not re.search(r"Errors: [1-9]", text)


# --- files that are refused ----------------------------------------------------------------------------

REFUSED = {
    "truncated": "it ends too early (bytes it should have ",
    "header_only": "it ends within its setup header",
    "magic": "is neither an ELF file nor a Linux kernel",
    "jump": "its setup header does not begin with a jump over it",
    "old": "its boot protocol is older than 2.10",
    "low": "it is a zImage, to be loaded below 1 MiB",
    "larger_than_memory": "no room for its 921600 KiB where it has to be",
    "movable_larger_than_memory": "no room for its 921600 KiB",
    "out_of_reach": "it wants more memory than it can reach",
    "in_use": "KiB where it has to be",
    "big": "there is no room for it",  # an initrd
}
REFUSED_X86_64 = {"other_machine": "it has no 64-bit entry"}


@on(*[f"{arch}-linux-refused" for arch in ARCHES])
def test_bad_kernels_are_refused_with_a_sentence(run):
    told = dict(re.findall(r"handoff: \\bad\\(\S+?):? (.+)", "\n".join(run.lines)))
    wanted = REFUSED | (REFUSED_X86_64 if run.machine.arch == "x86_64" else {})
    assert told.keys() == wanted.keys()
    for name, sentence in wanted.items():
        assert sentence in told[name], name


@on(*[f"{arch}-linux-refused" for arch in ARCHES])
def test_what_it_can_not_take_is_refused(run):
    text = "\n".join(run.lines)
    assert "handoff: \\none: there is no such file" in text
    assert "handoff: \\memtest: command line: longer than this kernel takes (bytes at most 255)" in text


@on(*[f"{arch}-linux-refused" for arch in ARCHES])
def test_good_kernel_starts_after_all_refusals(run):
    count = 3 + len(REFUSED | (REFUSED_X86_64 if run.machine.arch == "x86_64" else {}))
    assert run.serial.count("Nothing was changed; returning to the firmware.") == count
    assert "did not take" not in run.serial
    assert run.end == "until"


@on("i386-linux-no-long-mode")
def test_64_bit_kernel_needs_a_64_bit_processor(run):
    assert "handoff: /vmlinuz is a 64-bit kernel, and this CPU has no long mode" in run.serial
    assert run.serial.count("Nothing was changed; returning to the firmware.") == 1
    assert run.end == "guest-shutdown" and "HELLO: done" in run.serial
