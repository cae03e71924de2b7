"""A step's command: the object of a consent that a story leaves out is filled in with what stands at that moment."""

from __future__ import annotations

from typing import Any

from escrowkit.agreement import Agreement
from escrowkit.consents import FILLED
from escrowkit.doors import door
from escrowkit.story.model import COMMANDS, Step, arguments_of
from escrowkit.table import Command


@door(step=Step, agreement=Agreement)
def command_of(step: Step, agreement: Agreement) -> Command:
    """The command of a step, the object of a consent filled in with what stands."""
    kind: Any = COMMANDS[step.do]
    given = dict(step.arguments)
    filled = FILLED.get(kind, {})
    id_ = given.get("milestone")
    if filled and isinstance(id_, str) and id_ in agreement.lanes:
        pot = agreement.pot(id_, max(step.at, agreement.at))
        by = next((role for role, party in agreement.parties.items() if party == step.by), step.by)
        given = {name: fill(pot, by) for name, fill in filled.items() if name not in given} | given
    lacking = {name: None for name, needed in arguments_of(kind).items() if needed and name not in given}
    return kind(**lacking, **given)  # type: ignore[no-any-return]
