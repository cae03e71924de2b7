"""Tests in a warm process, one fault a fork: what is planted in a child is gone with it.

pytest collects once. Then each fault gets a child of its own, which plants it and runs the tests that should catch it.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, Final

import pytest
from _pytest.runner import runtestprotocol
from attrs import frozen

ROOT: Final = Path(__file__).resolve().parent.parent
#: How many faults are tried at a time.
WORKERS: Final = os.cpu_count() or 1
#: After so many seconds a test is ended; and a child, that runs many, after so many.
PATIENCE: Final = 60.0
LONGEST: Final = 600.0
_FORK: Final = get_context("fork")


@frozen
class Trial:
    """A fault, how it is planted, and the tests that may catch it, in the order in which they are tried."""

    name: str
    plant: Callable[[], None]
    tests: tuple[str, ...]


@frozen
class Verdict:
    """What became of a fault: the first test that failed and how; or none; or why the trial itself went wrong."""

    name: str
    caught_by: str | None = None
    how: str = ""
    wrong: str = ""
    #: How many tests were asked.
    tried: int = 0


class Warm:
    """A pytest session that collects, hands its tests over, and runs none of its own accord."""

    def __init__(self, work: Callable[[Warm], None]) -> None:
        self._work = work
        self._items: dict[str, pytest.Item] = {}
        #: How long a test may run, in seconds, where that is known.
        self.limits: dict[str, float] = {}

    def pytest_collection(self) -> None:
        """Random tests draw the same examples each time, and seek no smaller ones for what they find."""
        from hypothesis import Phase, settings  # pytest wants to be the first to import it

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("planted", derandomize=True, database=None, phases=phases)
        settings.load_profile("planted")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Work on what was collected."""
        if session.testsfailed:
            raise session.Interrupted("the tests could not be collected")
        self._items = {item.nodeid: item for item in session.items}
        self._work(self)
        return True

    @property
    def names(self) -> tuple[str, ...]:
        """Every test that was collected."""
        return tuple(self._items)

    def named(self, name: str) -> tuple[str, ...]:
        """The tests of one name: several, if it has parameters; none, if there is no such test."""
        return tuple(one for one in self._items if one == name or one.startswith(f"{name}["))

    def run(self, name: str) -> str | None:
        """Run one test here: how it failed, or None. Raises `RuntimeError` if it was skipped.

        A test that runs far longer than it should has failed: a fault that makes a loop endless.
        """
        signal.signal(signal.SIGALRM, _endless)
        signal.setitimer(signal.ITIMER_REAL, self.limits.get(name, PATIENCE))
        try:
            reports = runtestprotocol(self._items[name], log=False, nextitem=None)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for report in reports:
            if report.failed:
                return _told(report)
        if any(report.skipped for report in reports):
            raise RuntimeError(f"{name} is skipped")
        return None

    def attempt(self, trial: Trial) -> Verdict:
        """Plant a fault and run its tests until one fails: in a child, for nothing takes it out again."""
        try:
            trial.plant()
            if not trial.tests:
                raise LookupError("no test is there to catch it")
            for tried, name in enumerate(trial.tests, 1):
                how = self.run(name)
                if how is not None:
                    return Verdict(trial.name, name, how, tried=tried)
        except Exception as wrong:  # whatever a plant does wrong is told with its name
            return Verdict(trial.name, wrong=f"{type(wrong).__name__}: {wrong}")
        return Verdict(trial.name, tried=len(trial.tests))


class Endless(BaseException):
    """A test does not end. No `except Exception` of what is tested may take it for one of its own."""


def _endless(number: int, frame: Any) -> None:
    raise Endless("it does not end")


def _told(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr).split("\n", 1)[0]


#: What is no answer of a test but a crash of the code that was planted, or of what met it.
_CRASHES: Final = "TypeError|NameError|AttributeError|KeyError|IndexError|ImportError|UnboundLocalError|RecursionError"
_CRASH: Final = re.compile(rf"(\w+\.)*({_CRASHES})\b")


def crashed(verdict: Verdict) -> bool:
    """Whether the test fell over instead of finding something: that proves nothing."""
    return _CRASH.match(verdict.how) is not None


def warm(files: Iterable[str], work: Callable[[Warm], None]) -> int:
    """Collect the tests of these files and work on them; pytest's exit code."""
    os.chdir(ROOT)
    quiet = ("-s", "-qq", "--no-header", "--no-summary", "-p", "no:cacheprovider")
    return int(pytest.main([*quiet, *files], plugins=[Warm(work)]))


def attempts(
    warm: Warm, trials: Sequence[Trial], *, workers: int = WORKERS, patience: float = LONGEST
) -> Iterator[Verdict]:
    """Try each fault in a child of its own, several at a time, in the order in which they end."""
    return forked(trials, warm.attempt, lambda trial, wrong: Verdict(trial.name, wrong=wrong), workers, patience)


def forked(
    tasks: Iterable[Any],
    do: Callable[[Any], Any],
    failed: Callable[[Any, str], Any],
    workers: int = WORKERS,
    patience: float = LONGEST,
) -> Iterator[Any]:
    """What `do` gives for each task, in a child of its own; `failed` says what stands for one that gave nothing."""
    waiting = deque(tasks)
    running: dict[Connection, tuple[Any, ForkProcess, float]] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            task = waiting.popleft()
            conn, process = _started(do, task)
            running[conn] = (task, process, time.monotonic() + patience)
        end = min(until for _, _, until in running.values())
        ready: list[Any] = connection.wait(list(running), max(0.0, end - time.monotonic()))
        late = [conn for conn, (_, _, until) in running.items() if until <= time.monotonic()]
        for conn in [*ready, *(conn for conn in late if conn not in ready)]:
            task, process, _ = running.pop(conn)
            yield _ended(conn, task, process, failed, in_time=conn in ready)


def _started(do: Callable[[Any], Any], task: Any) -> tuple[Connection, ForkProcess]:
    mine, yours = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_child, args=(yours, do, task))
    process.start()
    yours.close()
    return mine, process


def _child(conn: Connection, do: Callable[[Any], Any], task: Any) -> None:
    """Nothing that a test prints is of interest, and what the parent made is not to be looked through for garbage."""
    gc.disable()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    conn.send(do(task))


def _ended(conn: Any, task: Any, process: ForkProcess, failed: Callable[[Any, str], Any], *, in_time: bool) -> Any:
    """What a child said, or what became of it."""
    try:
        if in_time:
            return conn.recv()
        process.kill()
        return failed(task, "it did not end in time")
    except EOFError:
        return failed(task, "its process died")
    finally:
        conn.close()
        process.join()
