"""C: rounding, dust, fees."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite
from typing import Any

from escrowkit import fees, rulebook
from escrowkit.agreement import fold, opening
from escrowkit.arguments import Kind
from escrowkit.ledger import lines
from escrowkit.machines import escrow
from escrowkit.machines.escrow import guards as escrow_guards
from escrowkit.money import Money, Tariff
from escrowkit.pot import Pot
from planted.canary import canary
from planted.edits import everywhere, put, rebook, unbook, unguard


@canary(
    "C1",
    "Halving rounded both halves down, and the odd unit was burnt.",
    caught_by="laws.py::test_a_division_disposes_of_the_whole",
)
def floors_only() -> None:
    """A sum is divided by rounding each part down."""

    def floors(self: Money, weights: Any) -> tuple[Money, ...]:
        total = sum(weights)
        return tuple(Money(int(self.minor * weight / total), self.currency) for weight in weights)

    put(Money, "allocate", floors)


@canary(
    "C2",
    "The whole fee was taken first and then once more of each recipient, so the parts were more than the whole.",
    caught_by="laws.py::test_the_numbers_of_a_real_loss",
)
def fee_beside_the_part() -> None:
    """A release pays the payee in full, and the fee besides."""

    def booked(pot: Any, event: Any) -> Any:
        source = f"escrow:{pot.id}"
        return lines((source, "world:platform", event.fee), (source, "payable:payee", event.paid))

    rebook(escrow.Released, booked)


@canary(
    "C3",
    "Fees were rounded for each share, and one unit of 3,300 was lost.",
    caught_by="laws.py::test_the_fee_of_many_releases_is_the_fee_of_their_sum",
)
def fee_of_each_part() -> None:
    """The fee of a release is that of this release alone."""

    def alone(self: Any, paid: Money) -> Money:
        tariff = self.rules.service_fee(self.currency)
        return (
            self.zero
            if tariff is None
            else Money(sum(rate * paid.minor for _, rate in tariff.tiers).__floor__(), self.currency)
        )

    put(Pot, "service_fee", alone)


@canary(
    "C4",
    "Many small captures rounded the fee to nothing each.",
    caught_by="laws.py::test_the_fee_of_many_releases_is_the_fee_of_their_sum",
)
def fee_rounded_each_time() -> None:
    """The fee is no more that of all releases less what was taken: each is rounded alone."""

    def alone(self: Any, paid: Money) -> Money:
        tariff: Tariff | None = self.rules.service_fee(self.currency)
        return self.zero if tariff is None else min(tariff.of(paid), paid)

    put(Pot, "service_fee", alone)


@canary(
    "C5",
    "On small amounts the fee was rounded to nothing.",
    caught_by="laws.py::test_the_fee_of_many_releases_is_the_fee_of_their_sum",
)
def no_fee_of_little() -> None:
    """A fee of less than one whole unit of the currency is none."""
    of = Tariff.of

    def whole(self: Tariff, amount: Money) -> Money:
        fee = of(self, amount)
        return fee if fee.minor >= 100 else Money.zero(amount.currency)

    put(Tariff, "of", whole)


@canary(
    "C6",
    "A bond of an odd sum was halved twice by rounding down.",
    caught_by="laws.py::test_a_division_disposes_of_the_whole",
)
def odd_unit_to_nobody_in_particular() -> None:
    """A division gives the payee its part rounded down, wherever the rulebook sends the odd unit."""

    def down(answer: Any, stake: Money, remainder_to: str) -> Money:
        share = Fraction(answer["payee"], sum(answer.values()))
        return Money(int(stake.minor * share), stake.currency)

    everywhere(rulebook.divide, down)


@canary(
    "C7",
    "A fee was charged by one rate and given back by another, out of the money of others.",
    caught_by="machines_escrow.py::test_a_processing_fee_is_paid_on_top_and_comes_back_with_held_money_where_the_rulebook_says",
)
def fee_back_by_another_rate() -> None:
    """The processing fee that comes back is reckoned anew from the refund, without its fixed part."""

    def anew(self: Any, refunded: Money) -> Any:
        rate = self.rules["escrow.processing_fee.rate"]
        return min(refunded.portion(rate), self.fees) if rate else self.zero

    put(Pot, "processing_fee_back", anew)


@canary(
    "C9",
    "A coverage fee was neither paid to anybody nor given back.",
    caught_by="machines_escrow.py::test_a_processing_fee_is_paid_on_top_and_comes_back_with_held_money_where_the_rulebook_says",
)
def fees_stay() -> None:
    """When a pot is settled, the processing fee beside it stays where it is."""
    unbook(escrow.Closed)


@canary(
    "C10",
    "After a refill the fee was given back on the old amount.",
    caught_by="machines_escrow.py::test_what_was_given_back_is_billed_no_longer",
)
def billed_for_ever() -> None:
    """What went back still counts as billed."""
    put(fold, "_less", lambda billed, gross, fee: billed)


@canary(
    "C11",
    "A fixed fee was larger than the amount, and the payout failed.",
    caught_by="machines_escrow.py::test_a_fee_is_never_more_than_what_it_is_taken_of",
)
def fee_without_bound() -> None:
    """A fee may be more than what it is taken of."""

    def whole(self: Any, paid: Money) -> Any:
        tariff = self.rules.service_fee(self.currency)
        gross, taken = self.agreement.billed.get(self.currency, (self.zero, self.zero))
        return self.zero if tariff is None or not paid else tariff.of(gross + paid) - taken

    put(Pot, "service_fee", whole)


@canary(
    "C12",
    "An arbiter's fee as large as the price was agreed, and nothing was left.",
    caught_by="machines_escrow.py::test_a_fee_that_leaves_nothing_is_refused_at_the_opening",
)
def fees_are_not_looked_at() -> None:
    """Nobody compares fees with the price at the opening."""
    put(opening, "_check_fees", lambda rules, price: None)


@canary(
    "C13",
    "A least fee of 0.50 was taken of 0.10.",
    caught_by="fees.py::test_a_fee_takes_at_most_what_the_service_fee_leaves",
)
def least_fee_of_anything() -> None:
    """What a fee of the list takes is not bounded by what there is."""

    def all_due(listed: Any, *, so_far: Any, all_paid: Money, all_left: Money, weights: Any, odd_to: str) -> Any:
        due = {}
        for priced in listed:
            base = all_left if priced[0].on == "exit" else all_paid
            due[priced[0].name] = fees._share(priced, "payee", base, odd_to) - so_far.get(
                priced[0].name, Money.zero(base.currency)
            )
        return {name: sum_ for name, sum_ in due.items() if sum_}, {}

    put(fees, "taken", all_due)


@canary(
    "C16",
    "A resolver's fee and the refund were together more than the balance.",
    caught_by="fees.py::test_costs_and_the_payees_part_are_at_most_what_is_held",
)
def costs_beside_the_whole() -> None:
    """The costs that an order names are not counted when its sums are looked at."""
    escrow_guards.order_within_held.test = lambda ctx: bool(ctx.command.to_payee <= ctx.pot.inside)


@canary(
    "C18", "Amounts were floats.", caught_by="bad_input.py::test_a_wrong_value_in_any_field_of_any_command_is_refused"
)
def floats_are_amounts() -> None:
    """A float is taken for an amount."""
    from escrowkit import arguments

    read = arguments._sum

    def lenient(value: Any, currency: str, kind: Kind) -> Money:
        number = isinstance(value, float) and isfinite(value)
        return read(Money(round(value * 100), currency) if number else value, currency, kind)

    put(arguments, "_sum", lenient)


@canary(
    "C19",
    "Shares were floats, and the last one took the error.",
    caught_by="money.py::test_each_share_lies_within_one_unit_of_the_exact_one",
)
def last_takes_the_error() -> None:
    """A sum is divided with floats; the last part is what is left."""

    def floats(self: Money, weights: Any) -> tuple[Money, ...]:
        total = float(sum(weights))
        parts = [int(self.minor * (float(weight) / total)) for weight in weights[:-1]]
        return tuple(Money(part, self.currency) for part in (*parts, self.minor - sum(parts)))

    put(Money, "allocate", floats)


@canary(
    "C20",
    "The remainder went to whoever happened to be last.",
    caught_by="laws.py::test_a_division_disposes_of_the_whole",
)
def remainder_to_the_last() -> None:
    """Of equal shares the later has the odd unit."""
    allocate = Money.allocate

    def backwards(self: Money, weights: Any) -> tuple[Money, ...]:
        return tuple(reversed(allocate(self, tuple(reversed(weights)))))

    put(Money, "allocate", backwards)


@canary(
    "C21",
    "The same name twice in a list of sums fell together into one.",
    caught_by="fees.py::test_what_the_payee_bears_is_taken_of_each_release_and_slicing_changes_nothing",
)
def sums_replace_sums() -> None:
    """A fee that is taken once more replaces what was taken before."""
    from escrowkit.machines.escrow import record

    put(record, "more", lambda before, added: {**before, **added})


@canary(
    "C22",
    "Money was locked gross and unlocked net, so the fee stayed locked.",
    caught_by="laws.py::test_the_numbers_of_a_real_loss",
)
def unlocked_net() -> None:
    """A release takes its net out of the escrow and leaves the fee in it."""

    def net(pot: Any, event: Any) -> Any:
        return lines((f"escrow:{pot.id}", "payable:payee", event.paid - event.fee))

    rebook(escrow.Released, net)


@canary(
    "C23",
    "Of a refund in two legs, the first was booked although the second had not come.",
    caught_by="machines_escrow.py::test_on_a_slow_rail_a_promised_refund_is_booked_when_the_provider_confirms",
)
def promises_are_booked() -> None:
    """On any rail, a refund of released money is booked when it is promised."""
    unguard(escrow.TABLE, "instant_rail")
