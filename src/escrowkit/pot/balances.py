"""What a milestone holds, released, and lacks, counted from its ledger and its releases."""

from __future__ import annotations

from collections.abc import Iterable

from escrowkit.machines import escrow
from escrowkit.machines.escrow import Freed
from escrowkit.money import Money
from escrowkit.periods import Period
from escrowkit.pot.records import Records


class Balances(Records):
    """What is held, released, payable and lacking."""

    __slots__ = ()

    @property
    def held(self) -> Money:
        """What the escrow holds."""
        return self._balance(f"escrow:{self.id}")

    @property
    def inside(self) -> Money:
        """What the escrow holds and what still clears, gross of the service fee."""
        return self.held + self.clearing_gross

    def payable(self, role: str) -> Money:
        """What waits for payout to a role."""
        return self._balance(f"payable:{role}")

    @property
    def unpaid(self) -> Money:
        """What waits for payout to the payee, at most what this milestone's escrow brought and was not paid out."""
        return max(min(self.payable("payee"), Money(self.lane.unpaid, self.currency)), self.zero)

    def told_elsewhere(self, told: tuple[str, str]) -> bool:
        """Whether a reference was told for any milestone of the agreement: one payment counts once."""
        lanes = self.agreement.lanes.values()
        return any(lane.escrow is not None and told in lane.escrow.told for lane in lanes)

    def deposited_fee(self, role: str) -> Money:
        """What a role has paid in for the latest case."""
        return self._balance(f"deposit:{self.case}:{role}")

    @property
    def _releases(self) -> tuple[Freed, ...]:
        return self.escrow.releases if self.escrow else ()

    def _gross(self, releases: Iterable[Freed]) -> Money:
        """What of releases has not gone back, gross. In whole units: there may be many, and it is asked for often."""
        return Money(sum(r.gross.minor - r.back.minor for r in releases), self.currency)

    @property
    def clearing_gross(self) -> Money:
        """Releases still in their security hold, gross of the service fee."""
        return self._gross([r for r in self._releases if r.clearing])

    @property
    def cleared(self) -> Money:
        """Releases past their security hold, gross."""
        return self._gross(self._past_hold)

    @property
    def _past_hold(self) -> tuple[Freed, ...]:
        return tuple(r for r in self._releases if not r.clearing)

    @property
    def released(self) -> Money:
        """All that was released and has not gone back, gross."""
        return self._gross(self._releases)

    @property
    def refundable(self) -> Money:
        """What was released within the rulebook's window for voluntary refunds, gross, and is not promised already."""
        within = self.rules.within("escrow.refund_released")
        if within is None:
            return self.zero
        promised = self._sum(self.escrow.promised if self.escrow else ())
        return max(self._within(within, self._releases) - promised, self.zero)

    def _within(self, within: Period, releases: Iterable[Freed]) -> Money:
        """What of releases has not gone back, gross, of those made less than so long ago."""
        return self._gross(r for r in releases if self.at < self.rules.calendar.add(r.at, within))

    @property
    def price(self) -> Money:
        """The price of the milestone."""
        return self.milestone.price

    @property
    def lacks(self) -> Money:
        """What the price still lacks."""
        short = self.price.minor - self.held.minor - self.released.minor
        return Money(short, self.currency) if short > 0 else self.zero

    def lacks_of(self, other: str) -> Money:
        """What another milestone's price still lacks."""
        return self.agreement.pot(other).lacks

    def can_receive(self, other: str) -> bool:
        """Whether another milestone can take in a rest of this one."""
        if other == self.id or other not in self.agreement.lanes:
            return False
        pot = self.agreement.pot(other)
        open_ = pot.escrow is not None and pot.escrow.state in (
            escrow.S.EMPTY,
            escrow.S.FUNDING,
            escrow.S.HELD,
            escrow.S.CLEARING,
        )
        return open_ and not pot.over and pot.currency == self.currency

    @property
    def funded_enough(self) -> bool:
        """Whether the work may start, as far as the rulebook asks for money first."""
        start = self.rules["milestone.start"]
        return bool(start == "unfunded" or (self.held if start == "in_part" else not self.lacks))

    @property
    def ever_held(self) -> bool:
        """Whether money was ever held here."""
        return self.escrow is not None and bool(self.escrow.deposits or self.escrow.received)
