"""E: what is decided, and under which key; races of stores are the business of whoever keeps them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from escrowkit.agreement import Agreement, deciding
from escrowkit.errors import Refused
from escrowkit.machines import dispute, escrow
from escrowkit.machines.mediation import guards as mediation_guards
from escrowkit.machines.milestone import guards as milestone_guards
from escrowkit.pot import Pot
from escrowkit.roles import Role
from planted.canary import canary
from planted.edits import put, unguard


@canary(
    "E7",
    "One party confirmed a cancellation twice, and that counted as both.",
    caught_by="machines_mediation.py::test_both_accept_and_one_party_twice_is_one",
)
def any_two_consents() -> None:
    """A recommendation is agreed when anybody accepts who is not the first."""
    mediation_guards.other_has_accepted.test = lambda ctx: bool(ctx.it.accepted)


@canary(
    "E8",
    "A release was possible before anything had been delivered.",
    caught_by="machines_milestone.py::test_an_approval_before_any_submission_is_for_own_release_conditions",
)
def approvals_of_nothing() -> None:
    """Work can be approved before a submission, without a release condition of its own."""
    milestone_guards.own_condition.test = lambda ctx: True


@canary(
    "E9",
    "A dispute came up over a trade that was cancelled or paid.",
    caught_by="machines_dispute.py::test_there_must_be_something_to_claim_and_no_more_is_claimed",
)
def ghost_disputes() -> None:
    """A dispute needs nothing to be claimed, in whatever state."""
    unguard(dispute.TABLE, "claim_within_cap", "may_be_disputed_here")


@canary(
    "E10",
    "An old answer overwrote the good one.",
    caught_by="agreement.py::test_a_key_with_another_command_or_by_another_is_a_conflict_before_any_other_rule",
)
def keys_without_their_command() -> None:
    """A key is answered whatever command comes under it."""
    from escrowkit import agreement

    repeat = agreement._repeat
    put(agreement, "_repeat", lambda it, key, said: repeat(it, key, it.keys[key][0]))


@canary(
    "E12",
    "What was known of a key was forgotten after a day, and retries came later.",
    caught_by="agreement.py::test_the_same_key_gives_the_same_answer_and_nothing_happens",
)
def keys_live_a_day() -> None:
    """A key is known for 24 hours."""
    decide = Agreement.decide

    def forgetful(self: Any, command: Any, *, at: Any, key: str | None = None, **said: Any) -> Any:
        number = self.keys.get(key, ("", 0))[1]
        told = next((r.event.at for r in self.history if r.decision == number), at)
        return decide(self, command, at=at, key=key if at - told < timedelta(days=1) else None, **said)

    put(Agreement, "decide", forgetful)


@canary(
    "E16",
    "A payout of another sum than the agreed one was taken from a peer.",
    caught_by="machines_escrow.py::test_on_a_slow_rail_what_is_payable_waits_for_the_provider",
)
def any_payout() -> None:
    """Nobody compares a payout with what is payable."""
    unguard(escrow.TABLE, "within_payable")


@canary(
    "H2",
    "A batch with one bad index was carried out up to it.",
    caught_by="agreement.py::test_ending_is_all_or_nothing",
)
def batches_skip_what_is_refused() -> None:
    """Ending an agreement skips the milestones that cannot be ended."""
    settle = deciding.settle

    def lenient(fold: Any, commands: Any, call: Any, *rest: Any) -> None:
        try:
            settle(fold, commands, call, *rest)
        except Refused:
            if call.role not in (Role.PAYER, Role.PAYEE) or len(fold.lanes) < 2:
                raise

    put(deciding, "settle", lenient)


@canary("H3", "An empty batch was a success.", caught_by="agreement.py::test_ending_is_all_or_nothing")
def nothing_ends_well() -> None:
    """Ending an agreement of which nothing is open is accepted."""
    end = deciding._end

    def accepting(fold: Any, command: Any, call: Any, number: int) -> None:
        if call.role in (Role.PAYER, Role.PAYEE) and all(Pot(fold, lane, call.at).over for lane in fold.lanes.values()):
            return
        end(fold, command, call, number)

    put(deciding, "_end", accepting)


@canary(
    "I1",
    "Events did not say who had acted, nor what was before.",
    caught_by="agreement.py::test_who_acted_is_recorded_and_decides_nothing",
)
def nobody_acted() -> None:
    """An event does not say who behind a role acted."""
    from escrowkit.table.said import Event

    of = Event.of.__func__  # type: ignore[attr-defined]

    def anonymous(cls: Any, ctx: Any, after: str) -> Any:
        from attrs import evolve

        return of(cls, evolve(ctx, actor=None), after)

    put(Event, "of", classmethod(anonymous))
