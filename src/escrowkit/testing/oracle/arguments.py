"""What a command says: texts that are there, amounts of the right kind."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from escrowkit.testing.oracle.said import Amount
from escrowkit.testing.oracle.world import need

AMOUNTS = ("amount", "refund", "claim", "to_payee", "price", "fee", "costs")

#: What each command must say.
NEEDED = {
    "milestone.propose": "price",
    "milestone.accept": "terms",
    "milestone.submit": "deliverable",
    "milestone.request_changes": "reason",
    "milestone.attest": "name",
    "milestone.request_cancel": "refund",
    "milestone.agree_cancel": "refund",
    "milestone.decline_cancel": "refund",
    "milestone.request_release": "to_payee",
    "milestone.agree_release": "to_payee",
    "milestone.give_requirements": "requirements",
    "milestone.record_notice": "clock",
    "escrow.deposit": "amount",
    "escrow.request_deposit": "amount",
    "escrow.confirm_deposit": "amount reference",
    "escrow.fail_deposit": "reason",
    "escrow.release": "amount",
    "escrow.refund": "amount",
    "escrow.roll_over": "amount to",
    "escrow.hold": "reason",
    "escrow.seize": "to reason",
    "escrow.obey_order": "to_payee reference",
    "escrow.charge_back": "amount reference",
    "escrow.reverse_charge_back": "reference",
    "escrow.request_refund_released": "amount",
    "escrow.refund_released": "amount",
    "escrow.confirm_refund_released": "amount reference",
    "escrow.confirm_payout": "to amount reference",
    "escrow.fail_payout": "to amount reference reason",
    "dispute.open": "claim",
    "dispute.concede": "claim",
    "dispute.offer": "to_payee",
    "dispute.accept_offer": "to_payee",
    "dispute.decline_offer": "to_payee",
    "dispute.add_evidence": "digest title",
    "dispute.extend": "clock period reason",
    "mediation.assign": "mediator",
    "mediation.replace": "mediator reason",
    "mediation.recommend": "to_payee reasons",
    "mediation.accept": "to_payee",
    "mediation.reject": "to_payee",
    "mediation.decide": "to_payee reasons",
    "mediation.fail": "reason",
    "arbitration.pay_fee": "share amount",
    "arbitration.appoint": "arbitrator",
    "arbitration.replace": "arbitrator reason",
    "arbitration.award": "to_payee reasons",
    "arbitration.refuse": "reason",
    "conduct.strike": "role reason",
    "conduct.forgive": "role reason",
    "conduct.suspend": "role reason",
    "conduct.reinstate": "role reason",
    "conduct.exclude": "role reason",
    "feedback.write": "score",
    "obligation.pay": "reference",
    "agreement.restrict": "role right reason",
    "agreement.end": "reason",
}

#: What may be said only out of a list.
LISTED = {
    ("escrow.seize", "to"): ("payer", "payee", "authority"),
    ("escrow.confirm_payout", "to"): ("payer", "payee", "platform", "arbitrator"),
    ("escrow.fail_payout", "to"): ("payer", "payee", "platform", "arbitrator"),
    ("arbitration.pay_fee", "share"): ("own", "all"),
}


def check(command: str, said: dict[str, Any], currency: str, decimals: Mapping[str, int]) -> None:
    """Read the amounts of a command, and refuse what is empty."""
    if command.split(".")[0] in ("agreement", "conduct"):
        said.pop("milestone", None)
    for name in NEEDED.get(command, "").split():
        need(said.get(name) is not None, "bad-argument")
    for name, value in said.items():
        if (command, name) in LISTED:
            need(value in LISTED[command, name], "bad-argument")
        if name in AMOUNTS and value is not None:
            said[name] = amount(value, currency, decimals)
        elif isinstance(value, str):
            need(bool(value.strip()), "bad-argument")


def sums(said: Mapping[str, Any], currency: str) -> None:
    """The amounts of a command are in the milestone's currency, and can be."""
    found = [(name, said[name]) for name in AMOUNTS if said.get(name) is not None]
    need(all(value[1] == currency for _, value in found), "wrong-currency")
    need(all(value[0] > 0 or (value[0] == 0 and name in ("to_payee", "fee")) for name, value in found), "bad-amount")


def amount(value: Any, currency: str, decimals: Mapping[str, int]) -> Amount:
    """An amount as minor units with its currency."""
    if isinstance(value, tuple):
        return value
    words = str(value).split()
    named = words[1] if len(words) > 1 else currency
    minor = Fraction(words[0]) * 10 ** decimals[named]
    need(minor.denominator == 1, "bad-amount")
    return int(minor), named
