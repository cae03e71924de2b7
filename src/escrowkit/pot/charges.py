"""The fees of a milestone: the service fee, the processing fee, and the list of further fees."""

from __future__ import annotations

from typing import cast

from escrowkit import fees as listed
from escrowkit.machines import escrow
from escrowkit.machines.escrow import Escrow, Freed
from escrowkit.money import Money
from escrowkit.pot.balances import Balances


class Charges(Balances):
    """What the fees take, and what of them comes back."""

    __slots__ = ()

    @property
    def _open_escrow(self) -> Escrow:
        return cast(Escrow, self.escrow)  # asked for by what leaves it only

    @property
    def fee_on_refund(self) -> str:
        """Who bears a service fee already taken, if the money goes back."""
        return str(self.rules["escrow.service_fee.on_refund"])

    @property
    def fees_reversed(self) -> bool:
        """Whether the platform gives such a fee back."""
        return self.fee_on_refund == "reversed"

    def service_fee(self, paid: Money) -> Money:
        """The fee on a release: cumulative, so slicing changes nothing."""
        tariff = self.rules.service_fee(self.currency)
        if tariff is None or not paid:
            return self.zero
        before = self.agreement.billed_before(self.currency)
        gross, taken = self.agreement.billed.get(self.currency, (self.zero, self.zero))
        total = tariff.of(before + gross + paid) - tariff.of(before) - taken
        return min(max(total, self.zero), paid)

    def fee_of_released(self, sum_: Money) -> Money:
        """The service fee that was taken on released money, the newest first."""
        return self._fee_of(self._releases, sum_)

    def fee_of_paid_out(self, sum_: Money) -> Money:
        """The service fee that was taken on what is past its security hold, the newest first."""
        return self._fee_of(self._past_hold, sum_)

    def _fee_of(self, releases: tuple[Freed, ...], sum_: Money) -> Money:
        return escrow.take_back(releases, min(sum_, self._gross(releases)))[1]

    @property
    def fees(self) -> Money:
        """Processing fees that are neither earned nor returned."""
        waiting = self._balance(f"fees:{self.id}")
        return waiting - listed.total(self.prepaid, self.zero) if waiting and self.has_fees else waiting

    def processing_fee(self, sum_: Money) -> Money:
        """What the payer pays on top of a deposit."""
        rate = self.rules["escrow.processing_fee.rate"]
        fixed = self.rules.amount("escrow.processing_fee.fixed", self.currency)
        return (sum_.portion(rate) if rate else self.zero) + (fixed or self.zero)

    def processing_fee_back(self, refunded: Money) -> Money:
        """The processing fee that comes back with a refund of held money: cumulative, as the rulebook says."""
        it = self._open_escrow
        charged = it.processing
        if not charged or not refunded or self.rules["escrow.processing_fee.returned"] == "never":
            return self.zero
        deposited = self._sum(d.amount - d.charged for d in it.deposits) - (it.rolled or self.zero)
        gone = max(deposited - self.held - self.released, self.zero) + refunded
        due = charged.allocate((gone.minor, max(deposited - gone, self.zero).minor))[0]
        return min(max(due - (charged - self.fees), self.zero), self.fees)

    @property
    def has_fees(self) -> bool:
        """Whether the rulebook has further fees."""
        return bool(self.rules["escrow.fees"])

    @property
    def _odd_to(self) -> str:
        return str(self.rules["money.remainder_to"])

    @property
    def prepaid(self) -> dict[str, Money]:
        """What the payer paid in for each fee of the list that has not come back."""
        back = self.escrow.prepaid_back if self.escrow else {}
        return {name: sum_ - back.get(name, self.zero) for name, sum_ in self._paid_in().items()}

    def _paid_in(self) -> dict[str, Money]:
        """What the payer paid in for each fee of the list: fees are cumulative, so it follows from all deposits."""
        fees = self.rules.fees(self.currency)
        return listed.paid_in(fees, self.zero, self._deposited, self._odd_to)

    @property
    def settled(self) -> bool:
        """Whether what waited beside the escrow has gone to whom it goes."""
        return self.escrow is not None and self.escrow.state is escrow.S.SETTLED

    def fee_owner(self, name: str) -> str:
        """To whom a fee of the list goes."""
        return next(fee.to for fee, _ in self.rules.fees(self.currency) if fee.name == name)

    @property
    def _deposited(self) -> Money:
        return self._sum(d.amount for d in self.escrow.deposits) if self.escrow else self.zero

    def fees_paid_in(self, sum_: Money) -> dict[str, Money]:
        """What the payer pays in on top of a deposit for the fees of the list."""
        return (
            listed.paid_in(self.rules.fees(self.currency), self._deposited, sum_, self._odd_to) if self.has_fees else {}
        )

    def fees_back(self, refunded: Money, *, given_back: Money | None = None) -> dict[str, Money]:
        """What comes back of it: with held money that is refunded, or with released money that the payee gives back."""
        it, zero, paid = self._open_escrow, self.zero, self._paid_in()
        gone = refunded + (it.refunded or zero) + (it.undone or zero)
        after = (it.given_back or zero) + (given_back or zero)
        base = self._deposited
        inside = base + (it.received or zero) - gone
        back: dict[str, Money] = {}
        for when, remains in ((("while_held",), inside), (("always",), inside - after)):
            back |= listed.returned(
                self.rules.fees(self.currency),
                paid=paid,
                back=it.prepaid_back,
                base=base,
                remains=max(remains, zero),
                when=when,
                odd_to=self._odd_to,
            )
        return back

    def levies(
        self, *, paid: Money, fee: Money, to_payer: Money, back: Money, cut: Money, seized: bool
    ) -> listed.Levies:
        """What the fees of the list do to money that leaves; a seizure takes nothing of what it takes away."""
        it, zero = self._open_escrow, self.zero
        all_paid = (it.paid or zero) + paid
        taken, kept = listed.taken(
            self.rules.fees(self.currency),
            so_far=it.levied,
            all_paid=all_paid,
            all_left=all_paid + (it.refunded or zero) + to_payer,
            weights=(paid - fee, zero if seized else to_payer),
            odd_to=self._odd_to,
        )
        return listed.Levies(taken, kept, self.fees_back(to_payer + back), cut)
