"""The laws of an agreement as it stands: each state fits what is in it, and what is sealed is hidden."""

from __future__ import annotations

from collections.abc import Iterable

from escrowkit.agreement import Agreement, view
from escrowkit.machines import arbitration
from escrowkit.pot import MACHINES
from escrowkit.testing.laws.broken import Broken, need


def final_is_empty(now: Agreement) -> None:
    """A settled or empty escrow holds nothing; a held one holds something; who is over has no open case."""
    for id_ in now.milestones:
        for holds, words in _fitting(now, id_):
            if not holds:
                raise Broken("final is empty", f"{id_}: {words}: {now.states()}")


def _fitting(now: Agreement, id_: str) -> Iterable[tuple[object, str]]:
    pot, state, work = now.pot(id_), now.state(f"escrow.{id_}"), now.state(f"milestone.{id_}")
    if state in ("settled", "empty", "funding"):
        yield not pot.held and not now.balance(f"clearing:{id_}", pot.currency), f"a {state} escrow holds something"
    if state == "settled":
        yield not now.balance(f"fees:{id_}", pot.currency), "it is settled, and fees are in it"
        yield pot.over, "it is settled, and work goes on"
    yield state != "held" or pot.held, "it is held, and nothing is in it"
    yield state != "clearing" or pot.clearing_gross, "it is clearing, and nothing clears"
    if pot.disputed and not pot.over:
        yield work == "disputed" and state in ("frozen", "impounded"), f"it is disputed, and {work}, {state}"
    if not pot.disputed:
        yield state != "frozen" and work != "disputed", "it waits for a dispute that is over"
        paid_in = [a for a, money in now.ledger.accounts() if money and a.startswith(f"deposit:{id_}/")]
        yield not paid_in, "there are fees of a dispute that is over"
        stages = [(name, getattr(case, name)) for case in pot.lane.cases for name in ("mediation", "arbitration")]
        open_ = [name for name, it in stages if it is not None and it.state not in MACHINES[name].final]
        yield not open_, f"the dispute is over, and {open_} goes on"


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
