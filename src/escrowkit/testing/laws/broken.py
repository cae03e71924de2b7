"""The laws in words, and what is raised where one does not hold."""

from __future__ import annotations

from typing import Final

#: Every law, in words.
LAWS: Final = {
    "balanced": "every entry sums to zero, and the ledger says what the entries say",
    "never negative": "every account but those of the world is zero or more",
    "own accounts": "no event touches another milestone's money, and what leaves an escrow goes where it may",
    "leaves once": "money leaves an escrow under exactly one release condition of the closed list, of its kind",
    "final is empty": "a settled escrow holds nothing, and each state fits what is in it",
    "frozen is frozen": "while disputed, only the dispute's own ends, facts and overrides move a milestone's money",
    "authority": "what was accepted was by a role that a row of the table names",
    "standing moves nothing": "what is said of a side moves no money",
    "sealed is hidden": "who paid a sealed deposit is shown to nobody else, nor told by a refusal",
    "refusal is nothing": "a refused command changes nothing but what deadlines had already decided",
    "same key, same answer": "a repeated command under its key gives the recorded answer, and no event",
    "one answer": "what a decision says is what the history got",
    "both engines": "the compiled dispatch and `transitions` itself decide alike",
    "scheduler changes nothing": "advancing through any instants before is the same as advancing at once",
    "deadlines": "what is remembered of the deadlines is what the clocks say",
    "replay": "the history makes the same agreement again, and its entries are derived again",
    "time forward": "time never runs backwards",
    "silence ends": "the clock alone brings it to an end, with nothing left inside",
}


class Broken(AssertionError):
    """A law does not hold: which one, and what was found."""

    def __init__(self, law: str, found: object) -> None:
        super().__init__(law, found)
        self.law = law
        self.found = found

    def __str__(self) -> str:
        return f"{self.law}: {LAWS[self.law]}; but {self.found}"


def need(holds: object, law: str, *found: object) -> None:
    """Raises `Broken` for what does not hold."""
    if not holds:
        raise Broken(law, ", ".join(map(str, found)))
