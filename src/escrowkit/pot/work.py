"""The work of a milestone: its release condition, and from when and until when it may do what."""

from __future__ import annotations

from datetime import datetime

from escrowkit.clocks import CLOCKS, due_of, plain_due
from escrowkit.conditions import ALWAYS, Condition, any_of, elapsed, signed
from escrowkit.ledger import Kind
from escrowkit.machines import milestone
from escrowkit.periods import Period
from escrowkit.pot.waits import PAUSES, Waits
from escrowkit.schema import UNKNOWN


class Work(Waits):
    """What the release condition asks, and the dates of the work."""

    __slots__ = ()

    @property
    def split_proposed(self) -> bool:
        """Whether a split proposal waits for its answer."""
        return self.milestone.proposal is not None

    @property
    def submission(self) -> int:
        """How many submissions there were."""
        return self.milestone.submission

    @property
    def impounded_until(self) -> datetime | None:
        """When the platform's hold ends at the latest."""
        return next(due_of(self, clock) for clock in CLOCKS if clock.name == "impound")

    @property
    def release_condition(self) -> Condition:
        """The milestone's own release condition, or the rulebook's: the payer approves, or the review has passed."""
        if self.milestone.release_when is not None:
            return self.milestone.release_when
        within = self.rules.values["milestone.review.within"]
        if within is None or within is UNKNOWN:
            return signed("payer")
        return any_of(signed("payer"), elapsed(within, self.rules["milestone.review.since"]))

    @property
    def facts(self) -> Work:
        """What a release condition asks of this milestone."""
        return self

    def signed(self, role: str) -> bool:
        """The payer signs by approving, the payee by submitting."""
        return self.milestone.signed_payer if role == "payer" else self.milestone.submitted_at is not None

    def attested(self, name: str, by: str | None) -> bool:
        """Whether a fact was attested."""
        return any(f.name == name and by in (None, f.by) for f in self.milestone.facts)

    def elapsed_at(self, period: Period, since: str) -> datetime | None:
        """When so much time will have passed, pauses left out; None if it does not run now."""
        anchor = self._since(since)
        if anchor is None or any(self.is_paused(why) for why in PAUSES):
            return None
        calendar = self.rules.calendar
        return calendar.shift(calendar.add(anchor, period), self.paused_since(anchor, PAUSES), period)

    def _since(self, since: str) -> datetime | None:
        if since.startswith("attested:"):
            name = since.removeprefix("attested:")
            return next((f.at for f in self.milestone.facts if f.name == name), None)
        record = self.milestone
        return {"active": record.active_at, "submitted": record.submitted_at, "approved": record.approved_at}[since]

    @property
    def condition_due(self) -> datetime | None:
        """When time alone meets the milestone's own release condition."""
        own = self.milestone.release_when
        if own is None or (self.milestone.state is milestone.S.APPROVED and not self.held):
            return None
        due = own.due(self)
        return self.agreement.at if due is ALWAYS else due

    @property
    def release_code(self) -> tuple[str, Kind]:
        """Under which release condition an approved milestone's money goes."""
        if self.milestone.release_when is not None:
            return "condition_met", Kind.PROCEDURE if self.milestone.by_clock else Kind.AGREEMENT
        if self.milestone.signed_payer:
            return "payer_approved", Kind.AGREEMENT
        return "review_lapsed", Kind.PROCEDURE

    @property
    def review_from(self) -> datetime | None:
        """When the review started."""
        return self._since(self.rules["milestone.review.since"])

    @property
    def requirements_from(self) -> datetime | None:
        """From when the payer owes the requirements; a first submission shows that they were not needed."""
        work = self.milestone
        return None if work.requirements_at or work.submission else work.active_at

    @property
    def late_from(self) -> datetime | None:
        """From when lateness is counted; work that the payer sent back is late anew only from then."""
        work = self.milestone
        anchor = work.due if self.rules["milestone.late.since"] == "due" else work.active_at
        return max(anchor, work.returned_at) if anchor and work.returned_at else anchor

    @property
    def late_at(self) -> datetime | None:
        """From when the work is late enough for a right."""
        clock = next(c for c in CLOCKS if c.name == "late")
        return plain_due(self, clock, self.late_from, "milestone.late.after")

    @property
    def early_until(self) -> datetime | None:
        """Until when an early cancel is possible."""
        before, due = self.rules["milestone.early.before_due"], self.milestone.due
        return due - before.exact if before and due else None
