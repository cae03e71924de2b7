"""A track record counts what has ended, withholds what says too little, and never depends on the order."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import escrowkit as ek
from escrowkit import story
from escrowkit.agreement import Agreement
from escrowkit.errors import BadArgument
from escrowkit.trackrecord import COUNTS, NAMES, Ratings, TrackRecord, merge, of, percent, track_record
from helpers import SHARED, Job, contested, disputed, funded, hearing, submitted

RATED = {"conduct.feedback.within": "14 days"}


def paid(rules: Mapping[str, Any] | None = None, **more: Any) -> Job:
    return submitted(rules, **more)("payer", ek.milestone.Approve("m1", "zip"), 2)


def counted(job: Job, side: str = "payer") -> set[str]:
    record = of(job.now, side)
    assert record.contracts == 1
    return {name for name in NAMES[2:] if record.count(name)}


# -- what is counted -------------------------------------------------------------------------------------------------


def test_what_still_runs_is_only_running() -> None:
    for job in (Job(), submitted(), disputed(), paid({"dispute.reopen": "always", "dispute.lookback": "9 days"})):
        running = job.state("milestone") != "completed"
        assert of(job.now, "payer") == TrackRecord(0, 1) if running else of(job.now, "payer").contracts == 1
    job = paid({"dispute.reopen": "always", "dispute.lookback": "9 days"})(
        "payer", ek.dispute.Open("m1", "9.00", "x"), 3
    )
    assert of(job.now, "payer") == TrackRecord(0, 1)


def test_paid_in_full() -> None:
    assert counted(paid()) == {"paid_in_full"}
    assert counted(submitted().wait(15)) == {"paid_in_full"}


def test_cancelled_is_whatever_paid_the_payee_nothing() -> None:
    assert counted(Job()("payer", ek.milestone.Cancel("m1"))) == {"cancelled"}
    assert counted(funded()("payee", ek.milestone.Cancel("m1"))) == {"cancelled", "refunded"}


def test_closed_before_it_was_completed() -> None:
    two = (("m1", "350.00"), ("m2", "100.00"))
    assert counted(paid(milestones=two)("payer", ek.agreement.End("Enough."))) == {"closed_early"}
    job = funded()("payer", ek.escrow.Release("m1", "100.00"))("payee", ek.milestone.Cancel("m1"))
    assert counted(job) == {"closed_early", "refunded"}


def test_money_that_was_given_back_after_its_release_was_not_paid_in_full() -> None:
    job = paid()("payee", ek.escrow.RefundReleased("m1", "50.00"), 3)
    assert counted(job) == {"closed_early", "refunded"}


def test_what_an_award_makes_the_payee_owe_was_not_paid() -> None:
    rules = {"dispute.lookback": "90 days", "dispute.stages": [], "dispute.reopen": "always"}
    job = paid(rules)("payer", ek.dispute.Open("m1", "350.00", "It broke."), 3)
    job("payee", ek.dispute.Concede("m1", "350.00"), 4)
    assert counted(job) == {"cancelled", "disputed"}


def test_disputes_mediations_and_arbitrations() -> None:
    assert counted(hearing()("arbitrator", ek.arbitration.Award("m1", "350.00", "so"))) == {
        "paid_in_full",
        "disputed",
        "arbitrated",
    }
    job = contested({"dispute.stages": ["mediation"], "mediation.power": "recommend"})
    job("payer", ek.dispute.Offer("m1", "100.00"))("payee", ek.dispute.AcceptOffer("m1", "100.00"))
    assert counted(job) == {"closed_early", "refunded", "disputed", "mediated"}


def test_an_arbitration_that_nobody_was_appointed_to_was_none() -> None:
    job = contested({**SHARED, "arbitration.pay.order": "any"}).wait(60)
    assert counted(job, "payee") == {"closed_early", "refunded", "disputed"}


def test_a_default_counts_for_the_side_that_was_silent_alone() -> None:
    job = disputed(by="payee").wait(9)
    assert "defaulted" in counted(job, "payer")
    assert "defaulted" not in counted(job, "payee")


def test_a_chargeback_is_no_refund() -> None:
    job = paid({"escrow.chargeback": "platform"})
    job("provider", ek.escrow.ChargeBack("m1", "350.00", "cb-1"), 3)
    assert counted(job) >= {"charged_back"}
    assert "refunded" not in counted(job)


def test_a_suspension_counts_for_who_was_suspended() -> None:
    job = paid()("platform", ek.conduct.Suspend("payer", "Two accounts."), 3)
    job("platform", ek.conduct.Reinstate("payer", "One account."), 4)
    assert "suspended" in counted(job, "payer")
    assert "suspended" not in counted(job, "payee")


def test_the_first_three_exclude_one_another() -> None:
    for agreement in lives():
        for side in ("payer", "payee"):
            record = of(agreement, side)
            assert sum(record.count(count.name) for count in COUNTS[:3]) == record.contracts


def test_ratings_count_once_they_are_published() -> None:
    job = paid({**RATED, "conduct.feedback.sealed": True})("payer", ek.feedback.Write("m1", 4), 3)
    assert of(job.now, "payee").received == Ratings()
    job("payee", ek.feedback.Write("m1", 5), 3)
    record = of(job.now, "payee")
    assert (record.received.average, record.given.average) == (Fraction(4, 5), Fraction(1))
    assert of(job.now, "payer").given == record.received


# -- shares ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("contracts", "share"), [(0, None), (4, None), (5, Fraction(1, 5)), (6, Fraction(1, 6))])
def test_a_share_is_withheld_below_the_smallest_sample(contracts: int, share: Fraction | None) -> None:
    record = TrackRecord(contracts, 0, {"cancelled": 1})
    assert record.share("cancelled") == share
    assert record.text("cancelled") == ("1" if share is None else f"1 ({percent(share)})")


def test_the_smallest_sample_can_be_chosen_and_is_never_nothing() -> None:
    record = TrackRecord(1, 3, {"cancelled": 1})
    assert record.share("cancelled", least=1) == 1
    assert TrackRecord().share("cancelled", least=0) is None
    assert (record.text("contracts", least=1), record.text("running", least=1)) == ("1", "3")


def test_a_record_as_data_withholds_shares_and_averages_alike() -> None:
    few = TrackRecord(2, 1, {"disputed": 1}, Ratings(2, Fraction(8, 5)))
    assert few.data()["disputed"] == {"count": 1, "share": None}
    assert few.data()["given"] == {"count": 2, "average": None}
    assert few.data(least=2)["disputed"] == {"count": 1, "share": "50%"}
    assert few.data(least=2)["given"] == {"count": 2, "average": "80%"}
    assert few.data(least=0)["received"] == {"count": 0, "average": None}
    assert few.data()["running"] == 1


def test_what_is_not_counted_is_told_by_its_name() -> None:
    with pytest.raises(BadArgument, match="niceness"):
        TrackRecord().count("niceness")
    with pytest.raises(BadArgument):
        of(Job().now, "platform")
    with pytest.raises(TypeError):
        TrackRecord() + 1  # type: ignore[operator]


# -- the order does not matter ---------------------------------------------------------------------------------------


@cache
def lives() -> tuple[Agreement, ...]:
    """The agreements of all shipped stories, at their ends."""
    played = (story.play(story.read(name)).agreement for name in story.shipped())
    return tuple(agreement for agreement in played if agreement is not None)


@cache
def parts() -> tuple[TrackRecord, ...]:
    return tuple(of(agreement, side) for agreement in lives() for side in ("payer", "payee"))


@given(order=st.permutations(range(12)), data=st.data())
def test_no_order_of_folding_changes_a_record(order: list[int], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(lives()) - 12))
    some = lives()[first : first + 12]
    party = some[0].parties["payer"]
    assert track_record([some[n] for n in order], party) == track_record(some, party)


RECORDS = st.lists(st.integers(0, 60), max_size=6).map(lambda picked: merge(parts()[n] for n in picked))


@given(a=RECORDS, b=RECORDS, c=RECORDS)
def test_merging_is_associative_and_commutative_and_nothing_adds_nothing(
    a: TrackRecord, b: TrackRecord, c: TrackRecord
) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + TrackRecord() == a == merge([a])


@given(cut=st.integers(0, 30))
def test_parts_that_were_folded_elsewhere_make_the_same_record(cut: int) -> None:
    whole = track_record(lives()[:30], "client")
    assert track_record(lives()[:cut], "client") + track_record(lives()[cut:30], "client") == whole


def test_a_record_is_of_one_party_and_if_one_likes_of_one_side() -> None:
    now = paid().now
    assert track_record([now], "ada").contracts == 1
    assert track_record([now], "ada", side="payee").contracts == 0
    assert track_record([now], "nobody") == TrackRecord()
