#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""table.py PERCENT SUMMARY: gcovr's summary as a table, the file with most to do first. Status 1 where a file or the total
has taken less than PERCENT of its branches."""
import json
import sys


def share(part, whole):
    return 100 * part / whole if whole else 100


def row(name, counts):
    return (f"{name:24}{counts['branch_covered']:7} of {counts['branch_total']:5} {share(counts['branch_covered'], counts['branch_total']):6.1f} %"
            f"{counts['line_covered']:9} of {counts['line_total']:5} {share(counts['line_covered'], counts['line_total']):6.1f} %")


def main(least, path):
    with open(path, encoding="utf-8") as file:
        summary = json.load(file)
    files = sorted(summary["files"], key=lambda f: share(f["branch_covered"], f["branch_total"]))
    for f in files:
        print(row(f["filename"], f))
    print(row("total", summary))
    return int(any(share(f["branch_covered"], f["branch_total"]) < least for f in files + [summary]))


sys.exit(main(float(sys.argv[1]), sys.argv[2]))
