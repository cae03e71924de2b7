"""What a story says: its steps, its expectations, and the commands that it can name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import field, frozen

from escrowkit import agreement as whole
from escrowkit.agreement import Agreement, open_agreement
from escrowkit.pot import MACHINES
from escrowkit.rulebook import Rulebook
from escrowkit.table import Command

COMMANDS: Final[Mapping[str, type[Command]]] = {
    **{f"{name}.{word}": command for name, table in MACHINES.items() for word, command in table.commands.items()},
    "agreement.restrict": whole.Restrict,
    "agreement.end": whole.End,
}

#: A refusal as a story expects it: its code, any (true), or a table with `code` and `most`.
Refusal = str | bool | Mapping[str, Any] | None


@frozen
class Step:
    """One step: when, who, which command with which arguments, and which refusal it expects."""

    at: datetime
    by: str
    do: str
    arguments: Mapping[str, Any]
    refused: Refusal
    key: str | None
    actor: str | None
    line: int | None
    note: str | None = None


@frozen
class Expect:
    """What must be true at an instant."""

    at: datetime
    claims: Mapping[str, Any]
    line: int | None


@frozen
class Story:
    """A story file, read."""

    file: str
    title: str
    source: str
    about: str
    rulebook: Rulebook
    currency: str
    start: datetime
    parties: Mapping[str, str]
    rules: Mapping[str, Any]
    facts: Mapping[str, Any]
    rail: str
    refused: Refusal
    milestones: tuple[Mapping[str, Any], ...]
    steps: tuple[Step, ...]
    expects: tuple[Expect, ...]
    near: Path | None = field(repr=False, default=None)

    def open(self, engine: str = "compiled") -> Agreement:
        """The agreement as the story opens it. Raises what `open_agreement` raises."""
        return open_agreement(
            rulebook=self.rulebook,
            parties=self.parties,
            currency=self.currency,
            milestones=self.milestones,
            at=self.start,
            rules=self.rules,
            billed_before=self.facts.get("billed_before"),
            rail=self.rail,
            engine=engine,
        )


#: An expectation without a time is met after the last step.
LAST: Final = datetime.max.replace(tzinfo=UTC)


def arguments_of(command: type[Command]) -> dict[str, bool]:
    """The arguments of a command, and whether each is needed."""
    own = {name: _needed(command, name) for name in command.fields()}
    known: Any = command
    return {"milestone": True, **own} if attrs.fields(known).milestone.init else own


def _needed(command: Any, name: str) -> bool:
    return bool(getattr(attrs.fields(command), name).default is attrs.NOTHING)
