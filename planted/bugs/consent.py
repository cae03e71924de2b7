"""F: consent, terms, who may do what."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from escrowkit import conditions
from escrowkit.agreement import deciding
from escrowkit.machines import escrow, milestone
from escrowkit.machines.arbitration import guards as arbitration_guards
from escrowkit.machines.dispute import guards as dispute_guards
from escrowkit.machines.dispute.record import Dispute
from escrowkit.machines.escrow import guards as escrow_guards
from escrowkit.machines.mediation import events as mediation_events
from escrowkit.machines.mediation import guards as mediation_guards
from escrowkit.machines.mediation import record as mediation_record
from escrowkit.machines.milestone import S as W
from escrowkit.machines.milestone import guards as milestone_guards
from escrowkit.reactions import REACTIONS, _void_requests
from escrowkit.roles import Role
from planted.canary import canary
from planted.edits import edit_rows, put, reclock, retable, unreact


@canary(
    "F1",
    "An approval of 100 still counted after the amount had become 120.",
    caught_by="machines_milestone.py::test_money_that_moves_voids_a_request_over_the_old_sum",
)
def consents_survive_the_sum() -> None:
    """A request over what was held stands when what is held has changed."""
    for number, one in enumerate(REACTIONS):
        for event in one.on if one.make is _void_requests else ():
            unreact(event, number)


@canary("F2", "What was paid could be rewritten.", caught_by="machines_milestone.py::test_what_is_final_stays")
def final_is_not() -> None:
    """A completed milestone can be submitted and approved again."""

    def edit(row: Any) -> Any:
        mine = row.command in (milestone.Submit, milestone.RequestChanges, milestone.Approve) and not row.waits
        return evolve(row, on=(*row.on, W.COMPLETED), then=W.ACTIVE, when=()) if mine else row

    edit_rows(milestone.TABLE, edit)


@canary(
    "F3",
    "An admin made a milestone smaller before it was funded, and nobody noticed.",
    caught_by="machines_milestone.py::test_other_terms_than_those_proposed_cannot_be_accepted",
)
def any_terms() -> None:
    """An acceptance need not repeat the terms that stand."""
    milestone_guards.same_as_proposed.test = lambda ctx: True


@canary(
    "F4",
    "A signature named an index and not an amount.",
    caught_by="machines_milestone.py::test_agreeing_repeats_the_sum_and_nobody_agrees_to_an_own_request",
)
def any_refund() -> None:
    """Agreeing to a request need not repeat its sum."""
    milestone_guards.same_refund.test = lambda ctx: True


@canary(
    "F5",
    "The resolver was one of the two sides.",
    caught_by="machines_mediation.py::test_a_mediator_is_assigned_by_the_platform_and_is_no_party",
)
def judges_of_their_own_cause() -> None:
    """A party can be the mediator."""
    mediation_guards.mediator_is_no_party.test = lambda ctx: True


@canary(
    "F7",
    "A signature was used again in the next dispute.",
    caught_by="machines_mediation.py::test_a_replaced_mediators_recommendation_is_void",
)
def consents_survive_their_round() -> None:
    """Who accepted one recommendation has accepted the next."""

    def recommended(it: Any, event: Any) -> dict[str, Any]:
        return {"recommendation": event.to_payee, "recommended_at": event.at}

    sits = mediation_record._sits
    lines = mediation_record._CHANGES._lines
    lines[mediation_events.Recommended] = recommended
    lines[mediation_events.Replaced] = lambda it, event: {**sits(it, event), "accepted": it.accepted}


@canary(
    "F8",
    "A signed proposal had no end.",
    caught_by="machines_dispute.py::test_an_offer_lapses_or_executes_as_the_rulebook_says",
)
def offers_stand_for_ever() -> None:
    """An offer has no clock."""
    reclock(lambda clock: None if clock.name == "offer" else clock)


@canary(
    "F10",
    "The price of a third party was raised between the agreement and its use.",
    caught_by="machines_arbitration.py::test_a_side_pays_exactly_its_share_and_once",
)
def any_share() -> None:
    """A side may pay any sum as its share of the fee."""
    arbitration_guards.exact_share.test = lambda ctx: True


@canary(
    "F11",
    "One of two ways to release asked what the other did not.",
    caught_by="machines_escrow.py::test_under_the_platforms_hold_nobody_moves_and_clocks_wait",
)
def holds_bind_only_some() -> None:
    """The platform's hold is not asked for by the moves of an escrow."""
    retable(escrow.TABLE, escrow.TABLE.rows, over=())


@canary(
    "F12",
    "A threshold counted one signature twice.",
    caught_by="conditions.py::test_all_any_and_n_of_hold_as_a_count_of_their_parts_says",
)
def one_less_is_enough() -> None:
    """Of n parts of a release condition one less will do, where there are more than one."""
    due = conditions.AtLeast.due

    def early(self: Any, facts: Any) -> Any:
        return due(evolve(self, n=max(1, self.n - 1)), facts)

    put(conditions.AtLeast, "due", early)


@canary(
    "F13",
    "A permit was used twice.",
    caught_by="machines_dispute.py::test_a_declined_offer_is_gone_and_a_new_one_replaces_the_old",
)
def offers_stay() -> None:
    """An offer that was declined can be accepted still."""

    def latest(self: Any, side: Role) -> Any:
        return next((offer for offer in reversed(self.offers) if offer.by == side), None)

    put(Dispute, "standing", latest)


@canary(
    "F14",
    "Who was trusted could make more of its kind.",
    caught_by="agreement.py::test_nobody_outside_is_the_clock_or_the_rules",
)
def anybody_is_the_rules() -> None:
    """A caller may speak as the clock and as the rules."""
    put(deciding, "CALLERS", frozenset(Role))


@canary(
    "F15",
    "Either side alone chose the arbitrator.",
    caught_by="machines_arbitration.py::test_an_arbitrator_is_appointed_by_whom_the_rulebook_names_and_is_no_party",
)
def any_side_appoints() -> None:
    """Whoever likes appoints the arbitrator."""
    arbitration_guards.may_appoint.test = lambda ctx: True


@canary(
    "F16",
    "An observer could open a dispute.",
    caught_by="machines_dispute.py::test_who_may_not_open_is_told_that_before_anything_about_sums",
)
def anybody_disputes() -> None:
    """Whom the rulebook does not name opens a dispute all the same."""
    dispute_guards.may_open.test = lambda ctx: True


@canary(
    "F17",
    "A payee released to itself.",
    caught_by="machines_escrow.py::test_only_whom_the_rulebook_names_releases_or_refunds",
)
def payees_pay_themselves() -> None:
    """A release by either side or the platform is accepted, whatever the rulebook says."""
    escrow_guards.may_release.test = lambda ctx: True
