"""A case: a dispute over a milestone, with its mediation and its arbitration."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from escrowkit.testing.oracle.rules import Rules
from escrowkit.testing.oracle.world import PARTIES, Work

ENDS = ("settled", "defaulted", "awarded", "withdrawn", "overridden")


@dataclass
class Offer:
    """A settlement that one side offered."""

    by: str
    to_payee: int
    at: datetime
    stands: bool = True


@dataclass
class Case:
    """One dispute: who claims what of which stake, and how far it has come."""

    work: Work
    number: int
    opener: str
    opened: datetime
    stake: int
    before: int
    claims: dict[str, int]
    must: list[str]
    stages: list[str]
    state: str = "opened"
    answered: list[str] = field(default_factory=list)
    demanded: datetime | None = None
    escalated: bool = False
    contested: datetime | None = None
    offers: list[Offer] = field(default_factory=list)
    extended: dict[str, list[str]] = field(default_factory=dict)
    mediation: str | None = None
    arbitration: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the dispute has not ended."""
        return self.state not in ENDS

    @property
    def name(self) -> str:
        """As accounts name it."""
        return f"{self.work.id}/{self.number}"

    @property
    def rules(self) -> Rules:
        """The rules of its milestone."""
        return self.work.rules

    @property
    def silent(self) -> list[str]:
        """Who must answer and has not."""
        return [side for side in self.must if side not in self.answered]

    def claim(self, side: str) -> int:
        """What a side claims for itself; all of the stake, if it did not say."""
        return min(self.claims.get(side, self.stake), self.stake)

    def as_claimed(self, side: str) -> int:
        """What the payee gets if a side gets its claim."""
        claim = self.claim(side)
        return claim if side == "payee" else self.stake - claim

    def next_stage(self) -> str | None:
        """The stage that comes next, if there is one."""
        done = [stage for stage in ("mediation", "arbitration") if getattr(self, stage) is not None]
        left = [stage for stage in self.stages if stage not in done]
        return left[0] if left else None

    def standing(self, by: str) -> Offer | None:
        """The offer of a side that stands, if one does."""
        found = [offer for offer in self.offers if offer.by == by and offer.stands]
        return found[-1] if found else None


def sides_to_answer(rules: Rules, opener: str) -> list[str]:
    """Who has an answer window."""
    return [
        side
        for side in PARTIES
        if rules.has(f"dispute.answer.{side}.within")
        and (side != opener or rules.get("dispute.answer.opener_too") or opener not in PARTIES)
    ]


def claimant(case: Case) -> str | None:
    """The side that claims first: the opener, if it is a party."""
    return case.opener if case.opener in PARTIES else None
