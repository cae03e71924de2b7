"""A: money paid twice, or paid that is not there."""

from __future__ import annotations

import inspect
import time
from contextlib import nullcontext
from typing import Any

from attrs import evolve

from escrowkit import books, live, reactions
from escrowkit.agreement import Agreement, deciding, fold
from escrowkit.ledger import Ledger, Line
from escrowkit.machines import escrow, milestone
from escrowkit.machines.escrow import guards, record
from escrowkit.machines.milestone import S as W
from escrowkit.pot import Pot
from escrowkit.roles import Role
from escrowkit.table import SAME, Row
from planted.canary import canary
from planted.edits import also, edit_rows, put, rereact, retable, unguard


@canary(
    "A1",
    "A retried job ran its success logic again: a payout told twice was booked twice.",
    caught_by="machines_escrow.py::test_on_a_slow_rail_what_is_payable_waits_for_the_provider",
)
def payout_told_twice() -> None:
    """The row that knows a payout's reference again is gone."""
    edit_rows(escrow.TABLE, lambda row: None if _repeats(row, escrow.ConfirmPayout) else row, 1)


@canary(
    "A3",
    "Two withdrawals of one balance ran at the same time, and both were paid.",
    caught_by="live.py::test_threads_take_turns_so_no_decision_is_lost",
)
def threads_do_not_wait() -> None:
    """A session decides without taking its turn, and a decision takes a moment."""
    put(live, "RLock", nullcontext)
    decide = Agreement.decide

    def slow(self: Any, command: Any, **said: Any) -> Any:
        decision = decide(self, command, **said)
        time.sleep(0.001)
        return decision

    put(Agreement, "decide", slow)


@canary(
    "A5",
    "Money went back by itself, and an admin could decide over the same money afterwards.",
    caught_by="machines_mediation.py::test_decided_is_decided",
)
def decide_again() -> None:
    """A mediator may decide when the mediation is over."""
    from escrowkit.machines import mediation

    over = (mediation.S.DECIDED, mediation.S.AGREED, mediation.S.FAILED, mediation.S.CLOSED)

    def edit(row: Row) -> Row:
        return evolve(row, on=(*row.on, *over), then=mediation.S.DECIDED) if row.command is mediation.Decide else row

    edit_rows(mediation.TABLE, edit, 1)


@canary(
    "A6",
    "What a second trade earned was assigned to the balance and not added, so the first one's was gone.",
    caught_by="machines_escrow.py::test_one_payout_may_cover_what_several_milestones_brought",
)
def payable_is_assigned() -> None:
    """What becomes payable replaces what was payable before."""
    post = Ledger.post

    def posted(self: Ledger, entries: Any) -> Ledger:
        entries = tuple(entries)
        after = dict(post(self, entries)._balances)
        for line in (line for entry in entries for line in entry.lines):
            if line.target.startswith("payable:"):
                after[line.target, line.amount.currency] = line.amount.minor
        return Ledger(after)

    put(Ledger, "post", posted)


@canary(
    "A8",
    "A retry came under a fresh reference, so nothing knew it again.",
    caught_by="machines_escrow.py::test_a_chargeback_counts_once_a_reference_and_at_most_its_deposit",
)
def references_are_made_anew() -> None:
    """What was told is remembered under a reference of its own each time."""

    def told(it: Any, word: str, reference: str) -> dict[str, Any]:
        return {"told": it.told | {(guards.family(word), f"{reference}#{len(it.told)}")}}

    put(record, "_told", told)


@canary(
    "A9",
    "The same key after a refund made a new transfer.",
    caught_by="agreement.py::test_the_same_key_gives_the_same_answer_and_nothing_happens",
)
def keys_are_forgotten() -> None:
    """No key is remembered."""
    add = fold.Fold.add

    def forgetful(self: Any, line: Any) -> None:
        add(self, evolve(line, key=None))

    put(fold.Fold, "add", forgetful)


@canary(
    "A10",
    "A status was written before the payout; a failure in between left half of it.",
    caught_by="agreement.py::test_ending_is_all_or_nothing",
)
def half_a_decision_stays() -> None:
    """A decision writes into the agreement that it came from, so what went before a refusal stays."""
    init = fold.Fold.__init__

    def shared(self: Any, whole: Any) -> None:
        init(self, whole)
        if isinstance(whole.lanes, dict):
            self.lanes = whole.lanes

    put(fold.Fold, "__init__", shared)


@canary(
    "A13",
    "A payout was pushed and could be claimed as well.",
    caught_by="machines_escrow.py::test_a_part_is_released_and_the_rest_stays_held",
)
def pushed_and_claimable() -> None:
    """On an instant rail money goes out, and stays payable besides."""

    def twice(moved: tuple[Line, ...]) -> tuple[Line, ...]:
        out = [line for line in moved if line.target.startswith("payable:")]
        return tuple(Line("world:platform", one.target.replace("payable:", "world:"), one.amount) for one in out)

    put(books, "_paid_at_once", twice)


@canary(
    "A14",
    "A button let the buyer finalise three times.",
    caught_by="machines_milestone.py::test_approving_three_times_pays_once",
)
def approve_again() -> None:
    """What is completed can be approved again."""
    again = Row((W.COMPLETED, W.APPROVED), milestone.Approve, Role.PAYER, SAME, milestone.Approved)
    retable(milestone.TABLE, (*milestone.TABLE.rows, again))


@canary(
    "A15",
    "After a part had been paid out, a refund paid the full amount.",
    caught_by="machines_escrow.py::test_together_releases_and_refunds_never_exceed_what_was_deposited",
)
def refund_of_all_that_was_deposited() -> None:
    """A refund may be as much as was ever deposited, whatever has left the pot."""

    def within_deposited(ctx: Any) -> bool:
        return bool(ctx.command.amount <= ctx.pot._deposited)

    guards.within_held.test = within_deposited


@canary(
    "A16",
    "Early withdrawals were each within the payment, and together more.",
    caught_by="machines_escrow.py::test_together_releases_and_refunds_never_exceed_what_was_deposited",
)
def releases_are_not_counted_together() -> None:
    """A release is compared with nothing."""
    unguard(escrow.TABLE, "within_held", event=escrow.Released)


@canary(
    "A17",
    "A refund went past a debt that was open.",
    caught_by="machines_dispute.py::test_what_is_owed_is_not_claimed_again",
)
def debts_are_not_seen() -> None:
    """What is owed already counts for nothing when more is claimed."""
    put(Pot, "_owed_for", lambda self, cause: self.zero)


@canary(
    "A18",
    "Refunds were not kept apart by their reference, so one request was paid twice.",
    caught_by="machines_escrow.py::test_on_a_slow_rail_a_promised_refund_is_booked_when_the_provider_confirms",
)
def refund_told_twice() -> None:
    """The row that knows a refund's reference again is gone, and any refund counts as promised."""
    edit_rows(escrow.TABLE, lambda row: None if _repeats(row, escrow.ConfirmRefundReleased) else row, 1)
    unguard(escrow.TABLE, "refund_promised")
    put(record, "_kept", lambda it, event: {"promised": ()})


@canary(
    "A19",
    "After a payout of which nobody knew how it ended, the same money was paid another way.",
    caught_by="proof.py::test_the_same_released_money_is_not_promised_back_twice",
)
def promised_money_is_free() -> None:
    """Released money whose way back is promised and not confirmed can be promised once more."""
    refundable: Any = inspect.getattr_static(Pot, "refundable").fget

    def all_of_it(self: Any) -> Any:
        pot = Pot(self.agreement, self.lane, self.at)
        pot.escrow = self.escrow and evolve(self.escrow, promised=())
        return refundable(pot)

    put(Pot, "refundable", property(all_of_it))


@canary(
    "A20",
    "An escrow that was never funded was refunded with its full amount.",
    caught_by="machines_escrow.py::test_an_empty_pot_pays_nobody",
)
def refund_of_nothing() -> None:
    """A refund needs no money and no state in which there is some."""

    def edit(row: Row) -> Row:
        open_ = (escrow.S.EMPTY, escrow.S.FUNDING, escrow.S.HELD)
        return evolve(row, on=open_, when=row.when[:1]) if row.event is escrow.Refunded else row

    edit_rows(escrow.TABLE, edit, 1)


@canary(
    "A21",
    "A release without an answer was taken as failed, tried again, and paid twice.",
    caught_by="machines_escrow.py::test_on_a_slow_rail_what_is_payable_waits_for_the_provider",
)
def failed_means_due_again() -> None:
    """A payout that is told as failed becomes payable once more, though it never left what is payable."""
    also(escrow.PayoutFailed, lambda pot, e: (("world:platform", f"payable:{e.to}", pot.payable(e.to)),))


@canary(
    "A26",
    "One deposit was counted for two authorisations.",
    caught_by="machines_escrow.py::test_a_request_is_met_by_one_payment",
)
def one_request_confirmed_twice() -> None:
    """A request stays open when its payment has come, so the next payment counts for it too."""

    def confirmed(it: Any, event: Any) -> dict[str, Any]:
        arrived = record._deposited(it, event.reference, event.kept, event)
        return arrived | record._told(it, "confirm_deposit", event.reference)

    record._CHANGES._lines[escrow.DepositConfirmed] = confirmed


@canary(
    "A27",
    "One payment met the conditions of two escrows.",
    caught_by="machines_escrow.py::test_a_reference_counts_once_in_the_whole_agreement",
)
def a_payment_counts_in_each_pot() -> None:
    """A reference is known in its own pot only."""
    put(Pot, "told_elsewhere", lambda self, told: False)


@canary(
    "A28",
    "A record said released while nothing had been released.",
    caught_by="machines_escrow.py::test_a_part_is_released_and_the_rest_stays_held",
)
def completed_by_a_part() -> None:
    """Any release completes a milestone."""

    def complete(pot: Any, event: Any) -> Any:
        if not pot.over and not pot.disputed:
            yield milestone.Complete(pot.id)

    rereact(reactions._complete, complete)


@canary(
    "A29",
    "What a dispute paid out was missing in the sum of what had been released.",
    caught_by="machines_dispute.py::test_what_a_dispute_gave_the_payee_counts_as_released",
)
def a_ruling_counts_nothing_as_released() -> None:
    """What a dispute gives the payee is not counted as released."""
    record._CHANGES._lines[escrow.Divided] = lambda it, event: {}


@canary(
    "A30",
    "Making the milestones anew deleted those that were paid, and they could be paid again.",
    caught_by="machines_milestone.py::test_an_id_is_used_once",
)
def milestones_are_made_anew() -> None:
    """A proposal under an id that is taken takes the place of what was there."""
    addressed = deciding._addressed

    def fresh(lane: Any, command: Any) -> Any:
        return None if isinstance(command, milestone.Propose) else addressed(lane, command)

    put(deciding, "_addressed", fresh)


def _repeats(row: Row, command: Any) -> bool:
    return row.command is command and row.event is escrow.Repeated
