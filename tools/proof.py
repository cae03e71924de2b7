"""All that shows that no money is lost, none paid twice and none stuck, one part after the other, with its figures.

    python tools/proof.py              # all of it (`make proof`)
    python tools/proof.py explorer     # some parts only
    python tools/proof.py --write      # and put the figures into the README

A part is a command; the last line that it prints is its figure, and a part that ends with an error fails the proof.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

ROOT: Final = Path(__file__).parent.parent
README: Final = ROOT / "README.md"
BIN: Final = Path(sys.executable).parent
MARKS: Final = (
    "<!-- The figures of `make proof`; `python tools/proof.py --write` replaces them. -->",
    "<!-- The end of the figures. -->",
)


@frozen
class Part:
    """One thing that is shown, and the commands that show it."""

    name: str
    words: str
    commands: tuple[tuple[str, ...], ...]


PARTS: Final = (
    Part("stories", "Every published case plays to the cent, on both engines", (
        ("escrowkit", "play", "--check", "--engine", "stock"),
        ("escrowkit", "play", "--check"),
    )),
    Part("explorer", "Every reachable state of a small agreement, every law at every move", (("escrowkit", "prove"),)),
    Part("oracle", "A second account of the rules, driven beside the library", (
        ("python", "-m", "escrowkit.testing", "--lives", "4000"),
    )),
    Part("canaries", "Bugs that cost others money, planted one at a time", (("python", "-m", "planted.canaries"),)),
    Part("removals", "Every row, guard and line taken out, one at a time", (("python", "-m", "planted.removals"),)),
    Part("mutants", "Small changes of the code: some of the modules in which none survived, and the last run of all", (
        ("python", "tools/mutants.py", "sample"),
    )),
    Part("tests", "All tests, with the branches of levels 0 to 5 that they take", (("make", "-s", "coverage"),)),
)  # fmt: skip


@frozen
class Shown:
    """What a part found: its last line, or all that it printed if it failed."""

    part: Part
    holds: bool
    figure: str
    output: str
    seconds: float

    @property
    def row(self) -> str:
        """As the README shows it."""
        return f"| {self.part.words} | {self.figure} | {self.seconds:.0f} s |"


def show(part: Part) -> Shown:
    """Run a part to its end, or to the first command that fails."""
    start, output, status = time.perf_counter(), "", 0
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}
    for command in part.commands:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        output, status = output + done.stdout + done.stderr, done.returncode
        if status:
            break
    return Shown(part, not status, figure(part, output), output, time.perf_counter() - start)


def figure(part: Part, output: str) -> str:
    """The last line; of the tests, what pytest counted and what was covered."""
    if part.name != "tests":
        return next((line for line in reversed(output.splitlines()) if line.strip()), "nothing was printed")
    counted = re.findall(r"^=* ?(\d+ passed.*?) in [\d.]+s", output, re.MULTILINE)
    covered = re.findall(r"^TOTAL .* (\d+)\.?\d*%$", output, re.MULTILINE)
    return f"{(counted or ['no test'])[-1]}; {(covered or ['no'])[-1]} % of the branches"


def tell(text: str) -> None:
    """A line, at once: a part takes minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def written(readme: str, shown: Sequence[Shown], seconds: float) -> str:
    """The README with these figures."""
    before, rest = readme.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    rows = ["| what | figures | took |", "|---|---|---|", *(one.row for one in shown)]
    rows.append(f"| **All of it** | on two cores | {seconds / 60:.1f} min |")
    return "\n\n".join((before + MARKS[0], "\n".join(rows), MARKS[1] + after))


def main(words: Sequence[str] | None = None) -> int:
    """Run the parts that were asked for; 1 if one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(part.name for part in PARTS))
    parser.add_argument("--write", action="store_true", help="put the figures into the README")
    asked = parser.parse_args(words)
    unknown = sorted(set(asked.parts) - {part.name for part in PARTS})
    if unknown or (asked.write and asked.parts):
        parser.error(f"no part is called {unknown[0]}" if unknown else "the README wants all parts")
    start, shown = time.perf_counter(), []
    for part in PARTS:
        if not asked.parts or part.name in asked.parts:
            tell(f"{part.words} …")
            one = show(part)
            shown.append(one)
            tell(f"  {'' if one.holds else 'FAILED: '}{one.figure} ({one.seconds:.0f} s)")
    seconds, failed = time.perf_counter() - start, [one for one in shown if not one.holds]
    for one in failed:
        tell(f"\n{one.part.name}:\n{one.output}")
    tell(f"{len(shown) - len(failed)} of {len(shown)} parts hold, in {seconds / 60:.1f} minutes")
    if asked.write and not failed:
        README.write_text(written(README.read_text(encoding="utf-8"), shown, seconds), encoding="utf-8")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
