"""The figures of `make proof` in the README, and how they come there."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROOF = runpy.run_path(str(ROOT / "tools" / "proof.py"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown(part: object, output: str, holds: bool = True) -> object:
    return PROOF["Shown"](part, holds, PROOF["figure"](part, output), output, 61.0)


def test_the_figures_are_written_between_their_marks_and_nothing_else_changes() -> None:
    parts = PROOF["PARTS"]
    outputs = {part.name: f"{part.name} went well\n\n" for part in parts}
    outputs["tests"] = "..\n== 7 passed, 1 skipped in 3.21s (0:00:03) ==\nTOTAL    6    0    2    0  100.00%\n"
    after = PROOF["written"](README, [shown(part, outputs[part.name]) for part in parts], 660.0)
    assert "| canaries went well | 61 s |" in after
    assert "| 7 passed, 1 skipped; 100 % of the branches | 61 s |" in after
    assert "| on two cores | 11.0 min |" in after
    for mark, side in zip(PROOF["MARKS"], (0, 1), strict=True):
        assert after.split(mark)[side] == README.split(mark)[side]


def test_the_readme_quotes_every_part() -> None:
    told = README.split(PROOF["MARKS"][0])[1].split(PROOF["MARKS"][1])[0]
    assert all(f"| {part.words} | " in told for part in PROOF["PARTS"])
