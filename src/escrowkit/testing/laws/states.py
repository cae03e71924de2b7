"""The law of what is sealed: who may see it, and who may not."""

from __future__ import annotations

from escrowkit.agreement import Agreement, view
from escrowkit.laws import need
from escrowkit.machines import arbitration


def sealed_is_hidden(now: Agreement) -> None:
    """Who paid a sealed deposit is seen by nobody else, in states, history and balances."""
    for id_ in now.milestones:
        case = now.pot(id_).arbitration
        if case is not None and case.sealed:
            for role in ("payer", "payee", "platform", "arbitrator", "provider"):
                _sealed(now, id_, case, role)


def _sealed(now: Agreement, id_: str, case: arbitration.Arbitration, role: str) -> None:
    pot, seen = now.pot(id_), view(now, role)
    paid = {e.by for e in seen.events() if isinstance(e, arbitration.FeePaid) and e.case == pot.case}
    need(paid <= {role}, "sealed is hidden", id_, role, paid)
    own = role not in case.paid or role in paid or set(case.paid) == {"payer", "payee"}
    need(own, "sealed is hidden", id_, f"{role} does not see its own")
    for other in {"payer", "payee"} - {role}:
        there = seen.balance(f"deposit:{pot.case}:{other}", pot.currency)
        need(not there, "sealed is hidden", id_, f"{role} sees {there} of {other}")
    state = seen.state(f"arbitration.{id_}")
    need(role in paid or state == "offered", "sealed is hidden", id_, f"{role} sees {state}")
