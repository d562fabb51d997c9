#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""stack-depth.py DIRECTORY: the deepest stack below each entry point, from the call graphs that gcc's
-fcallgraph-info=su left in DIRECTORY (*.ci). Status 1: one is more than its stack has, or can't be bounded.

A frame includes the return address. A call through a pointer is looked up by its place in the source: POINTERS says what
its expression reaches. What is not there, a function whose frame is unknown, and a recursion without a bound are errors, so
the tables below can't fall behind the source without a word. Firmware runs on the same stack until the exit; what it needs
is its own affair (UEFI 2.10, 2.3.2 and 2.3.4: 128 KiB in all)."""
import os
import re
import sys

# Entry point: the bytes that there are for it, less what a processor or trap.S pushes.
ENTRIES = {
    "efi_main": 64 * 1024,
    "efi/main.c:after_activate": 8 * 4096 - 256,
    "trap_report": 2 * 4096 - 1024,
}

SINKS = ["core/format.c:text_buffer_write", "core/boot.c:write_timed", "core/canvas.c:pen_write", "core/json.c:put_escaped",
         "core/terminal.c:write_terminal", "efi/log.c:write_text", "efi/log.c:write_report", "efi/log.c:write_record",
         "efi/report_files.c:write_buffered", "efi/screen.c:write_screen"]
LOGS = ["efi/log.c:write_text", "efi/log.c:write_report", "efi/log.c:write_record"]

# What a call through a pointer reaches, by the expression before its arguments.
POINTERS = {
    "g->sink->write": SINKS,
    "sink->write": SINKS,
    "output->inner->write": LOGS,
    "log->screen->write": ["efi/screen.c:write_screen"],
    "screen->write": ["efi/screen.c:write_screen"],
    "sink.write": ["core/canvas.c:pen_write", "core/terminal.c:write_terminal"],
    "file->write": ["report_text", "report_json", "efi/report_files.c:draw_map"],
    "b->platform->get_map": ["efi/main.c:platform_get_map"],
    "b->platform->claim": ["efi/main.c:platform_claim"],
    "b->platform->exit": ["efi/main.c:platform_exit"],
    "b->platform->stage": ["efi/main.c:platform_stage"],
    "b->platform->cycles": ["efi/main.c:platform_cycles"],
    "platform->get_raw": [],  # host programs only
    "s->pool->claim": ["boot_claim"],
    "again[i]": ["boot_stage_limits", "core/settle.c:refit_nodes", "boot_stage_paging", "boot_stage_zones"],
    "run": ["core/boot.c:stage_snapshot", "core/boot.c:stage_e820", "boot_stage_limits", "boot_stage_nodes",
            "core/boot.c:stage_bootmem", "boot_place_kernel", "boot_stage_paging", "boot_stage_zones",
            "boot_reserve_record", "core/boot.c:stage_exit", "boot_stage_settle", "core/boot.c:stage_mem_init"],
    "key->apply": [f"core/options.c:apply_{key}" for key in (
        "mode pae after console files numa mem highmem vmalloc reserve badram serial kernel initrd cmdline "
        "hostile").split()],
    "v->visit": ["core/live_tables.c:own_table"],
    "place": ["arch_place_screen", "arch_place_serial"],
    "platform->live_tables": [],  # host programs only
    "log->rest": ["efi/main.c:browse"],
    "t->verify": ["efi/secure.c:verify"],
    "t->measure": ["efi/secure.c:measure_start"],
    "tpm->get_capability": [],  # firmware's
    "m->tpm->hash_log_extend_event": [],
    "trap_handler->console": ["efi/main.c:fault_console"],
    "trap_handler->explain": ["efi/main.c:explain_fault"],
    "((image_entry)((uintptr_t)entry + delta))": ["efi_main"],
}
# Firmware's functions begin with a capital.
FIRMWARE = re.compile(r"(->|\.)[A-Z]\w+$")

# Functions that may be on the stack more than once, and how often: all recursion leads through them.
RECURSION = {
    "core/json.c:put_escaped": 1,           # writes to what is no other one
    "core/paging_check.c:check_table": 5,   # levels of page tables
    "core/paging_audit.c:audit_table": 5,
    "core/paging_audit.c:visit_table": 5,
    "core/bootmem.c:set_at_level": 4,       # BOOTMEM_LEVELS
    "core/bootmem.c:check_word": 4,
    "image_run_moved": 1,                   # the moved image is where it should be
}

# In assembly; none calls back on the same stack. They begin a new stack, or have a few words of the old one.
OUTSIDE = {"cpu_load_tables": 64, "cpu_switch": 64, "cpu_jump": 64, "cpu_jump_linux": 64}


class Graph:
    def __init__(self, directory):
        self.frames, self.calls, self.errors, self.sources, self.in_core = {}, {}, [], {}, set()
        for folder, _, names in os.walk(directory):
            for name in sorted(names):
                if name.endswith(".ci"):
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        for line in file:
                            self.read(line)
        self.resolve()
        for source, callees in sorted(self.calls.items()):
            for callee in sorted(callees - set(self.frames)):
                self.errors.append(f"{source} calls {callee}, whose frame is unknown")

    def read(self, line):
        node = re.match(r'node: \{ title: "([^"]+)" label: "[^"]*\\n(\d+) bytes \(([\w,]+)\)', line)
        if node:
            self.frames[node[1]] = int(node[2])
            if re.search(r'label: "[^"\\]*\\ncore/', line):
                self.in_core.add(node[1])
            if node[3] == "dynamic":
                self.errors.append(f"{node[1]} has a frame without bound")
        edge = re.match(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)" label: "([^:"]+):(\d+):(\d+)', line)
        if edge and edge[2] == "__indirect_call":
            self.indirect(edge[1], edge[3], int(edge[4]))
        elif edge:
            self.calls.setdefault(edge[1], set()).add(edge[2])
            if edge[2] in OUTSIDE:
                self.frames.setdefault(edge[2], OUTSIDE[edge[2]])

    def expressions(self, path, line):
        """What stands before a parenthesis in that line: member chains, and the one cast."""
        if path not in self.sources:
            with open(path, encoding="utf-8") as file:
                self.sources[path] = file.read().split("\n")
        text = self.sources[path][line - 1]
        if "((image_entry)" in text:
            return ["((image_entry)((uintptr_t)entry + delta))"]
        return re.findall(r"((?:\w+(?:\[\w+\])?(?:->|\.))*\w+(?:\[\w+\])?)\(", text)

    def indirect(self, source, path, line):
        known = [e for e in self.expressions(path, line) if e in POINTERS]
        if known:
            for expression in known:
                self.calls.setdefault(source, set()).update(POINTERS[expression])
        elif not any(FIRMWARE.search(e) for e in self.expressions(path, line)):
            self.errors.append(f"{path}:{line}: what does this call reach? {self.sources[path][line - 1].strip()}")

    def resolve(self):
        """Names of POINTERS as gcc has them, which may have specialised or split a function."""
        for source, callees in self.calls.items():
            for callee in [c for c in callees if c not in self.frames]:
                parts = [t for t in self.frames if t.startswith(callee + ".")]
                if parts or self.inlined(callee):
                    callees.remove(callee)
                    callees.update(parts)

    def inlined(self, name):
        """No code of its own is left of it, so no pointer reaches it; but it must exist."""
        path, _, function = name.partition(":")
        if not function:
            return False
        with open(path, encoding="utf-8") as file:
            return re.search(rf"\b{function}\(", file.read()) is not None


def components(graph, removed=()):
    """Tarjan's: strongly connected components, callees before callers."""
    index, low, stack, out = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in graph.calls.get(v, ()):
            if w in removed or w not in graph.frames:
                continue
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            part = set()
            while v not in part:
                part.add(stack.pop())
            out.append(part)

    for v in graph.frames:
        if v not in index and v not in removed:
            visit(v)
    return out


def is_cycle(graph, part):
    return len(part) > 1 or any(v in graph.calls.get(v, ()) for v in part)


def base(name):
    return re.sub(r"\.(constprop|isra|part|cold).*", "", name)


def depths(graph):
    """Bytes below each function, itself included, and the next function on the deepest way."""
    depth, way = {}, {}
    for part in components(graph):
        below, best = 0, None
        for v in part:
            for w in graph.calls.get(v, ()):
                if w not in part and depth.get(w, 0) > below:
                    below, best = depth[w], w
        own = sum(graph.frames[v] for v in part)
        if is_cycle(graph, part):
            bounded = [v for v in part if base(v) in RECURSION]
            rest = components(graph, removed=set(graph.frames) - (part - set(bounded)))
            if not bounded or any(is_cycle(graph, p) and p & part for p in rest):
                graph.errors.append("a recursion without a bound: " + " ".join(sorted(part)))
            own *= 1 + sum(RECURSION[base(v)] for v in bounded)
        for v in part:
            depth[v], way[v] = own + below, best
    return depth, way


def show(way, name):
    path = []
    while name is not None:
        path.append(base(name).split(":")[-1])
        name = way[name]
    return " ".join(path)


def main(directory):
    sys.setrecursionlimit(10000)
    graph = Graph(directory)
    depth, way = depths(graph)
    core = max(graph.in_core, key=depth.get)
    for entry, limit in ENTRIES.items():
        names = [v for v in graph.frames if base(v) == entry]
        if not names:
            graph.errors.append(f"no entry point {entry}")
            continue
        name = max(names, key=depth.get)
        print(f"{directory}: {depth[name]} of {limit} bytes: {show(way, name)}")
        if depth[name] > limit:
            graph.errors.append(f"{entry} needs {depth[name]} bytes, and has {limit}")
    print(f"{directory}: {depth[core]} bytes, the deepest of core/: {show(way, core)}")
    for error in graph.errors:
        print(f"{directory}: {error}", file=sys.stderr)
    return 1 if graph.errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
