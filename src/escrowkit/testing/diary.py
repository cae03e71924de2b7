"""What happened in a life that a machine drove, as a story that `escrowkit play` runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import attrs

from escrowkit.agreement import Agreement
from escrowkit.errors import Refused
from escrowkit.rulebook import Rulebook, available, load
from escrowkit.story import Said, opening, rulebook_file, written
from escrowkit.table import Command

#: How the files are called that a failure shows.
STORY, RULEBOOK = "found.toml", "found-rules.toml"


class Diary:
    """The steps of a life, in order, and the rulebooks that it may be under."""

    def __init__(self, agreement: Agreement, known: Sequence[str | Path | Rulebook] = ()) -> None:
        self.agreement = agreement
        self.known = known
        self.steps: list[Said] = []

    def said(self, at: datetime, by: str, command: Command, key: str | None) -> None:
        """Somebody is about to give a command."""
        self.steps.append(Said(at, str(by), command, key))

    def refused(self, refused: Refused) -> None:
        """The last one was refused."""
        self.steps[-1] = attrs.evolve(self.steps[-1], refused=refused.code)

    def story(self, title: str, until: datetime) -> str:
        """The story, as the text of a file; its rulebook is named if it has a name, else it is `RULEBOOK`."""
        head, milestones = opening(self.agreement, title, self._rulebook() or RULEBOOK)
        return written(head, milestones, self.steps, [{"at": until}])

    def files(self, title: str, until: datetime) -> dict[str, str]:
        """The story, and the rulebook where it has no name of its own."""
        files = {STORY: self.story(title, until)}
        return files if self._rulebook() else {**files, RULEBOOK: rulebook_file(self.agreement.rulebook)}

    def note(self, title: str, until: datetime) -> str:
        """The files as they are shown beside a failure."""
        parts = [f"Save as {name}:\n\n{text}" for name, text in self.files(title, until).items()]
        return "\n".join(("", f"The shortest life that shows it; `escrowkit play {STORY}` runs it.", *parts))

    def _rulebook(self) -> str | None:
        rules = self.agreement.rulebook
        named = (str(one) for one in self.known if not isinstance(one, Rulebook) and load(one) == rules)
        return next(named, rules.name if rules.name in available() and load(rules.name) == rules else None)
