#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Proves the contracts of the modules below: prove.py BUILD_DIRECTORY [MODULE]...

Each module is a real source file, read with the layout of one architecture, and the functions in it that have
contracts. WP makes goals of the contracts and of everything that C leaves undefined; z3 and cvc4 prove them.
The admitted lemmas are bit-vector goals for z3 alone (bits.smt2). Goals that are not proved are printed.

Each program of eva.c is one goal more: that Eva has no alarm. Its alarms are printed.
"""
import glob
import os
import re
import subprocess
import sys
import time

SECONDS = 60 # by the clock, for one goal and prover; most need less than one on an idle machine
PRELUDE = "test/prove/prelude.h"

# The lemmas have no function.
MODULES = [
    ("lemmas", "x86_64", PRELUDE, []),
    ("types", "x86_64", "core/limits.c",
     "min_u64 max_u64 is_power_of_2 align_down align_up pfn_down pfn_up pfn_phys lowest_bit highest_bit".split()),
    # vmalloc_reserve is for i386: here its contract asks for what can't be, and would be proved of nothing.
    ("limits", "x86_64", "core/limits.c",
     "split_low_ram split_high_ram limits_split split_refusal_text limits_find".split()),
    ("finding", "x86_64", "core/finding.c", "finding_add finding_add_bytes".split()),
    ("e820", "x86_64", "core/e820.c",
     "last_of swap_ranges sift_down sort_ranges strictest goes_on set_entry append emit emit_until open_range begin_range "
     "count_overlaps sweep makes_sense known_type count_repairs take_ranges make_room emit_pages count_unaligned count_large "
     "rounded_start rounded_end round_to_pages by_index one_rules rounds_outward e820_sanitise cut_end e820_cut_ram entry_check e820_check e820_next_ram e820_type_at e820_equal".split()),
    ("e820-lemmas", "x86_64", "core/e820.c", []),
    ("bootmem", "x86_64", "core/bootmem.c",
     "mask put_mask put_long_bits put_bits get_bit put_bit unit_shift mixed level_of_edge word_is_uniform may_hold holds_only "
     "forget set_pfns free_bootmem reserve_bootmem pages_of pages_start pages_end fits cursor_for find_place keep_rest count advance take "
     "find_run move_cursor search open_chunk make_room claim alloc_on_node node_in_order preferred_node kind_of search_for "
     "bootmem_next_free bootmem_reserved".split()),
    ("bootmem-lemmas", "x86_64", "core/bootmem.c", []),
    ("buddy", "x86_64", "core/buddy.c", "first_order has_block buddy_largest_order buddy_count_run gfp_zone".split()),
    ("zone", "x86_64", "core/zone.c", "zone_limit divide is_highmem highmem_min".split()),
    ("zone-i386", "i386", "core/zone.c", "zone_limit divide is_highmem highmem_min".split()),
    ("limits-i386", "i386", "core/limits.c",
     "vmalloc_reserve split_low_ram split_high_ram limits_split split_refusal_text limits_find".split()),
]

# Branches and conjunctions as goals of their own: more of them, and easier ones.
SPLIT = {"e820": ["-wp-split"], "bootmem": ["-wp-split"]}

# Who proves, the next what the one before can't.
PROVERS = {"e820": "cvc5,cvc4", "e820-lemmas": "cvc5,cvc4", "bootmem": "cvc5,cvc4,z3", "bootmem-lemmas": "cvc5,cvc4,z3"}
CVC5 = """
[prover]
name = "CVC5"
version = "1.0"
shortcut = "cvc5"
command = "cvc5 --tlimit=%t000 --lang=smt2 --force-logic=ALL --full-saturate-quant %f"
driver = "cvc4_17"
editor = ""
in_place = false
interactive = false
"""

# Eva: real source files, driven by a program of eva.c, and how far Eva shall go to keep states apart. Loops are unrolled
# a few times, or to the end where something is counted; more states (slevel) where what they know differs. A search of
# the bitmap is in one of four levels; divisions and square roots would split in two for each bit.
TABLE = "-eva-slevel 10 -eva-min-loop-unroll 65"
BITMAP = ("-eva-slevel 30 -eva-min-loop-unroll 7 -eva-unroll-recursive-calls 6 "
          "-eva-slevel-function next_page:300,bootmem_alloc:300")
STEPS = "-eva-slevel 1000000 -eva-unroll-recursive-calls 6"
ARITHMETIC = " -eva-min-loop-unroll 65 -eva-slevel-function " + ",".join(
    f"{name}:0" for name in "zones_set_watermarks divide divide_0 square_root low_pages node_end".split())
NODES = "node zone e820 finding srat acpi"
MACHINE = "bootmem e820 finding limits node owner sparse zone buddy mem_init srat acpi"
EVA = [
    ("eva-e820", "x86_64", "e820 finding", TABLE),
    ("eva-limits", "x86_64", "limits e820 finding", TABLE),
    ("eva-limits-i386", "i386", "limits e820 finding", TABLE),
    ("eva-bitmap", "x86_64", "bootmem", BITMAP),
    ("eva-requests", "x86_64", "bootmem", BITMAP),
    ("eva-nodes", "x86_64", NODES, STEPS + ARITHMETIC),
    ("eva-nodes-i386", "i386", NODES, STEPS + ARITHMETIC),
    ("eva-mm", "x86_64", MACHINE, STEPS),
    ("eva-mm-i386", "i386", MACHINE, STEPS),
]

MACHDEP = {"x86_64": "gcc_x86_64", "i386": "gcc_x86_32"}


def run(command, environment):
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def detect_provers(directory, environment):
    """A configuration of our own: what the user's says of provers is none of our business. Why3 1.5 has no words for cvc5."""
    result = run(["why3", "config", "detect"], environment)
    if not os.path.exists(environment["WHY3CONFIG"]):
        sys.exit(f"why3 config detect: {result.stdout}")
    with open(environment["WHY3CONFIG"], "r+", encoding="utf-8") as config:
        if "cvc5" not in config.read():
            config.write(CVC5)


def prove_bits(directory):
    """The bit-vector goals, and the admitted lemmas that none of them is for; of those in core/ the manual has to speak."""
    with open(PRELUDE, encoding="utf-8") as file:
        lemmas = re.findall(r"admit lemma (\w+)", file.read())
    output = run(["z3", "-T:120", "test/prove/bits.smt2"], None).stdout.split()
    goals = list(zip(output[::2], output[1::2]))
    failed = [f"{name}: {answer}" for name, answer in goals if answer != "unsat"]
    failed += [f"{name}: no goal in bits.smt2" for name in lemmas if name not in output[::2]]
    with open("docs/proofs.md", encoding="utf-8") as manual:
        known = manual.read()
    for path in sorted(glob.glob("core/*.c") + glob.glob("include/bootmem/*.h")):
        with open(path, encoding="utf-8") as file:
            failed += [f"{path}: {name} is taken as given, and docs/proofs.md does not say so"
                       for name in re.findall(r"admit lemma (\w+)", file.read()) if f"`{name}`" not in known]
    return len(goals) + len(failed) - sum(answer != "unsat" for _, answer in goals), failed


def keep_log(directory, name, text):
    with open(os.path.join(directory, f"{name}.log"), "w", encoding="utf-8") as log:
        log.write(text)


def frama_c(arch, arguments, environment):
    return run(["frama-c", "-c11", "-machdep", MACHDEP[arch],
                f"-cpp-extra-args=-Iinclude -Iarch -Iarch/{arch} -include {PRELUDE}", *arguments], environment)


def prove_module(name, arch, source, functions, directory, environment):
    what = ["-wp-fct", ",".join(functions)] if functions else ["-wp-prop", "@lemma"]
    result = frama_c(arch, ["-wp", "-wp-rte", "-wp-prover", PROVERS.get(name, "cvc4,z3"), "-wp-par", "1", *SPLIT.get(name, []),
                            "-wp-timeout", str(SECONDS), *what, source], environment)
    keep_log(directory, name, result.stdout)
    count = re.search(r"Proved goals: +(\d+) / (\d+)", result.stdout)
    if result.returncode != 0 or not count:
        sys.exit(f"{name}: {result.stdout}")
    failed = re.findall(r"\[(?:Failed|Timeout|Stepout|Unknown)\] Goal (\S+)", result.stdout)
    # What WP says when it had to guess what a function does.
    failed += re.findall(r"Missing \w+ clause.*|No code nor .* for function.*", result.stdout)
    proved, goals = int(count[1]), int(count[2])
    return goals + max(0, len(failed) - (goals - proved)), failed


def run_eva(name, arch, sources, options, directory):
    """Contracts are not read: Eva would take for granted what it can't show of them."""
    program = name.removesuffix("-i386").replace("-", "_")
    result = frama_c(arch, ["-no-annot", "-eva", "-main", program, "-eva-split-return", "full", "-eva-no-print",
                            "-eva-no-show-progress", "-eva-print-callstacks", *options.split(),
                            *(f"core/{source}.c" for source in sources.split()), "test/prove/eva.c",
                            "-metrics", "-metrics-eva-cover"], None)
    keep_log(directory, name, result.stdout)
    reached = re.search(r"(\d+) stmts in analyzed functions, (\d+) stmts analyzed", result.stdout)
    if result.returncode != 0 or not reached:
        sys.exit(f"{name}: {result.stdout}")
    failed = [" ".join(alarm.split()) for alarm in re.findall(r"\[eva:alarm\] (.*\n(?: .*\n)*)", result.stdout)]
    failed += re.findall(r"Neither code nor specification for function \S+", result.stdout)
    if "Frama_C_show_each_wrong" in result.stdout:
        failed.append("an expectation of the program may be false")
    if "Frama_C_show_each_end" not in result.stdout:
        failed.append("the end of the program is not reached")
    if not failed and "0 alarms generated by the analysis" not in result.stdout:
        failed.append("Eva does not say that there is no alarm")
    print(f"  EVA   {name}: {len(failed) or 'no'} alarm{'s' if len(failed) > 1 else ''}, "
          f"{reached[2]} of {reached[1]} statements reached", flush=True)
    return 1, failed


def main():
    directory, wanted = sys.argv[1], sys.argv[2:]
    os.makedirs(directory, exist_ok=True)
    environment = dict(os.environ, WHY3CONFIG=os.path.abspath(os.path.join(directory, "why3.conf")))
    detect_provers(directory, environment)
    total, unproved, start = 0, 0, time.monotonic()
    for module in [("bits",)] + MODULES + EVA:
        if wanted and module[0] not in wanted:
            continue
        if module[0] == "bits":
            goals, failed = prove_bits(directory)
        elif module in EVA:
            goals, failed = run_eva(*module, directory)
        else:
            goals, failed = prove_module(*module, directory, environment)
        total += goals
        unproved += min(goals, len(failed))
        print(f"  PROVE {module[0]}: {goals - min(goals, len(failed))} of {goals}", flush=True)
        for goal in failed:
            print(f"{module[0]}: not proved: {goal}", flush=True)
    print(f"  PROVE took {time.monotonic() - start:.0f} s")
    print(f"{total - unproved} of {total} goals proved")
    sys.exit(unproved != 0)


main()
