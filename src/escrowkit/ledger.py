"""Double entry: an entry that does not balance cannot be made, because each of its lines has a source and a target.

Accounts: `world:<name>` (outside; its balance is what that one gained or lost), `escrow:<milestone>`,
`clearing:<milestone>`, `fees:<milestone>`, `deposit:<case>:<role>` and `payable:<role>`. Every account but `world:*` is
never below zero; the whole sums to zero in each currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from escrowkit.doors import Every, door
from escrowkit.errors import BadArgument, BrokenBooks, shown
from escrowkit.money import Money


class Kind(StrEnum):
    """Of which kind an outcome is."""

    AGREEMENT = "agreement"
    PROCEDURE = "procedure"
    MERITS = "merits"
    OVERRIDE = "override"


#: Why money leaves an escrow: the closed list, with the kind of each and its words.
CONDITIONS: Final[Mapping[str, tuple[Kind, str]]] = {
    "payer_approved": (Kind.AGREEMENT, "the payer approved the work"),
    "payer_released": (Kind.AGREEMENT, "the payer released it"),
    "condition_met": (Kind.AGREEMENT, "the milestone's own release condition was met"),
    "payee_refunded": (Kind.AGREEMENT, "the payee gave it back"),
    "cancel_agreed": (Kind.AGREEMENT, "the payee agreed to the cancel request"),
    "settlement_agreed": (Kind.AGREEMENT, "one side made an offer and the other accepted it"),
    "claim_conceded": (Kind.AGREEMENT, "one side conceded the other's claim"),
    "recommendation_accepted": (Kind.AGREEMENT, "both sides accepted the mediator's recommendation"),
    "rolled_forward": (Kind.AGREEMENT, "the payer moved it to the next milestone"),
    "review_lapsed": (Kind.PROCEDURE, "the payer let the review period pass"),
    "cancel_lapsed": (Kind.PROCEDURE, "the payee did not answer the cancel request in time"),
    "proposal_lapsed": (Kind.PROCEDURE, "nobody answered the split proposal in time"),
    "requirements_lapsed": (Kind.PROCEDURE, "the payer did not give the requirements in time"),
    "late_cancelled": (Kind.PROCEDURE, "the work was late and was cancelled for it"),
    "offer_lapsed": (Kind.PROCEDURE, "an offer was not answered in time and stands as made"),
    "respondent_silent": (Kind.PROCEDURE, "one side did not answer the dispute in time"),
    "nobody_paid_fee": (Kind.PROCEDURE, "nobody paid the arbitration fee in time"),
    "only_one_paid_fee": (Kind.PROCEDURE, "only one side paid the arbitration fee in time"),
    "award_lapsed": (Kind.PROCEDURE, "the neutral gave no decision in time"),
    "refused_to_rule": (Kind.PROCEDURE, "the neutral could not or would not rule"),
    "small_pot_divided": (Kind.PROCEDURE, "the stake is too small for a ruling and is divided"),
    "dispute_lapsed": (Kind.PROCEDURE, "the dispute reached the end of its longest life"),
    "early_cancelled": (Kind.PROCEDURE, "it was cancelled early enough before it was due"),
    "hold_limit_reached": (Kind.PROCEDURE, "the longest time that money may be held was over"),
    "dormant": (Kind.PROCEDURE, "nobody did anything for too long"),
    "awarded": (Kind.MERITS, "the arbitrator awarded it"),
    "mediator_decided": (Kind.MERITS, "the mediator, who has the power to decide, decided it"),
    "platform_seized": (Kind.OVERRIDE, "the platform seized it for fraud or illegality"),
    "court_ordered": (Kind.OVERRIDE, "a court ordered it"),
    "charged_back": (Kind.OVERRIDE, "the payer's bank took it back"),
}


@frozen
class Line:
    """So much money from one account to another; the amount is positive."""

    source: str
    target: str
    amount: Money

    def __attrs_post_init__(self) -> None:
        if type(self.amount) is not Money or not isinstance(self.source, str) or not isinstance(self.target, str):
            raise BadArgument(f"a line is (from, to, amount): two texts and Money, not {shown(self)}", key="line")
        if self.amount.minor <= 0 or self.source == self.target:
            raise BrokenBooks(f"a line moves a positive amount between two accounts: {self}")

    def __str__(self) -> str:
        return f"{self.source} → {self.target} {self.amount}"


@frozen
class Entry:
    """What one event moves. If it takes money out of an escrow, it cites one release condition, with its kind."""

    lines: tuple[Line, ...]
    condition: str | None = None
    kind: Kind | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.lines, tuple) or not all(isinstance(line, Line) for line in self.lines):
            raise BadArgument(f"lines = {shown(self.lines)}: a tuple of Line is needed", key="lines")
        if self.condition is not None and not isinstance(self.condition, str):
            raise BadArgument(
                f"condition = {shown(self.condition)}: the code of a condition is needed", key="condition"
            )
        if self.takes_from_escrow and (self.condition not in CONDITIONS or self.kind is None):
            raise BrokenBooks(f"money leaves an escrow under no known release condition: {self}")

    @property
    def takes_from_escrow(self) -> bool:
        """Whether money leaves an escrow by this entry."""
        return any(line.source.startswith("escrow:") for line in self.lines)

    def __str__(self) -> str:
        why = f" ({self.condition}, {self.kind})" if self.condition else ""
        return "; ".join(map(str, self.lines)) + why


def lines(*moves: tuple[str, str, Money]) -> tuple[Line, ...]:
    """Lines from (source, target, amount); what moves nothing is left out."""
    return tuple(Line(*move) for move in moves if move[2].minor)


@frozen
class Ledger:
    """The balances after some entries, per account and currency. Posting gives a new ledger."""

    _balances: Mapping[tuple[str, str], int] = field(factory=dict)

    @door(entries=Every(Entry))
    def post(self, entries: Iterable[Entry]) -> Ledger:
        """The ledger after these entries. Raises `BrokenBooks` if an account but `world:*` fell below zero."""
        balances = dict(self._balances)
        for entry in entries:
            for line in entry.lines:
                source, target = (line.source, line.amount.currency), (line.target, line.amount.currency)
                balances[source] = balances.get(source, 0) - line.amount.minor
                balances[target] = balances.get(target, 0) + line.amount.minor
                if balances[source] < 0 and not line.source.startswith("world:"):
                    raise BrokenBooks(f"{line.source} has not so much: {line}")
        return Ledger({account: minor for account, minor in balances.items() if minor or account[0][:6] == "world:"})

    def balance(self, account: str, currency: str) -> Money:
        """What stands on an account."""
        try:
            return Money(self._balances.get((account, currency), 0), currency)
        except TypeError as error:
            raise BadArgument(f"account = {shown(account)}, currency = {shown(currency)}: texts are needed") from error

    def accounts(self) -> Iterator[tuple[str, Money]]:
        """Every account with a balance, sorted."""
        for (account, currency), minor in sorted(self._balances.items()):
            yield account, Money(minor, currency)

    @door(currency=str)
    def held(self, currency: str) -> Money:
        """Everything still inside: escrow, clearing, deposits, payable and fees."""
        inside = (m for (a, c), m in self._balances.items() if c == currency and not a.startswith("world:"))
        return Money(sum(inside), currency)

    @door(name=str, currency=str)
    def net(self, name: str, currency: str) -> Money:
        """What one outside gained or lost."""
        return self.balance(f"world:{name}", currency)
