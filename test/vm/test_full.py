# SPDX-License-Identifier: BSD-2-Clause
"""The whole matrix, for `make test-full`: every machine starts, and its books balance."""
import pytest

from checks import CHECKS
from machines import FULL, on_machines


@on_machines(*FULL)
def test_switches_off(run):
    assert run.end == "guest-shutdown"


@on_machines(*FULL)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_report(run, check):
    check(run.report())
