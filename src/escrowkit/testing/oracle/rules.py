"""A rulebook as the oracle reads it: values by dotted key, as they were written, and what holds where nothing was."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from escrowkit.testing.oracle.said import Refusal
from escrowkit.testing.oracle.times import Days

HALVES = {"payer": "50%", "payee": "50%"}

#: What holds if a rulebook leaves it out; what is not here is no rule of that platform then.
LEFT_OUT: Mapping[str, Any] = {
    "money.remainder_to": "payer",
    "milestone.start": "in_full",
    "milestone.submit_needs": "nothing",
    "milestone.review.since": "submitted",
    "milestone.review.notices": 0,
    "milestone.review.delay_lockable": False,
    "milestone.cancel.by": ["payer"],
    "milestone.cancel.declinable": False,
    "milestone.proposal.by": ["payee"],
    "milestone.late.since": "due",
    "escrow.funding.on_silence": "stays",
    "escrow.release.partial": True,
    "escrow.release.by": ["payer"],
    "escrow.refund.by": ["payee"],
    "escrow.roll_over": False,
    "escrow.service_fee.model": "none",
    "escrow.service_fee.payer": "payee",
    "escrow.service_fee.on_refund": "reversed",
    "escrow.processing_fee.returned": "never",
    "escrow.hold_limit.since": "deposited",
    "escrow.refund_released.by": ["payee"],
    "escrow.chargeback.borne_by": "platform",
    "dispute.open_in": ["active", "submitted", "cancelling", "approved", "completed"],
    "dispute.open_after.since": "submitted",
    "dispute.open_needs": "nothing",
    "dispute.reopen": "never",
    "dispute.advance": "nobody",
    "dispute.answer.payer.since": "opened",
    "dispute.answer.payee.since": "opened",
    "dispute.answer.opener_too": False,
    "dispute.answer.both_silent": HALVES,
    "dispute.evidence.until": "end",
    "dispute.stages": [],
    "dispute.escalate.when": "at once",
    "dispute.escalate.by": ["payer", "payee", "mediator"],
    "dispute.escalate.from_opened": False,
    "dispute.offers.on_silence": "declined",
    "dispute.offers.turns": "free",
    "dispute.extend.most": 1,
    "mediation.accept.on_silence": "rejected",
    "mediation.on_failure": ["next_stage", "stays"],
    "arbitration.appoint.by": ["platform"],
    "arbitration.fee.model": "none",
    "arbitration.fee.paid_to": "arbitrator",
    "arbitration.fee.cost": "all",
    "arbitration.fee.borne": "each",
    "arbitration.fee.refund": "before_start",
    "arbitration.pay.since": "offered",
    "arbitration.pay.order": "any",
    "arbitration.pay.all_by_one": False,
    "arbitration.none_paid.out_of": "stake",
    "arbitration.one_paid.gets": "claim",
    "arbitration.one_paid.out_of": "stake",
    "arbitration.award.menu": "any",
    "arbitration.refusal.divide": HALVES,
    "conduct.default_suspends": False,
    "conduct.feedback.sealed": False,
    "conduct.feedback.scale": 5,
}

#: The whole of a part, where a file may say it in short.
SHORT = {
    "dispute.escalate": "dispute.escalate.when",
    "arbitration.none_paid": "arbitration.none_paid.gets",
    "arbitration.one_paid": "arbitration.one_paid.gets",
}

#: Values that are tables themselves, beside those that name every currency.
TABLES = (
    "on_silence",
    "on_expiry",
    "on_failure",
    "divide",
    "gets",
    "both_silent",
    "holidays",
    "mediation.power",
    "min_milestone",
    "max_milestone",
    "fixed",
    "floor",
    "cap",
    "kept",
    "stake_from",
    "up_to",
    "shares.payer",
    "shares.payee",
    "shares.platform",
)


def spread(path: str, value: Any) -> dict[str, Any]:
    """A value of a file by dotted keys."""
    if not isinstance(value, Mapping) or path.endswith(TABLES):
        return {SHORT.get(path, path): value}
    found: dict[str, Any] = {}
    for name, one in value.items():
        found |= spread(f"{path}.{name}" if path else name, one)
    if path == "dispute.escalate" and "dispute.escalate.by" in found:
        found.setdefault("dispute.escalate.when", "by a party")
    return found


class Rules:
    """The rules of one milestone."""

    def __init__(self, data: Mapping[str, Any], decimals: Mapping[str, int]) -> None:
        self.data = dict(data)
        self.decimals = decimals
        self.days = Days(data)

    def __deepcopy__(self, memo: dict[int, Any]) -> Rules:
        return self

    def changed(self, overrides: Mapping[str, Any]) -> Rules:
        """The same rules with single values replaced; a part is replaced whole."""
        data = dict(self.data)
        for path, value in overrides.items():
            data = {key: one for key, one in data.items() if key != path and not key.startswith(path + ".")}
            data |= spread(path, value)
        return Rules(data, self.decimals)

    def raw(self, key: str) -> Any:
        """A value, whether settled or not; None where there is no such rule."""
        value = self.data.get(key)
        return LEFT_OUT.get(key) if value is None else value

    def get(self, key: str) -> Any:
        """A value. Raises `Refusal` where the sources do not settle it."""
        value = self.raw(key)
        if value == "unknown":
            raise Refusal("unknown-rulebook-value")
        return value

    def has(self, key: str) -> bool:
        """Whether there is such a rule, settled or not."""
        return self.raw(key) is not None

    def settled(self, key: str) -> bool:
        """Whether there is such a rule and the sources settle it."""
        return self.raw(key) not in (None, "unknown")

    def roles(self, key: str) -> list[str]:
        """A list of roles."""
        value = self.get(key)
        return [value] if isinstance(value, str) else list(value or [])

    def lets(self, key: str, by: str) -> bool:
        """Whether a role is on a list; `witness` stands for every witness."""
        return by in self.roles(key) or (by.startswith("witness:") and "witness" in self.roles(key))

    def minor(self, text: str, currency: str) -> int:
        """An amount of a rulebook in minor units."""
        return int(Fraction(text.split()[0]) * 10 ** self.decimals[currency])

    def amount(self, key: str, currency: str) -> int | None:
        """An amount in this currency. Raises `Refusal` where it is given in others only."""
        value = self.get(key)
        return None if value is None else self.of_table(value, currency)

    def of_table(self, value: Any, currency: str) -> int:
        """What an amount, or a table of amounts, says in this currency."""
        table = value if isinstance(value, Mapping) else {value.split()[1]: value}
        if currency not in table:
            raise Refusal("wrong-currency")
        return self.minor(table[currency], currency)


def percent(text: str) -> Fraction:
    """A rate such as "2.75%"."""
    return Fraction(text.rstrip("%")) / 100
