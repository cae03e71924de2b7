"""The package as a whole: its public names, and how they come in."""

from __future__ import annotations

import subprocess
import sys

import pytest

import escrowkit as ek


def test_every_public_name_is_there_and_no_other_is_offered() -> None:
    assert sorted(ek.__all__) == sorted({*ek._HOME, *(home for home in ek._HOMES if home in ek.__all__)})
    for name in ek.__all__:
        assert getattr(ek, name) is not None
    assert set(ek.__all__) <= set(dir(ek))
    with pytest.raises(AttributeError, match="no attribute 'agrement'"):
        ek.agrement  # noqa: B018


def test_importing_the_package_loads_nothing_that_is_not_used_yet() -> None:
    code = (
        "import sys, escrowkit; print(sorted(m for m in sys.modules if m.startswith(('escrowkit', 'attr', 'trans'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['escrowkit']"


def test_names_are_the_same_whichever_way_they_come_in() -> None:
    from escrowkit.agreement import Agreement
    from escrowkit.machines import escrow

    assert ek.Agreement is Agreement
    assert ek.escrow is escrow
