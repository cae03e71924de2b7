"""Small bugs planted in levels 1 to 5 (mutants), one at a time: which of them does no test of behaviour find?

    python tools/mutants.py                  # all; what was tried before and has not changed keeps its result
    python tools/mutants.py money machines   # some modules or packages only, anew
    python tools/mutants.py sample           # a hundred of the modules in which all were killed; one line of figures
    python tools/mutants.py sample schema    # a hundred of another module

`tests/mutants.toml` lists the survivors, each with its reason. A survivor that is not listed fails, and so does a
module of which fewer than 95 % of what is not equivalent are killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import mutation
from attrs import evolve, frozen
from mutmut import __main__ as mutmut
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.utils.file_utils import copy_src_dir, walk_mutatable_files
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

ROOT: Final = Path(__file__).resolve().parent.parent
LISTED: Final = ROOT / "tests" / "mutants.toml"
MEASURED: Final = ROOT / "tests" / "mutants.json"
#: What mutmut prints: the progress of a run.
LOG: Final = Path("mutants", "run.log")
#: Exit codes of tests that failed, or did not end in time.
KILLED: Final = frozenset({1, 3, 24, -24, 36, 152, 255, -9, -11})
NO_TEST: Final = 33
AIM: Final = 0.95


@frozen
class Mutant:
    """A planted bug: its name, its file, and the exit code of its tests, if they ran."""

    name: str
    path: Path
    code: int | None

    @property
    def module(self) -> str:
        """The module in which it is, without the package."""
        return str(self.path.with_suffix("")).removeprefix("src/escrowkit/").removesuffix("/__init__").replace("/", ".")

    @property
    def is_late(self) -> bool:
        """Whether it lives so far, and what it changes may have been made before it was planted: in an import."""
        return self.code == NO_TEST or (self.code == 0 and self.module.startswith(("table", "arguments", "schema")))

    @property
    def place(self) -> str:
        """The function or method in which it is."""
        function, kind = orig_function_and_class_names_from_key(self.name)
        return ".".join(part for part in (self.module, kind, function) if part)

    @property
    def change(self) -> tuple[str, str]:
        """The lines that it changes: as they are, and as planted."""
        lines = get_diff_for_mutant(self.name, path=self.path).splitlines()[2:]
        was, now = ("\n".join(line[1:].strip() for line in lines if line[:1] == sign) for sign in "-+")
        return was, now


@frozen
class Score:
    """How many mutants a module has, how many of them are killed, and how many can be killed by nothing."""

    mutants: int = 0
    killed: int = 0
    equivalent: int = 0

    @property
    def share(self) -> float:
        """What is killed of what is not equivalent."""
        real = self.mutants - self.equivalent
        return self.killed / real if real else 1.0

    def __add__(self, other: Score) -> Score:
        return Score(self.mutants + other.mutants, self.killed + other.killed, self.equivalent + other.equivalent)


# -- planting and trying -----------------------------------------------------------------------------------------------


@contextmanager
def logged() -> Iterator[None]:
    """What is printed goes to the log."""
    sys.stdout.flush()
    screen = os.dup(1)
    with LOG.open("ab") as log:
        os.dup2(log.fileno(), 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(screen, 1)
        os.close(screen)


def plant() -> None:
    """Write all mutants; those of what has not changed stay."""
    LOG.parent.mkdir(exist_ok=True)
    with logged():
        copy_src_dir()
        mutmut.create_mutants(os.cpu_count() or 1)


def every() -> Iterator[Mutant]:
    """Every mutant that was planted."""
    for path in sorted(walk_mutatable_files()):
        meta = Path("mutants", f"{path}.meta")
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"] if meta.exists() else {}
        yield from (Mutant(name, path, code) for name, code in codes.items())


def of_modules(names: Sequence[str]) -> list[Mutant]:
    """Those of some modules and packages; of all, if none is named."""
    modules = [name.removesuffix(".py").replace("/", ".") for name in names] or [""]
    found = [one for one in every() if any(f"{one.module}.".startswith(f"{name}.".lstrip(".")) for name in modules)]
    if not found:
        raise SystemExit(f"there is no mutant in {', '.join(names)}")
    return found


def tried(mutants: Sequence[Mutant]) -> list[Mutant]:
    """The same, after their tests."""
    if not mutants:
        return []
    with logged():
        mutmut._run([one.name for one in mutants], os.cpu_count())
    after, known = {one.name: one for one in every()}, listed()
    left = (after[one.name] for one in mutants)
    return [alone(it) if it.is_late and (it.place, *it.change) not in known else it for it in left]


def alone(mutant: Mutant) -> Mutant:
    """The same after its tests in a process of its own: no test calls it, so so it runs in an import, or never.

    The tests that speak of its module come first; all run only if these pass.
    """
    kin, files = mutation.kin(mutant.name), sorted(Path("tests").glob("test_*.py"))
    own = [str(path) for path in files if any(name in path.name for name in kin)]
    failed = bool(own and _fails(mutant, own)) or _fails(mutant, config().pytest_add_cli_args_test_selection)
    data = SourceFileMutationData(path=mutant.path)
    data.load()
    data.exit_code_by_key[mutant.name] = int(failed)
    data.save()
    return evolve(mutant, code=int(failed))


def _fails(mutant: Mutant, tests: Sequence[str]) -> bool:
    environment = {**os.environ, "MUTANT_UNDER_TEST": mutant.name, "PYTHONPATH": "src", "PY_IGNORE_IMPORTMISMATCH": "1"}
    command = (sys.executable, "-m", "pytest", "-q", "-x", "--tb=no", *config().pytest_add_cli_args, *tests)
    with LOG.open("ab") as log:
        done = subprocess.run(command, cwd="mutants", env=environment, stdout=log, stderr=log, check=False)
    return bool(done.returncode)


# -- judging -----------------------------------------------------------------------------------------------------------


def listed() -> Mapping[tuple[str, str, str], Mapping[str, Any]]:
    """The survivors that are known, by their place and what they change."""
    known = tomllib.loads(LISTED.read_text(encoding="utf-8"))["survivor"]
    return {(one["in"], one["was"], one["now"]): one for one in known}


def judged(mutants: Iterable[Mutant]) -> tuple[dict[str, Score], list[Mutant]]:
    """How each module stands, and what survives without being listed."""
    known, unlisted = listed(), []
    scores: dict[str, Score] = {}
    for one in mutants:
        is_killed = one.code in KILLED
        entry = None if is_killed else known.get((one.place, *one.change))
        if not is_killed and entry is None:
            unlisted.append(one)
        equivalent = entry is not None and entry["kind"] == "equivalent"
        scores[one.module] = scores.get(one.module, Score()) + Score(1, is_killed, equivalent)
    return scores, unlisted


def table(scores: Mapping[str, Score]) -> str:
    """A line a module, and one of all."""
    lines = [("", "mutants", "killed", "equivalent", "score")]
    for name, score in [*scores.items(), ("all", sum(scores.values(), Score()))]:
        lines.append((name, str(score.mutants), str(score.killed), str(score.equivalent), f"{score.share:.1%}"))
    return "".join("{:28}{:>9}{:>9}{:>12}{:>9}\n".format(*line) for line in lines)


def keep(scores: Mapping[str, Score], planted: Mapping[str, int]) -> None:
    """Write the figures of these modules down; a sample never in the place of a whole run."""
    head = ("git", "rev-parse", "--short", "HEAD")
    commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
    kept = figures()
    for name, it in {name: scores.get(name, Score()) for name in planted}.items():
        whole = it.mutants == planted[name]
        if whole or name not in kept or kept[name]["tried"] < kept[name]["planted"]:
            tried = {"planted": planted[name], "tried": it.mutants, "killed": it.killed, "equivalent": it.equivalent}
            kept[name] = tried | {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit}
    MEASURED.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n", encoding="utf-8")


def figures() -> dict[str, dict[str, Any]]:
    """The last figures of each module."""
    kept: dict[str, dict[str, Any]] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return kept


def in_full() -> list[str]:
    """The modules of which every mutant was tried, and none but the equivalent survived."""
    return [name for name, it in figures().items() if it["planted"] == it["tried"] == it["killed"] + it["equivalent"]]


def last() -> str:
    """The last figures of all modules, in a line."""
    kept = figures().values()
    it = sum((Score(one["tried"], one["killed"], one["equivalent"]) for one in kept), Score())
    when = ", ".join(max((one["date"], one["commit"]) for one in kept))
    of = sum(one["planted"] for one in kept)
    tried = f"{it.killed} of {it.mutants} that were tried killed, of {of} planted"
    return f"of all modules on {when}: {tried}, {it.share:.1%} of what is not equivalent"


def main(words: Sequence[str] | None = None) -> int:
    """Returns 1 if something survives that is not listed, or a module stands below the aim."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="MODULE", help="such as money or machines/escrow")
    parser.add_argument("--number", type=int, default=100, help="of a sample")
    parser.add_argument("--seed", type=int, default=0, help="of a sample")
    parser.add_argument("--tried", action="store_true", help="run nothing: judge what was tried before")
    parser.add_argument("--write", action="store_true", help="keep the figures in tests/mutants.json")
    asked = parser.parse_args(words)
    is_sample = asked.names[:1] == ["sample"]
    os.chdir(ROOT)
    mutation.fit()
    if not asked.tried:
        plant()
    found = of_modules(asked.names[is_sample:] or (in_full() if is_sample else []))
    if is_sample:
        found = random.Random(asked.seed).sample(found, min(asked.number, len(found)))
    if asked.tried:
        found = [one for one in found if one.code is not None]
    after = [] if asked.tried else tried([one for one in found if asked.names or one.code is None])
    scores, unlisted = judged({**{one.name: one for one in found}, **{one.name: one for one in after}}.values())
    for one in unlisted:
        was, now = one.change
        sys.stdout.write(f"survives and is not listed: {one.place}\n- {was}\n+ {now}\n")
    sys.stdout.write("" if is_sample else table(scores))
    if asked.write:
        keep(scores, Counter(one.module for one in every()))
    it = sum(scores.values(), Score())
    sys.stdout.write(f"{it.killed} of {it.mutants} killed, {len(unlisted)} survive unlisted; {last()}\n")
    return bool(unlisted) or (not is_sample and any(score.share < AIM for score in scores.values()))


if __name__ == "__main__":
    raise SystemExit(main())
