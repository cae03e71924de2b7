"""The package as a whole: its public names, and how they come in."""

from __future__ import annotations

import subprocess
import sys

import attrs
import pytest

import escrowkit as ek
from escrowkit.copying import changed
from escrowkit.machines.escrow import Paid
from escrowkit.money import Money


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


def test_a_changed_copy_is_what_attrs_would_make_and_knows_every_field() -> None:
    span = Paid("deposit 1", Money.parse("20.00 USD"), Money.zero("USD"))
    assert changed(span, reference="other") == attrs.evolve(span, reference="other")
    with pytest.raises(TypeError, match="Paid has no field amunt"):
        changed(span, amunt=1)


def test_what_was_said_is_equal_only_to_the_same_said_of_the_same_machine() -> None:
    assert ek.escrow.Lift("m1") == ek.escrow.Lift("m1") != ek.escrow.Lift("m2")
    assert ek.escrow.Lift("m1") != "lift"
    assert len({ek.escrow.Lift("m1"), ek.escrow.Lift("m1"), ek.escrow.Drain("m1")}) == 2
    assert repr(ek.milestone.Submit("m1", "v1.zip")) == "Submit(milestone='m1', deliverable='v1.zip')"
