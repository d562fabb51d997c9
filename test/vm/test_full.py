# SPDX-License-Identifier: BSD-2-Clause
"""The whole matrix, for `make test-full`: every machine starts, and its books balance."""
import pytest

from checks import CHECKS
from machines import FULL, on_machines

# What vmalloc= leaves for low memory, in MiB: the kernel's GiB less that, and less 8 MiB of guard gap.
SPLITS = {"vmalloc = 400M": 1024 - 408, "vmalloc = 64M": 1024 - 72}


@on_machines(*FULL)
def test_switches_off(run):
    assert run.end == "guest-shutdown"


@on_machines(*FULL)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_report(run, check):
    report = run.report()
    check(report | {"split": SPLITS[run.machine.config[0]] << 20}
          if run.machine.config[0] in SPLITS else report)
