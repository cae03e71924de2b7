"""Every way in which this library says no, drawn first.

Seven branches under one root: `Refused` (you may not), `BrokenBooks` (an invariant failed: never expected),
`DefinitionError` (a table or a rulebook is wrong), `StoryError` (a story file is wrong), `BadDocument` (a document
cannot be read), `BrokenChain` (a stored history was changed) and `MissingExtra` (an optional package is not installed).
Refusals are a closed, ordered list: of several that apply, the first is told. Every message
has a stable `key` beside its English words.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from escrowkit.agreement import Decision


class EscrowError(Exception):
    """The root: whatever this library raises on purpose is one of these."""

    key: str = "error"


class Refused(EscrowError):
    """A command was not accepted, and nothing changed but what deadlines had already decided.

    `missing` says in words what was lacking, `until` when waiting would help (if it would), `most` the largest value
    that would have been accepted. `machine`, `milestone`, `state`, `command` and `by` say where. `decision` is what the
    deadlines that had passed before this command decided; it stands.
    """

    code: ClassVar[str] = "refused"

    def __init__(
        self,
        words: str,
        *,
        key: str = "",
        missing: Iterable[str] = (),
        until: datetime | None = None,
        most: object | None = None,
    ) -> None:
        super().__init__(words)
        self.words = words
        self.key = f"{self.code}.{key}" if key else self.code
        self.missing = tuple(missing)
        self.until = until
        self.most = most
        self.machine: str | None = None
        self.milestone: str | None = None
        self.state: str | None = None
        self.command: str | None = None
        self.by: str | None = None
        self.decision: Decision | None = None

    def where(
        self,
        *,
        machine: str | None = None,
        milestone: str | None = None,
        state: str | None = None,
        command: str | None = None,
        by: str | None = None,
    ) -> Self:
        """Say where it was refused. What an inner call already said is kept."""
        self.machine = self.machine or machine
        self.milestone = self.milestone or milestone
        self.state = self.state or state
        self.command = self.command or command
        self.by = self.by or by
        return self

    def __str__(self) -> str:
        place = " ".join(
            part
            for part in (
                self.command and f"{self.machine}.{self.command}" if self.machine else self.command,
                self.by and f"by {self.by}",
                self.milestone and f"on {self.milestone}",
                self.state and f"in state {self.state}",
            )
            if part
        )
        return f"[{self.code}] {place + ': ' if place else ''}{self.words}"


class KeyConflict(Refused):
    """The idempotency key was used before, with another command."""

    code = "key-conflict"


class NotInForce(Refused):
    """An opening before the rulebook applies."""

    code = "not-in-force"


class BadTerms(Refused):
    """An opening whose terms cannot work: one id on two sides, a fee that leaves nothing."""

    code = "bad-terms"


class UnknownMilestone(Refused):
    """No such milestone in this agreement."""

    code = "unknown-milestone"


class BadArgument(Refused):
    """An argument is missing, empty or of the wrong kind."""

    code = "bad-argument"


class TimeRunsBackwards(Refused):
    """The instant lies before what already happened."""

    code = "time-runs-backwards"


class NoSuchMove(Refused):
    """The machine has no such move in this state."""

    code = "no-such-move"


class NotYourMove(Refused):
    """The move exists, but not for this role."""

    code = "not-your-move"


class UnknownRulebookValue(Refused):
    """The rulebook's sources do not settle a value that this move needs."""

    code = "unknown-rulebook-value"


class WrongCurrency(Refused):
    """An amount in another currency than the milestone's."""

    code = "wrong-currency"


class BadAmount(Refused):
    """An amount that cannot be: zero, negative, too many decimals, more than the price lacks."""

    code = "bad-amount"


class OverHeld(Refused):
    """More than the escrow holds."""

    code = "over-held"


class OverClaimCap(Refused):
    """More than can be claimed, or nothing to claim."""

    code = "over-claim-cap"


class TermsChanged(Refused):
    """A consent to something else than what stands."""

    code = "terms-changed"


class NotNow(Refused):
    """A condition of the move does not hold (yet): `missing` says which."""

    code = "not-now"


#: The closed list, in the order in which a refusal is told.
REFUSALS: tuple[type[Refused], ...] = (
    KeyConflict,
    NotInForce,
    BadTerms,
    UnknownMilestone,
    BadArgument,
    TimeRunsBackwards,
    NoSuchMove,
    NotYourMove,
    UnknownRulebookValue,
    WrongCurrency,
    BadAmount,
    OverHeld,
    OverClaimCap,
    TermsChanged,
    NotNow,
)

RANK: dict[type[Refused], int] = {refusal: rank for rank, refusal in enumerate(REFUSALS)}


class BrokenBooks(EscrowError):
    """An invariant failed, or a reaction was refused. A bug in a table, never the user's fault; nothing was changed."""

    key = "broken-books"


class DefinitionError(EscrowError):
    """A table or a rulebook is wrong: every problem at once, each with its place."""

    key = "definition"

    def __init__(self, what: str, problems: Iterable[str]) -> None:
        self.what = what
        self.problems = tuple(problems)
        # The arguments as they came, so that a process pool can hand the error on; the words are made when asked for.
        super().__init__(what, self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        first = f"{self.what}: {count} problem{'' if count == 1 else 's'}"
        return "\n".join((first, *(f"  - {problem}" for problem in self.problems)))


class StoryError(EscrowError):
    """A story file is wrong: the file, the line, what, and a mend."""

    key = "story"

    def __init__(self, file: str, line: int | None, what: str, mend: str = "") -> None:
        self.file, self.line, self.what, self.mend = file, line, what, mend
        #: Further problems of the same file.
        self.others: tuple[StoryError, ...] = ()
        super().__init__(file, line, what, mend)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what}" + (f"\n  {self.mend}" if self.mend else "")


class BadDocument(EscrowError):
    """A document cannot be read, or a value not be written as one: where (`$.entries[0].kind`), what, and a mend."""

    key = "bad-document"

    def __init__(self, path: str, what: str, mend: str = "") -> None:
        self.path, self.what, self.mend = path, what, mend
        super().__init__(path, what, mend)

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" + (f"; {self.mend}" if self.mend else "")


class BrokenChain(EscrowError):
    """A stored history is not as it was written: the number of the first record that does not fit, and why."""

    key = "broken-chain"

    def __init__(self, number: int, why: str) -> None:
        self.number, self.why = number, why
        super().__init__(number, why)

    def __str__(self) -> str:
        return f"record {self.number}: {self.why}"


class MissingExtra(EscrowError, ImportError):
    """A part that needs an optional package was used without it; the message names the extra to install."""

    key = "missing-extra"

    def __init__(self, extra: str, what: str) -> None:
        self.extra, self.what = extra, what
        super().__init__(extra, what)

    def __str__(self) -> str:
        return f"{self.what} needs the extra {self.extra!r}: pip install 'escrowkit[{self.extra}]'"


# -- words for what is wrong -----------------------------------------------------------------------------------------


def shown(value: object, most: int = 80) -> str:
    """A wrong value as a message shows it: cut to a length; of what cannot be shown, only the kind.

    >>> shown("ten"), shown("x" * 30, most=10)
    ("'ten'", "'xxxxxxxx…")
    """
    try:
        text = repr(value)
    except Exception:
        # Python shows no whole number of more than 4300 digits, and nothing that is nested too deeply; and what a
        # host's own value does when it is shown, nobody knows.
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= most else text[: most - 1] + "…"


def did_you_mean(said: object, known: Iterable[str], before: str = "") -> str:
    """A question, if something known is near to what was said, else nothing; `before` goes before what is known.

    >>> did_you_mean("aprove", ["approve", "submit"], before="milestone.")
    "did you mean 'milestone.approve'?"
    """
    from difflib import get_close_matches

    near = get_close_matches(said, list(known), n=1) if isinstance(said, str) else []
    return f"did you mean {before + near[0]!r}?" if near else ""


def in_turn(*said: str) -> str:
    """What there is to say, in one line; a question ends itself.

    >>> in_turn("no such rule", "", "did you mean 'milestone'?", "a rulebook has milestone, escrow")
    "no such rule; did you mean 'milestone'? a rulebook has milestone, escrow"
    """
    return "; ".join(filter(None, said)).replace("?; ", "? ")
