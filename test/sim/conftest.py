# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures and the summary of the simulator's tests. The recorded machines are simulated two at a time."""
import concurrent.futures
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import agreement  # noqa: E402


class Tally:
    """Verdicts over all machines."""

    def __init__(self):
        self.names = set()
        self.verdicts = []  # (file, kind, figure, verdict)

    def add(self, name, judged):
        self.names.add(name)
        self.verdicts += [(name, kind, " ".join([kind, *words]), verdict) for kind, words, verdict in judged]

    def lines(self):
        apart = {row.what for row in agreement.TABLE["apart"]}
        columns = ("agree", "by rule", "apart", "listed", "unexplained")
        kinds = {}
        for _, kind, _, verdict in self.verdicts:
            column = {None: "agree", "listed": "listed", "differs": "unexplained"}.get(
                verdict, "apart" if verdict in apart else "by rule")
            kinds.setdefault(kind, dict.fromkeys(columns, 0))[column] += 1
        yield f"  {'kind':20}" + "".join(f"{c:>12}" for c in columns)
        for kind in sorted(kinds):
            yield f"  {kind:20}" + "".join(f"{kinds[kind][c]:12}" for c in columns)
        agree, rule, others, listed, unexplained = (sum(k[c] for k in kinds.values()) for c in columns)
        yield (f"agree {agree} of {len(self.verdicts)}: {rule} more follow exactly from a kernel's own rule, "
               f"{others} are the kernel's own affairs, {listed} listed one by one, {unexplained} unexplained")


TALLY = Tally()
POOL = concurrent.futures.ThreadPoolExecutor(2)
REPORTS = {}


def pytest_collection_finish(session):
    for item in session.items:
        recording = item.callspec.params.get("recording") if hasattr(item, "callspec") else None
        if recording and not session.config.option.collectonly:
            REPORTS[recording.name] = POOL.submit(agreement.reports, recording)


def pytest_sessionfinish(session):
    POOL.shutdown(wait=True, cancel_futures=True)


@pytest.fixture
def reports(recording):
    """agreement.reports of the test's recording."""
    return REPORTS.pop(recording.name).result()


@pytest.fixture(scope="session")
def tally():
    return TALLY


@pytest.fixture(scope="session", params=list(agreement.SIMULATORS))
def arch(request):
    return request.param


def pytest_terminal_summary(terminalreporter):
    if TALLY.verdicts:
        terminalreporter.write_line("figures of kernels against bootmem-sim:")
        for line in TALLY.lines():
            terminalreporter.write_line(line)
