"""Commands that only the clock and the rules give: from anybody else they are refused."""

from __future__ import annotations

from typing import Any

from escrowkit.testing.oracle import pots
from escrowkit.testing.oracle.world import Work, World

WORKING = "agreed active submitted approved"
OPEN = "opened contested mediated arbitrated"
HEARD = "offered half_funded funded hearing awarded appealed"

#: In which states each of these is known; `-` is before there is anything.
KNOWN = {
    "milestone.include": "-",
    "milestone.start": "agreed",
    "milestone.fulfil": "active submitted approved",
    "milestone.void": "active submitted cancelling disputed approved",
    "milestone.lapse": "active submitted cancelling approved",
    "milestone.suspend": f"{WORKING} cancelling",
    "milestone.resume": "disputed",
    "milestone.complete": f"{WORKING} cancelling",
    "milestone.conclude": f"{WORKING} cancelling disputed",
    "escrow.open": "-",
    "escrow.lapse": "empty funding held frozen impounded clearing",
    "escrow.receive": "empty funding held clearing",
    "escrow.disburse": "held",
    "escrow.freeze": "empty funding held clearing",
    "escrow.thaw": "frozen",
    "escrow.divide": "frozen empty settled",
    "escrow.drain": "held frozen impounded clearing",
    "escrow.reclaim": "empty funding held frozen clearing settled",
    "escrow.close": "empty",
    "dispute.proceed": "opened",
    "dispute.lapse": OPEN,
    "dispute.drop": OPEN,
    "dispute.conclude": OPEN,
    "dispute.override": OPEN,
    "dispute.restake": OPEN,
    "mediation.open": "-",
    "mediation.void": "recommended",
    "mediation.lapse": "requested sitting recommended",
    "mediation.close": "requested sitting recommended",
    "arbitration.open": "-",
    "arbitration.lapse": HEARD,
    "arbitration.close": HEARD,
    "arbitration.settle_fees": "final refused forfeited closed",
    "feedback.open": "-",
    "feedback.revise": "open half_written",
    "feedback.lapse": "open half_written",
    "obligation.open": "-",
    "obligation.cancel": "open",
}


def refusal(world: World, work: Work, command: str, said: dict[str, Any]) -> str:
    """How such a command is refused: the move exists here, but for nobody who could ask, or it does not exist."""
    machine = command.split(".")[0]
    states = {
        "milestone": work.state,
        "escrow": pots.under(work),
        "dispute": work.case.state if work.case else None,
        "mediation": work.case.mediation if work.case else None,
        "arbitration": work.case.arbitration if work.case else None,
        "feedback": work.facts["feedback"].state if "feedback" in work.facts else None,
        "obligation": next((debt.state for debt in work.debts if debt.state == "open"), None),
    }
    return "not-your-move" if (states[machine] or "-") in KNOWN[command].split() else "no-such-move"
