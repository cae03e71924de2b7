"""The same lives are the same bytes, the same refusals and the same words in every process."""

from __future__ import annotations

import decimal
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import attrs
import pytest

import escrowkit
from everywhere import digest

HERE = Path(__file__).parent
SOURCES = Path(escrowkit.__file__).parents[1]
#: Where the packages of this Python lie, for another version of it: those that the core needs are Python alone.
PACKAGES = Path(attrs.__file__).parents[1]
#: Lives of the default run, and of the long one.
SOME, MANY = (0, 20), (0, 400)
#: The hash seed, the zone, the locale, the flags, the precision and the rounding of decimals.
Process = tuple[str, str, str, tuple[str, ...], int, str]
PROCESSES: tuple[Process, ...] = (
    ("1", "Asia/Kolkata", "C", (), 3, "ROUND_UP"),
    ("4242", "America/New_York", "C.UTF-8", ("-O",), 1, "ROUND_DOWN"),
    ("random", "Pacific/Apia", "POSIX", ("-X", "utf8=0"), 50, "ROUND_05UP"),
    ("7", "Africa/Monrovia", "C.UTF-8", ("-O", "-I"), 2, "ROUND_CEILING"),
)


def printed(process: Process, lives: tuple[int, int], python: str = sys.executable) -> list[str]:
    """Both digests of some lives, as a process of its own prints them: with words, and without."""
    seed, zone, language, flags, precision, rounding = process
    paths = [str(HERE), str(SOURCES), *([] if python == sys.executable else [str(PACKAGES)])]
    start = f"import sys; sys.path[:0] = {paths!r}; import everywhere; everywhere.main()"
    done = subprocess.run(
        [python, *flags, "-c", start, *map(str, lives), str(precision), rounding],
        env={"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@cache
def here(lives: tuple[int, int]) -> list[str]:
    """Both digests, made in this process."""
    return [digest(range(*lives)), digest(range(*lives), words=False)]


@pytest.mark.parametrize("process", PROCESSES, ids=lambda p: f"{p[1]}-{p[2]}-{'-'.join(p[3])}")
def test_whole_lives_are_the_same_bytes_in_every_process(process: Process) -> None:
    """Whatever the hash seed, the time zone, the locale, the decimal context, and under -O."""
    assert printed(process, SOME) == here(SOME)


def test_without_docstrings_only_the_words_are_others() -> None:
    """Under -OO refusals name their rule; histories, codes and keys are the same bytes."""
    with_words, without = printed(("0", "UTC", "C", ("-OO",), 28, "ROUND_HALF_EVEN"), SOME)
    assert without == here(SOME)[1]
    assert with_words != here(SOME)[0]


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_whole_lives_are_the_same_bytes_under_every_version_that_is_here(version: str) -> None:
    found = next(iter(others(version)), None)
    if found is None:
        pytest.skip(f"no Python {version} here")
    assert printed(("3", "Europe/Lisbon", "C.UTF-8", (), 4, "ROUND_FLOOR"), SOME, found) == here(SOME)


def others(version: str) -> list[str]:
    """Other Pythons of a version: on the path, or beside this one."""
    beside = sorted(Path(sys.base_prefix).parent.glob(f"{version}.*/bin/python{version}"))
    known = [*map(str, beside), shutil.which(f"python{version}")]
    own = version == f"{sys.version_info.major}.{sys.version_info.minor}"
    return [] if own else [path for path in known if path and _runs(path)]


def _runs(path: str) -> bool:
    """Whether it is a Python at all: some are only names for one that is to be installed."""
    return subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(("precision", "rounding"), [(1, decimal.ROUND_UP), (3, decimal.ROUND_05UP)])
def test_a_decimal_context_that_traps_everything_spoils_no_sum(precision: int, rounding: str) -> None:
    """In this very process, lives told anew."""
    from lived import life

    traps = list(decimal.Context().traps)
    with decimal.localcontext(decimal.Context(prec=precision, rounding=rounding, traps=traps)):
        life.cache_clear()
        assert digest(range(*SOME)) == here(SOME)[0]


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES, ids=lambda p: p[1])
def test_hundreds_of_lives_are_the_same_bytes_in_every_process(process: Process) -> None:
    assert printed(process, MANY) == here(MANY)
