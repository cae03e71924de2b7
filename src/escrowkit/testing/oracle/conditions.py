"""When a milestone's own release condition holds, when time will meet it, and whom it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from escrowkit.testing.oracle.pauses import later
from escrowkit.testing.oracle.world import Work

#: Before all time: what is met already.
EVER = datetime.min.replace(tzinfo=UTC)

TAKEN_BACK = ("milestone.submission_withdrawn", "milestone.changes_requested")


def parts(condition: Mapping[str, Any]) -> tuple[int, list[Mapping[str, Any]]]:
    """How many of which parts must hold."""
    if "any" in condition:
        return 1, list(condition["any"])
    if "all" in condition:
        return len(condition["all"]), list(condition["all"])
    return condition["at_least"], list(condition["of"])


def met_at(condition: Mapping[str, Any], work: Work, alone: bool = False) -> datetime | None:
    """When a condition is met, if nothing more happens than that time passes; None if never.

    With `alone` time must do it all: signatures and attested facts count for nothing.
    """
    if "signed" in condition:
        return EVER if not alone and signed(work, condition["signed"]) else None
    if "attested" in condition:
        return EVER if not alone and _attested(work, condition["attested"], condition.get("by")) else None
    if "elapsed" in condition:
        start = entered(work, condition.get("since", "submitted"))
        return None if start is None else later(work, start, condition["elapsed"], request=True)
    number, of = parts(condition)
    times = sorted(at for at in (met_at(one, work, alone) for one in of) if at is not None)
    return times[number - 1] if len(times) >= number else None


def holds(work: Work, at: datetime) -> bool:
    """Whether the milestone's own release condition holds."""
    met = met_at(work.condition, work)
    return met is not None and met <= at


def signed(work: Work, role: str) -> bool:
    """Whether a side has signed: the payer by approving, the payee by submitting."""
    if role == "payer":
        return bool(work.all("milestone.approved"))
    return entered(work, "submitted") is not None


def _attested(work: Work, name: str, by: str | None) -> bool:
    return any(one["fact"] == name and by in (None, one.by) for one in work.all("milestone.attested"))


def entered(work: Work, state: str) -> datetime | None:
    """When the milestone came into a state last, or when a fact was attested."""
    if state.startswith("attested:"):
        found = [one for one in work.all("milestone.attested") if one["fact"] == state.removeprefix("attested:")]
        return found[0].at if found else None
    if state == "active":
        started = work.all("milestone.started")
        return started[0].at if started else None
    if state == "submitted" and work.since("milestone.submitted", *TAKEN_BACK):
        return None
    at: datetime | None = work.facts.get("entered", {}).get(state)
    return at


def facts_named(condition: Mapping[str, Any] | None) -> Iterator[tuple[str, str | None]]:
    """The facts that a condition waits for, and who may attest each (None: anybody but the payee)."""
    if condition is None or "signed" in condition:
        return
    if "attested" in condition:
        yield condition["attested"], condition.get("by")
    elif "elapsed" in condition:
        since = str(condition.get("since", "submitted"))
        if since.startswith("attested:"):
            yield since.removeprefix("attested:"), None
    else:
        for one in parts(condition)[1]:
            yield from facts_named(one)
