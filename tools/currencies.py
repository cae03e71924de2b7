"""Writes `src/escrowkit/_currencies.py` from ISO 4217, as the `iso4217` package has it.

    python tools/currencies.py

`tests/test_money.py` compares the file with what this would write.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from iso4217 import Currency

TARGET = Path(__file__).parents[1] / "src" / "escrowkit" / "_currencies.py"

HEAD = '''\
"""ISO 4217: how many decimals each currency has. Made by `tools/currencies.py`; do not edit.

Entries without minor units (gold, testing codes, units of account) are left out.
"""

# fmt: off
EXPONENTS: dict[str, int] = {
'''


def exponents() -> dict[str, int]:
    """The minor-unit exponent of each currency that has one, in the order of the codes."""
    return dict(sorted((c.code, c.exponent) for c in Currency if c.exponent is not None))


def source() -> str:
    """The text of the module."""
    # A pair is glued while lines are filled, so that none is broken between its code and its number.
    pairs = " ".join(f'"{code}":~{decimals},' for code, decimals in exponents().items())
    lines = textwrap.wrap(pairs, width=116, initial_indent="    ", subsequent_indent="    ")
    return HEAD + "\n".join(lines).replace("~", " ") + "\n}\n"


if __name__ == "__main__":
    TARGET.write_text(source(), encoding="utf-8")
