"""The page of the canaries: bugs of other systems, what of them is planted here, and which test catches it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import docs_api

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from planted.bugs import CANARIES, NOT_PLANTED, Canary  # noqa: E402 - found only from here on

HEAD = """\
# Canaries

Bugs that lost or locked money in systems that hold it, found in their public code, audits and threads. Each is planted here alone, by a small
change of the running library, and a test of behaviour must fail of it, which passes without it: neither a page, nor a picture, nor the
tables' own proof counts. `python -m planted.canaries` (`make canaries`) plants them all; one that survives is a failure.

"""
CLASSES = {
    "A": "Money paid twice, or not there",
    "B": "Money that nobody can get at",
    "C": "Rounding, dust, fees",
    "D": "Time and its boundaries",
    "E": "Deciding once",
    "F": "Consent, terms, who may do what",
    "G": "Dispute, mediation, arbitration, appeal",
    "H": "Milestones and batches",
    "I": "Ledger and audit",
}


def place(canary: Canary) -> tuple[str, int]:
    """Its place in the catalogue."""
    return canary.id[0], int(canary.id[1:])


def catcher(canary: Canary) -> str:
    """The test that catches it, linked."""
    file, name = canary.caught_by.split("::")
    return f"[`{name.removeprefix('test_')}`](../../{file})"


def table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(f"| {' | '.join(map(docs_api.cell, line))} |\n" for line in lines)


def page() -> str:
    """The whole page."""
    parts = [HEAD + f"{len(CANARIES)} are planted."]
    for letter, title in CLASSES.items():
        mine = sorted((one for one in CANARIES if one.id[0] == letter), key=place)
        rows = [(one.id, one.there, one.here, catcher(one)) for one in mine]
        parts.append(f"## {title}\n\n{table(('id', 'what went wrong', 'what is planted', 'caught by'), rows)}")
    others = [(", ".join(ids), there, why) for ids, there, why in NOT_PLANTED]
    parts.append(f"## Not planted\n\n{table(('id', 'what went wrong', 'why not here'), others)}")
    return "\n\n".join(part.rstrip() for part in parts)
