# SPDX-License-Identifier: BSD-2-Clause
"""The native handoff: kernels of test/kernels are started, find what docs/handoff.md promises, and switch the machine
off; files that are no kernels are refused before the exit, and the firmware goes on."""
import array
import os
import pathlib
import re
import subprocess

import pytest

import oracle
from checks import CHECKS, PAGE, address, owner_ranges, pages_in, ram
from machines import ARCHES, MACHINES, on_machines
from qemu import BUILD, END, MIB, Machine

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = TOP / "docs" / "handoff.md"
README = TOP / "README.md"
POWEROFF = ("after = poweroff",)
KERNEL = ("kernel = /kernels/{arch}.elf",) + POWEROFF
TORTURE = "mixed reclaim all"
LOW = {"x86_64": 0x10000000000, "i386": 0xa0000000}
HIGH = {"x86_64": 0xffffffff80100000, "i386": 0xfe000000}
NODES = (160, 96)
PATTERN = 0xb007b007b007b000  # test/kernels/torture.c
REGISTERS = "info registers -a"
CR0_PG = 1 << 31
HELLO = [f"{arch}-refused" for arch in ARCHES]
BARE = [f"{arch}-bare" for arch in ARCHES]
PROBED = []
TORTURED = []


def kernel(arch, name, memory, options=(), **rest):
    """A machine that starts one of our kernels. It is found as {arch} in its path says."""
    rest["files"] = rest.get("files", ()) + ((f"kernels/{arch}/{name}.elf", f"/kernels/{arch}.elf"),)
    return Machine(arch, memory, KERNEL + options, **rest)


def probe(name, machine):
    MACHINES[name] = machine
    PROBED.append(name)


def torture(name, machine):
    MACHINES[name] = machine
    TORTURED.append(name)


def bad_files(arch):
    return tuple((f"kernels/{arch}/bad/{name}.elf", f"/kernels/bad/{name}.elf") for name in refused(arch))


# --- the machines --------------------------------------------------------------------------------------

INITRD = "kernels/{arch}/bare.elf"  # any file
WORDS = "fault  colour=blue # \"quoted\""
REFUSED = {
    "empty": "it is empty or can't be read",
    "text": "is neither an ELF file nor a Linux kernel",
    "truncated": "a segment's bytes are not all in the file",
    "header_only": "its program headers are not all in the file",
    "other_machine": "its ELF class is not that of",
    "overlapping": "two segments overlap",
    "shared_page": "two segments share a page",
    "write_exec": "a segment is both writable and executable",
    "too_large": "its segments need more memory than ELF_MAX_BYTES",
    "larger_than_memory": "no room for its",
    "page_0": "a segment is in page 0, which is never mapped",
    "in_direct_map": "which is not the kernel's",
    "in_fixmap": "which is not the kernel's",
    "entry_in_data": "its entry point is not in the code of any segment",
}
# OVMF has its framebuffer there on x86_64, where it is mapped; on i386 this would be in the direct map.
REFUSED_X86_64 = {"on_framebuffer": "is linked at c0000000, where this machine needs an identity mapping"}


def refused(arch):
    return REFUSED | (REFUSED_X86_64 if arch == "x86_64" else {})


# The configuration as it is on the stick.
ON_STICK = tuple((TOP / "esp" / "bootmem.conf").read_text().splitlines())

# The other processors stay where the firmware parked them: on its page tables, in OVMF for ia32 (Q74). Were these given to
# torture, the first SMI after that would reset the machine.
PARKED = ("-smp", "4")

for each in ARCHES:
    MACHINES |= {
        f"{each}-default": Machine(each, 64 if each == "i386" else 48, ON_STICK, until="HELLO: done\r\n"),
        f"{each}-refused": Machine(
            each, 512, ("kernel = \\kernels\\none.elf",) + POWEROFF,
            files=bad_files(each) + ((f"kernels/{each}/bad/startup.nsh", "/startup.nsh"),
                                     (f"kernels/{each}/hello.elf", "/kernels/hello.elf"))),
        f"{each}-bare": kernel(each, "bare", 128, ("cmdline = to be shown",)),
        f"{each}-witness": kernel(
            each, "torture", 128, ("cmdline = wait",), app=f"test/{each}/witness.efi",
            extra=("-device", "pvpanic", "-action", "panic=pause", *PARKED), until="TORTURE: pattern stands\r\n",
            paused=(f"pmemsave 0 {128 * MIB:#x} exit",), monitor=(f"pmemsave 0 {128 * MIB:#x} end", REGISTERS),
            keep=("exit", "end")),
    }
    probe(f"{each}-probe", kernel(each, "probe", 6144, (f"cmdline = {WORDS}", "initrd = \\initrd"),
                                  files=((INITRD.format(arch=each), "/initrd"),), until="The machine stops"))
    probe(f"{each}-probe-low", kernel(
        each, "probe-low", sum(NODES), cpu={"x86_64": "qemu64", "i386": "pentium3"}[each],
        extra=oracle.Case(each, sum(NODES), numa_nodes=NODES).machine().extra))
    torture(f"{each}-torture", kernel(each, "torture", 96, (f"cmdline = {TORTURE}", "numa = fake=2"),
                                      extra=PARKED))

if os.environ.get("FULL"):
    for each in ARCHES:
        for size in (64, 512, 3500, 6144):
            HELLO.append(f"full-{each}-hello-{size}M")
            BARE.append(f"full-{each}-bare-{size}M")
            MACHINES |= {HELLO[-1]: kernel(each, "hello", size, ("cmdline = poweroff",)),
                         BARE[-1]: kernel(each, "bare", size, ("cmdline = to be shown",))}
            probe(f"full-{each}-probe-{size}M", kernel(each, "probe", size))
            probe(f"full-{each}-probe-low-{size}M", kernel(each, "probe-low", size))
            torture(f"full-{each}-torture-{size}M", kernel(each, "torture", size, seconds=600))
        probe(f"full-{each}-probe-smp", kernel(each, "probe", 512, extra=PARKED))
        torture(f"full-{each}-torture-smp", kernel(each, "torture", 512, (f"cmdline = {TORTURE}",),
                                                   extra=PARKED, seconds=600))
        torture(f"full-{each}-torture-numa", kernel(
            each, "torture", sum(NODES), (f"cmdline = {TORTURE}",),
            extra=oracle.Case(each, sum(NODES), numa_nodes=NODES).machine().extra))
        BARE.append(f"full-{each}-bare-numa")
        MACHINES[BARE[-1]] = kernel(each, "bare", sum(NODES), ("cmdline = to be shown",), extra=oracle.Case(
            each, sum(NODES), numa_nodes=NODES).machine().extra)
        for line in ("numa = fake=64", "mem = 200M", "reserve = 1M@64M, 4K@0x5001000",
                     "badram = 4K@0x6001000", "serial = 0x3f8,57600"):
            probe(f"full-{each}-probe-{line}", kernel(each, "probe", 512, (line,)))
            torture(f"full-{each}-torture-{line}", kernel(each, "torture", 512, (line,)))
    for model in ("qemu64", "max", "max,-nx", "max,-pdpe1gb", "EPYC", "Skylake-Client-v1"):
        probe(f"full-x86_64-probe-{model}", kernel("x86_64", "probe", 1024, cpu=model))
        torture(f"full-x86_64-torture-{model}", kernel("x86_64", "torture", 256, cpu=model))
    for model in ("qemu32", "pentium3", "max", "max,-nx", "max,-pse", "core2duo"):
        probe(f"full-i386-probe-{model}", kernel("i386", "probe", 1024, cpu=model))
        torture(f"full-i386-torture-{model}", kernel("i386", "torture", 256, cpu=model))
    for line in ("pae = off", "vmalloc = 400M", "vmalloc = 64M", "highmem = 512M"):
        probe(f"full-i386-probe-{line}", kernel("i386", "probe", 4096, (line,)))
        torture(f"full-i386-torture-{line}", kernel("i386", "torture", 2048, (line,), seconds=600))


def each(name):
    return on_machines(*[f"{arch}-{name}" for arch in ARCHES])


def said(run):
    """The kernel's own lines."""
    return "\n".join(run.lines).split(END)[1]


def free_pages(report):
    """Numbers of the pages that the report gives to nobody."""
    free = {pfn for start, end in ram(report) for pfn in range(start, end)}
    for start, end, _ in owner_ranges(report):
        free.difference_update(range(start, end))
    return free


# --- hello and bare ------------------------------------------------------------------------------------

@on_machines(*HELLO)
def test_hello_starts(run):
    """The README's kernel, where others have been refused before it, too."""
    report = run.report()
    match = re.search(r"HELLO: RAM ends at (\d+) MiB, page ([0-9a-f]+) is mine!\nHELLO: done", said(run))
    assert run.end == "guest-shutdown"
    assert int(match[1]) == report["limits"]["max_pfn"] * PAGE // MIB
    assert int(match[2], 16) in free_pages(report)
    assert (BUILD / "kernels" / run.machine.arch / "hello.elf").stat().st_size < 64 * 1024


def test_hello_is_short_and_the_readme_shows_it():
    source = (TOP / "test" / "kernels" / "hello.c").read_text()
    assert len(source.splitlines()) < 60
    assert f"```c\n{source}```\n" in README.read_text()


def shell(*command):
    """A command of a user's, who has no make above it."""
    above = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    environment = {key: value for key, value in os.environ.items() if key not in above}
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout.replace("\r", ""), done.stderr


def commands(document, arch):
    """The lines that build and start a kernel, as a reader copies them."""
    blocks = re.findall(r"^    make libs\n(?:    .+\n)+", document.read_text(), re.M)
    return [block for block in blocks if f"build/{arch}/libbootmem.a" in block][0]


@pytest.mark.parametrize("document,arch", ((README, "x86_64"), (DOCUMENT, "x86_64"), (DOCUMENT, "i386")),
                         ids=("readme", "handoff-x86_64", "handoff-i386"))
def test_commands_of_the_documents_make_a_kernel(document, arch):
    status, out, errors = shell("sh", "-e", "-c", commands(document, arch))
    assert (status, errors) == (0, "") and out.endswith("HELLO: done\n")


@each("default")
def test_default_configuration_starts_hello_after_the_report(run):
    """And halts: what the screen shows can be read."""
    assert run.end == "until"
    assert re.search(r"HELLO: RAM ends at \d+ MiB, page [0-9a-f]+ is mine!\n", said(run))
    assert run.report()["handoff"]["kernel"] == f"/kernels/{run.machine.arch}/hello.elf"


def make_run(*variables):
    status, out, errors = shell("make", "-s", "run", "MEM=256M", "TIMEOUT=500", *variables)
    assert status == 0, errors
    return out


def test_make_run_ends_after_hello():
    assert make_run().endswith("HELLO: done\n")


def test_make_run_takes_kernel_initrd_and_its_arguments():
    """Quotes in CMDLINE hold the kernel's own words together."""
    lines = make_run(f"KERNEL={BUILD}/kernels/i386/bare.elf", f"INITRD={DOCUMENT}", "ARCH=i386",
                     'CMDLINE=mem=200M cmdline="console=ttyS0 two  blanks" "reserve=64K@128M"')
    assert 'BARE: command line "console=ttyS0 two  blanks"\n' in lines and "BARE: ok\n" in lines
    assert '"initrd"' in lines and '"reserve="' in lines and "200 MiB" in lines


def test_make_run_names_a_missing_kernel():
    status, _, errors = shell("make", "-s", "run", "KERNEL=none.elf")
    assert status != 0 and "kernel: none.elf is no file that can be read" in errors


@on_machines(*BARE)
def test_record_alone_tells_what_the_report_tells(run):
    memory, lines = run.report()["memory"], said(run)
    told = {name: int(pages, 16) for name, pages in re.findall(r"BARE: (.*) 0x([0-9a-f]+)\n", lines)}
    assert run.end == "guest-shutdown"
    assert "BARE: ok\n" in lines and "BARE: command line \"to be shown\"\n" in lines
    assert told == {"pages of RAM": memory["present_pages"], "free pages": memory["free_pages"],
                    "owned pages": memory["reserved_pages"],
                    "reclaimable pages": memory["reclaimable_pages"]}


# --- probe ---------------------------------------------------------------------------------------------

def promises():
    return [int(number) for number in re.findall(r"^- \*\*H(\d+)\*\*", DOCUMENT.read_text(), re.M)]


def test_promises_are_numbered():
    assert promises() == list(range(1, len(promises()) + 1)) and len(promises()) > 40


@on_machines(*PROBED)
def test_every_promise_of_the_document_is_kept(run):
    lines = said(run)
    results = re.findall(r"^(PASS|FAIL) H(\d+) (.+)$", lines, re.M)
    assert run.end == ("until" if run.machine.until else "guest-shutdown")
    assert [name for verdict, _, name in results if verdict == "FAIL"] == []
    assert [int(number) for _, number, _ in results] == promises()
    assert f"PROBE: {len(results)} passed, 0 failed\n" in lines


@on_machines(*PROBED)
@pytest.mark.parametrize("check", [check for check in CHECKS if check.__name__ in (
    "check_balance", "check_owner_ranges", "check_free_blocks", "check_zone_free")])
def test_report_of_a_machine_with_a_kernel(run, check):
    check(run.report())


@on_machines(*PROBED)
def test_kernel_is_where_it_is_linked(run):
    base = (LOW if "-low" in run.machine.files[-1][0] else HIGH)[run.machine.arch]
    handoff, report = run.report()["handoff"], run.report()
    areas = [a for a in report["paging"]["areas"] if a["kind"] == "kernel"]
    assert f"PROBE: linked at {base:x}, " in said(run)
    assert handoff["protocol"] == "native" and address(handoff["virt"]) == base
    assert len(areas) == 3 and address(areas[0]["start"]) == base
    assert [a["write"] for a in areas] == [False, False, True]
    # without NX everything can be executed
    assert [a["exec"] for a in areas] == [True, *[not report["paging"]["nx"]] * 2]


@each("probe")
def test_command_line_and_initrd_arrive(run):
    """Blanks inside the command line count, and what looks like a comment ends it."""
    module = (BUILD / INITRD.format(arch=run.machine.arch)).read_bytes()
    words = WORDS.split(" #")[0]
    assert f"cmdline \"{words}\"\n" in said(run)
    assert f"PROBE: module \\initrd, {len(module)} bytes, sum {sum(module)}\n" in said(run)


@each("probe")
def test_exceptions_are_reported_after_the_jump(run):
    """The loader's tables still serve: ud2 in the kernel's code."""
    after = said(run).split("PROBE: ")[-1]
    pointer = int(re.search(r"\b[re]ip +([0-9a-f]+)", after)[1], 16)
    kernel_area = run.report()["handoff"]
    assert "#UD" in after and after.count("The machine stops") == 1
    assert 0 <= pointer - address(kernel_area["virt"]) < kernel_area["bytes"]


@each("probe-low")
def test_two_nodes(run):
    report = run.report()
    assert len(report["nodes"]) == 2
    assert all(node["present_pages"] > 0 for node in report["nodes"])
    assert " 6 zones, " in said(run)


# --- torture -------------------------------------------------------------------------------------------

def rounds(run):
    """Pages taken by the name of the round."""
    return {name: int(pages) for name, pages in
            re.findall(r"TORTURE: (.+), (\d+) pages in \d+ blocks\n", said(run))}


@on_machines(*TORTURED)
def test_torture(run):
    """Every free page was taken, held its pattern, and went back, in each round."""
    lines, taken = said(run), rounds(run)
    assert run.end == "guest-shutdown"
    assert re.findall(r"TORTURE: FAILED.*", lines) == []
    assert f"TORTURE: ok, {sum(taken.values())} pages\n" in lines
    assert lines.count("TORTURE: pattern stands\n") == len(taken)
    assert taken["single pages"] == run.report()["memory"]["free_pages"]


@on_machines(*[name for name in TORTURED if TORTURE in "".join(MACHINES[name].config)])
def test_reclaimable_pages_join_the_others(run):
    """All of them, in two steps: with the loader's descriptor tables and the firmware's page tables in use, and without;
    then the other processors are parked in a page of the kernel's own."""
    taken, memory = rounds(run), run.report()["memory"]
    freed = [int(pages) for pages in re.findall(r"TORTURE: (\d+) pages reclaimed", said(run))]
    assert list(taken) == ["single pages", "mixed orders", "after reclaiming", "without the loader"]
    assert taken["mixed orders"] == taken["single pages"] == memory["free_pages"]
    assert taken["after reclaiming"] == taken["single pages"] + freed[0]
    assert taken["without the loader"] == taken["after reclaiming"] + freed[1] - 1
    assert sum(freed) == memory["reclaimable_pages"]


# --- a witness from outside -------------------------------------------------------------------------------

# The firmware's own variables and message buffers; torture calls its services.
VOLATILE = ("runtime data", "runtime code")
VOLATILE_PAGES = 16


# What the loader itself writes to after the exit, on purpose: breadcrumbs (efi/crumb.c), and the screen, which the old VGA
# window shows as well.
LOADERS = {0x3, 0x6, 0xe} | set(range(0xa0, 0xc0))


def page(memory, pfn):
    return memory[pfn * PAGE:(pfn + 1) * PAGE]


def pattern(pfn):
    """A page as torture writes it: each word its address XOR PATTERN, whose low bits are 0."""
    base = pfn * PAGE ^ PATTERN
    return array.array("Q", range(base, base + PAGE, 8)).tobytes()


@each("witness")
def test_every_free_page_carries_the_pattern_and_no_other(run):
    """What the report calls free is what the kernel could write to, page by page."""
    memory, free = run.kept["end"], free_pages(run.report())
    assert run.end == "until" and len(memory) == run.machine.memory * MIB
    carrying = {pfn for pfn in range(len(memory) // PAGE) if page(memory, pfn) == pattern(pfn)}
    assert carrying == free and len(free) == run.report()["memory"]["free_pages"]


@each("witness")
def test_firmware_keeps_its_pages(run):
    """From the exit on nobody writes to what is not RAM, but for the firmware itself when it is called. Page 0 and the
    low 64 KiB are RAM that is left to it, but for the breadcrumbs."""
    report, before, after = run.report(), run.kept["exit"], run.kept["end"]
    volatile = [(address(r["start"]) // PAGE, -(-address(r["end"]) // PAGE))
                for r in report["firmware_ranges"] if r["kind"] in VOLATILE]
    kept = [(start, end) for start, end, owner in owner_ranges(report)
            if owner in ("page 0", "low 64 KiB")]
    watched = [pfn for pfn in range(len(before) // PAGE) if pfn not in LOADERS and
               (not pages_in(ram(report), pfn, pfn + 1) or pages_in(kept, pfn, pfn + 1))]
    changed = [pfn for pfn in watched if page(before, pfn) != page(after, pfn)]
    assert len(before) == len(after) == run.machine.memory * MIB and len(watched) > 500
    assert [hex(pfn) for pfn in changed if not pages_in(volatile, pfn, pfn + 1)] == []
    assert len(changed) <= VOLATILE_PAGES


def parked(run):
    """CR0, CR3, instruction and stack pointer of each processor but the one that runs the kernel."""
    processors = re.split(r"^CPU#\d+\n", run.answers[REGISTERS], flags=re.M)[2:]
    return [[int(re.search(rf"\b{name} *=([0-9a-f]+)", text)[1], 16) for name in ("CR0", "CR3", "[RE]IP", "[RE]SP")]
            for text in processors]


def tables_of(run):
    return {pfn for start, end, owner in owner_ranges(run.report()) if owner == "firmware page tables"
            for pfn in range(start, end)}


@each("witness")
def test_other_processors_stay_parked(run):
    """Their loop and their stacks are in memory that is not RAM to anybody; where they use page tables, these are kept."""
    report, paging = run.report(), 0
    assert len(parked(run)) == 3
    for cr0, cr3, *pointers in parked(run):
        assert not any(pages_in(ram(report), at // PAGE, at // PAGE + 1) for at in pointers)
        if cr0 & CR0_PG:
            assert cr3 // PAGE in tables_of(run)
            paging += 1
    assert paging == {"x86_64": 0, "i386": 3}[run.machine.arch]


@each("witness")
def test_page_tables_of_the_firmware_are_kept(run):
    """As they were at the exit, but for what a processor marks in them by itself: accessed, dirty."""
    marks = int.from_bytes(bytes((0x60, 0, 0, 0, 0, 0, 0, 0)) * (PAGE // 8), "little")

    def unmarked(memory, pfn):
        return int.from_bytes(page(memory, pfn), "little") | marks

    before, after, tables = run.kept["exit"], run.kept["end"], tables_of(run)
    assert len(tables) == run.report()["paging"]["firmware_tables"]["tables"]
    assert [hex(pfn) for pfn in tables if unmarked(before, pfn) != unmarked(after, pfn)] == []


# --- files that are refused ----------------------------------------------------------------------------

def refusals(run):
    """What was said about each file, by its name on the stick."""
    return dict(re.findall(r"(?:handoff|paging): \\kernels\\(\S+?)\.elf:? (.+)",
                           "\n".join(run.lines).split("HELLO")[0]))


@each("refused")
def test_missing_kernel_returns_to_the_firmware(run):
    assert refusals(run)["none"].startswith("there is no such file")
    assert "EFI Internal Shell" in run.serial


@each("refused")
def test_bad_kernels_are_refused_with_a_sentence(run):
    told = refusals(run)
    wanted = refused(run.machine.arch)
    made = {path.stem for path in (BUILD / "kernels" / run.machine.arch / "bad").glob("*.elf")}
    assert made == set(wanted)
    for name, sentence in wanted.items():
        assert sentence in told["bad\\" + name], name


@each("refused")
def test_refusals_change_nothing(run):
    """Each ends with everything given back, and the shell offers the next."""
    count = 1 + len(refused(run.machine.arch))
    assert run.serial.count("Nothing was changed; returning to the firmware.") == count
    assert "did not take" not in run.serial
    assert run.serial.index("Nothing was changed") < run.serial.index("Leaving the firmware")
    assert run.serial.count("Leaving the firmware") == 1
