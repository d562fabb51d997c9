# SPDX-License-Identifier: BSD-2-Clause
"""Boots every machine that a selected test needs once, two at a time, and shows its serial line when
a test about it fails."""
import concurrent.futures
import os

import pytest

import qemu
from machines import MACHINES

PARALLEL = int(os.environ.get("VM_JOBS", "2"))
SHOWN_LINES = 250

collect_ignore = [] if os.environ.get("FULL") else ["test_full.py"]

pool = concurrent.futures.ThreadPoolExecutor(PARALLEL)
boots = {}
shown = set()


def machines_of(item):
    """Names of the machines that a test asks about."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return [params[fixture] for fixture in ("run", "other") if fixture in params]


def pytest_collection_finish(session):
    """Booting begins before the first test waits for it. What is to be skipped need not exist."""
    for item in session.items:
        for name in machines_of(item):
            if name not in boots and not item.get_closest_marker("skip") and \
                    not session.config.option.collectonly:
                boots[name] = pool.submit(qemu.boot, MACHINES[name])


def pytest_sessionfinish(session):
    pool.shutdown(wait=True, cancel_futures=True)


@pytest.fixture
def run(request):
    """A finished boot of MACHINES[request.param]; ask for it with on_machines()."""
    return boots[request.param].result()


@pytest.fixture
def other(request):
    """Another one, for tests that compare two."""
    return boots[request.param].result()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    for name in machines_of(item) if report.failed else []:
        if name not in boots or name in shown or not boots[name].done():
            continue
        shown.add(name)
        if boots[name].exception() is None:
            done = boots[name].result()
            report.sections.append((f"{name}: ended by {done.end} after {done.seconds:.0f} s; serial line",
                                    "\n".join(done.lines[-SHOWN_LINES:])))
