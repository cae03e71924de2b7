"""A provider and a worker that keep their promises pass; each way of breaking one is found, with what to mend."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

import attrs
import pytest

import escrowkit as ek
from escrowkit.money import Money
from escrowkit.testing import (
    Answer,
    FakeProvider,
    KeyTaken,
    MemoryStore,
    NotKept,
    Order,
    Outbox,
    Provider,
    Status,
    Store,
    asked,
    check_provider,
    orders,
    recalled,
    report,
)
from escrowkit.testing.fakes import Crash
from escrowkit.testing.payments import Worker
from helpers import Job, day, funded

ORDER = Order("deal-1/7/payee", "m1", "payee", Money(5000, "USD"))


def test_the_fake_provider_and_the_outbox_keep_every_promise() -> None:
    check_provider(FakeProvider, failing=partial(FakeProvider, failing=3))


@pytest.mark.parametrize("faults", [{"slow": 3}, {"losing": 4}, {"slow": 1, "losing": 1}])
def test_a_slow_provider_and_one_behind_a_bad_line_keep_every_promise_too(faults: dict[str, int]) -> None:
    check_provider(partial(FakeProvider, **faults), failing=partial(FakeProvider, failing=2, **faults))


# -- orders ----------------------------------------------------------------------------------------------------------


def test_what_is_payable_and_not_reported_as_paid_is_what_is_to_be_paid() -> None:
    job = funded({"escrow.service_fee.model": "none"}, rail="slow")
    assert orders("d", job.now.history) == ()
    job("payer", ek.escrow.Release("m1", "100.00"), 1)("payee", ek.escrow.Refund("m1", "50.00"), 1)
    first, second = orders("d", job.now.history)
    assert (first.to, first.amount.text, second.to, second.amount.text) == ("payee", "100.00", "payer", "50.00")
    assert first.key == f"d/{len(job.now.history) - 2}/payee"
    paid = report(first, Answer(Status.DONE))
    assert paid is not None
    job("provider", paid, 2)
    assert orders("d", job.now.history) == (second,)
    job("provider", paid, 2)
    assert orders("d", job.now.history) == (second,)


def test_a_payout_that_failed_is_another_order_under_the_record_that_says_so() -> None:
    job = funded(rail="slow")("payee", ek.escrow.Refund("m1", "350.00"), 1)
    (order,) = orders("d", job.now.history)
    failed = report(order, Answer(Status.FAILED, "closed"))
    assert failed is not None
    job("provider", failed, 2)
    (again,) = orders("d", job.now.history)
    assert again == attrs.evolve(order, key=f"d/{len(job.now.history) - 1}/payer")


def test_an_unknown_outcome_is_no_report() -> None:
    assert report(ORDER, Answer(Status.UNKNOWN)) is None


def test_what_a_chargeback_takes_from_what_is_payable_is_not_paid() -> None:
    job = funded({"escrow.service_fee.model": "none"}, rail="slow")
    job("payer", ek.escrow.Release("m1", "100.00"), 1)("payer", ek.escrow.Release("m1", "250.00"), 1)
    job("provider", ek.escrow.ChargeBack("m1", "300.00", "cb"), 2)
    assert [(order.to, order.amount.text) for order in orders("d", job.now.history)] == [("payee", "50.00")]
    assert job.balance("payable:payee") == "50.00"


def taken_back() -> tuple[Job, tuple[Order, ...]]:
    """Releases of 100 and 250, and a chargeback of 300 that comes before their payouts are told of."""
    job = funded({"escrow.service_fee.model": "none"}, rail="slow")
    job("payer", ek.escrow.Release("m1", "100.00"), 1)("payer", ek.escrow.Release("m1", "250.00"), 1)
    before = orders("d", job.now.history)
    job("provider", ek.escrow.ChargeBack("m1", "300.00", "cb"), 2)
    return job, before


def said(order: Order, status: Status) -> ek.Command:
    told = report(order, Answer(status, "closed"))
    assert told is not None
    return told


def test_what_a_chargeback_took_back_may_have_been_sent_and_is_asked_for_until_it_is_told_of() -> None:
    job, (small, large) = taken_back()
    assert recalled("d", job.now.history) == (large, small)
    job("provider", said(large, Status.FAILED), 3)
    assert recalled("d", job.now.history) == (small,)
    job("provider", said(small, Status.DONE), 3)
    assert (recalled("d", job.now.history), orders("d", job.now.history)) == ((), ())
    assert (job.balance("payable:payee"), job.net("payee"), job.net("platform")) == ("0.00", "100.00", "-50.00")


def test_what_left_before_the_chargeback_leaves_less_to_be_paid_whichever_is_told_of_first() -> None:
    for first in (0, 1):
        job, before = taken_back()
        job("provider", said(before[first], Status.DONE), 3)
        assert orders("d", job.now.history) == ()
        job("provider", said(before[1 - first], Status.DONE), 3)
        assert not {*before} & {*recalled("d", job.now.history), *orders("d", job.now.history)}
        assert (job.net("payee"), job.net("platform"), job.balance("payable:payee")) == ("350.00", "-300.00", "0.00")


def test_a_chargeback_that_comes_back_while_a_payout_is_on_its_way_leaves_nothing_to_be_paid_twice() -> None:
    job, (small, large) = taken_back()
    job("provider", ek.escrow.ReverseChargeBack("m1", "cb"), 3)
    assert sum(order.amount.minor for order in orders("d", job.now.history)) == 350_00
    job("provider", said(large, Status.DONE), 4)
    assert sum(order.amount.minor for order in orders("d", job.now.history)) == 100_00
    job("provider", said(small, Status.DONE), 4)
    assert (orders("d", job.now.history), job.net("payee"), job.net("platform")) == ((), "350.00", "0.00")


def test_two_chargebacks_of_one_payout_leave_one_rest_and_it_goes_when_the_whole_had_left() -> None:
    job = funded({"escrow.service_fee.model": "none"}, rail="slow")("payer", ek.escrow.Release("m1", "350.00"), 1)
    (order,) = orders("d", job.now.history)
    for number, sum_ in enumerate(("100.00", "200.00")):
        job("provider", ek.escrow.ChargeBack("m1", sum_, f"cb-{number}"), 2)
    assert [(one.amount.text) for one in orders("d", job.now.history)] == ["50.00"]
    job("provider", said(order, Status.DONE), 3)
    assert (orders("d", job.now.history), job.net("payee")) == ((), "350.00")


def test_nothing_is_paid_around_a_payout_of_which_nobody_knows_whether_it_left() -> None:
    job, (_, large) = taken_back()
    provider = FakeProvider(slow=1)
    provider.pay(large)
    provider._asked.clear()
    first = list(asked("d", job.now.history, provider))
    assert [(order, answer.status) for order, answer in first] == [(large, Status.UNKNOWN)]
    second = list(asked("d", job.now.history, provider))
    assert [(order, answer.status) for order, answer in second] == [(large, Status.DONE)]
    assert provider.statement() == (large,)
    never = list(asked("d", job.now.history, FakeProvider()))
    assert [order.amount.text for order, _ in never] == ["50.00"]


def test_on_an_instant_rail_nothing_is_to_be_paid() -> None:
    job: Job = funded()("payer", ek.escrow.Release("m1", "350.00"), 1).wait(90)
    assert job.balance("world:payee") == "350.00"
    assert orders("d", job.now.history) == ()


# -- the fake --------------------------------------------------------------------------------------------------------


def test_the_fake_takes_a_key_for_one_order_alone() -> None:
    provider = FakeProvider()
    provider.pay(ORDER)
    with pytest.raises(KeyTaken, match="deal-1/7/payee is the key of"):
        provider.pay(attrs.evolve(ORDER, to="payer"))
    assert provider.statement() == (ORDER,)


def test_faults_of_the_fake_can_be_switched_on_and_run_out() -> None:
    provider = FakeProvider(losing=1)
    assert provider.pay(ORDER).status is Status.UNKNOWN
    assert provider.look_up(ORDER.key) is None
    assert provider.pay(ORDER).status is Status.DONE
    provider.failing, provider.slow = 1, 1
    other = attrs.evolve(ORDER, key="deal-1/9/payee")
    assert [provider.pay(other).status for _ in range(3)] == [Status.UNKNOWN, Status.FAILED, Status.FAILED]
    assert provider.statement() == (ORDER,)


# -- broken providers ------------------------------------------------------------------------------------------------


class PaysTwice(FakeProvider):
    """Knows no keys (A1, A14)."""

    def pay(self, order: Order) -> Answer:
        self._moved.append(order)
        self._orders[order.key], self._answers[order.key] = order, Answer(Status.DONE)
        return Answer(Status.DONE)


class ChangesItsAnswer(FakeProvider):
    """Calls the same order again a failure (A9)."""

    def pay(self, order: Order) -> Answer:
        known = order.key in self._orders
        return Answer(Status.FAILED, "duplicate") if known else super().pay(order)


class CallsATimeoutAFailure(FakeProvider):
    """The money has left, and it says that it failed (A21)."""

    def pay(self, order: Order) -> Answer:
        answer = super().pay(order)
        return Answer(Status.FAILED, "timeout") if answer.status is Status.UNKNOWN else answer


class ComparesSums(FakeProvider):
    """Takes the same sum to the same one for the same order (A18)."""

    def pay(self, order: Order) -> Answer:
        same = [one for one in self._moved if (one.to, one.amount) == (order.to, order.amount)]
        return Answer(Status.DONE) if same else super().pay(order)


class TakesAnyOrder(FakeProvider):
    """Pays whatever comes under a known key (A2)."""

    def pay(self, order: Order) -> Answer:
        known = self._orders.get(order.key)
        if known is not None and known != order:
            self._moved.append(order)
            return Answer(Status.DONE)
        return super().pay(order)


class KnowsNoneAsFailed(FakeProvider):
    """An order that never came has failed (A8)."""

    def look_up(self, key: str) -> Answer | None:
        return super().look_up(key) or Answer(Status.FAILED, "not found")


class CutsKeys(FakeProvider):
    """Hands on the first characters of a key."""

    def pay(self, order: Order) -> Answer:
        cut = order.key[:8]
        if any(key[:8] == cut for key in self._orders) and order.key not in self._orders:
            return Answer(Status.DONE)
        return super().pay(order)


class LooksAndPays(FakeProvider):
    """Looks first and pays later (A3, A12)."""

    def pay(self, order: Order) -> Answer:
        known = order.key in self._orders
        time.sleep(0.002)
        if not known:
            self._moved.append(order)
            self._orders[order.key], self._answers[order.key] = order, Answer(Status.DONE)
            return Answer(Status.DONE)
        return super().pay(order)


class WholeUnits(FakeProvider):
    """Has two decimals for every currency, and none of its own to lose."""

    def pay(self, order: Order) -> Answer:
        answer = super().pay(order)
        self._moved = [attrs.evolve(o, amount=Money(o.amount.minor // 10 * 10, o.amount.currency)) for o in self._moved]
        return answer


class RefundsToThePayee(FakeProvider):
    """Knows one recipient."""

    def pay(self, order: Order) -> Answer:
        answer = super().pay(order)
        self._moved = [attrs.evolve(moved, to="payee") for moved in self._moved]
        return answer


class ForgetsKeys(FakeProvider):
    """Keeps a key until the next order is paid (E12)."""

    def pay(self, order: Order) -> Answer:
        if order.key not in self._orders:
            self._orders.clear()
        return super().pay(order)


BROKEN: dict[Callable[[], Provider], tuple[str, str]] = {
    PaysTwice: ("an order is paid once", "as the idempotency key"),
    ChangesItsAnswer: ("an order is paid once", "store the answer"),
    partial(CallsATimeoutAFailure, slow=1): ("an order is paid once", "as the idempotency key"),
    ComparesSums: ("orders are told apart", "never sums"),
    TakesAnyOrder: ("a key belongs to one order", "raise KeyTaken"),
    KnowsNoneAsFailed: ("an order can be looked up", "and not FAILED"),
    CutsKeys: ("orders are told apart", "compare whole keys"),
    LooksAndPays: ("of racing workers", "claim the key"),
    WholeUnits: ("an order is paid once", "as the idempotency key"),
    RefundsToThePayee: ("orders are told apart", "compare whole keys"),
    ForgetsKeys: ("each entry is paid exactly once", "ask again under the same key"),
}


def _name(broken: Any) -> str:
    return str(getattr(broken, "func", broken).__name__)


@pytest.mark.parametrize("broken", BROKEN, ids=_name)
def test_a_broken_provider_is_told_which_promise_it_breaks_and_how_to_mend_it(broken: Callable[[], Provider]) -> None:
    promise, mend = BROKEN[broken]
    with pytest.raises(NotKept) as told:
        check_provider(broken)
    found = next(one for one in told.value.problems if one.promise.words.startswith(promise))
    assert mend in found.promise.mend
    assert found.found in str(told.value)


class FailsAndPays(FakeProvider):
    """What failed is paid when it is sent again: the answer of a key is not kept."""

    def pay(self, order: Order) -> Answer:
        answer = super().pay(order)
        if answer.status is Status.FAILED:
            self._answers[order.key] = Answer(Status.DONE)
            self._moved.append(order)
        return answer


class PaysWhatFailed(FakeProvider):
    """Says that it failed, and pays (A19)."""

    def pay(self, order: Order) -> Answer:
        answer = super().pay(order)
        if answer.status is Status.FAILED and order not in self._moved:
            self._moved.append(order)
        return answer


@pytest.mark.parametrize("broken", [FailsAndPays, PaysWhatFailed])
def test_a_provider_whose_failures_are_none_is_found(broken: Callable[..., Provider]) -> None:
    with pytest.raises(NotKept, match="what is told failed never moved"):
        check_provider(FakeProvider, failing=partial(broken, failing=1))


# -- broken workers --------------------------------------------------------------------------------------------------


class Own:
    """A worker of one's own: it pays in its own way, and reports like the outbox."""

    def __init__(self, store: Store, provider: Provider) -> None:
        self.store = store
        self.provider = provider

    def _told(self, id: str, order: Order, answer: Answer, at: datetime) -> None:
        said = report(order, answer)
        if said is not None:
            Outbox(self.store, self.provider)._tell(id, said, at, f"{order.key} {answer.status}")


class FreshKeys(Own):
    """Another key for every attempt (A8)."""

    attempt: ClassVar[int] = 0

    def run(self, id: str, at: datetime) -> object:
        for order in orders(id, self.store.load(id)):
            FreshKeys.attempt += 1
            answer = self.provider.pay(attrs.evolve(order, key=f"{order.key} {self.attempt}"))
            self._told(id, order, answer, at)
        return None


class UnknownIsFailed(Own):
    """An outcome that is not known is a failure, and a failure is tried again (A21)."""

    def run(self, id: str, at: datetime) -> object:
        for order in orders(id, self.store.load(id)):
            answer = self.provider.pay(order)
            if answer.status is Status.UNKNOWN:
                answer = Answer(Status.FAILED, "timeout")
            self._told(id, order, answer, at)
        return None


class UnknownIsDone(Own):
    """It was sent, so it was paid (B29)."""

    def run(self, id: str, at: datetime) -> object:
        for order in orders(id, self.store.load(id)):
            self.provider.pay(order)
            self._told(id, order, Answer(Status.DONE), at)
        return None


class TellsFirst(Own):
    """Writes it down as paid, and pays then (A10)."""

    def run(self, id: str, at: datetime) -> object:
        for order in orders(id, self.store.load(id)):
            self._told(id, order, Answer(Status.DONE), at)
            self.provider.pay(order)
        return None


class KeepsItsClaims(Own):
    """Claims an order before it is paid, and nobody takes the claim of a worker that stopped (B34, E3)."""

    claimed: ClassVar[set[tuple[int, str]]] = set()

    def run(self, id: str, at: datetime) -> object:
        for order in orders(id, self.store.load(id)):
            claim = (id_of(self.store), order.key)
            if claim not in self.claimed:
                self.claimed.add(claim)
                self._told(id, order, self.provider.pay(order), at)
        return None


class GivesUp(Own):
    """Does not report what failed, so it stays as it is (B36)."""

    def run(self, id: str, at: datetime) -> object:
        for order in orders(id, self.store.load(id)):
            answer = self.provider.pay(order)
            if answer.status is Status.DONE:
                self._told(id, order, answer, at)
        return None


class OneSum(Own):
    """Pays all that is payable to one in one sum, as it stands now (A15)."""

    def run(self, id: str, at: datetime) -> object:
        open_ = orders(id, self.store.load(id))
        for to in {order.to for order in open_}:
            all_ = [order for order in open_ if order.to == to]
            sum_ = sum((order.amount for order in all_), Money.zero(all_[0].amount.currency))
            answer = self.provider.pay(attrs.evolve(all_[0], amount=sum_))
            for order in all_:
                self._told(id, order, answer, at)
        return None


class PaysAround(Own):
    """Pays the rest of what a chargeback took back, and does not ask whether the whole had left already."""

    def run(self, id: str, at: datetime) -> object:
        for order in orders(id, self.store.load(id)):
            self._told(id, order, self.provider.look_up(order.key) or self.provider.pay(order), at)
        return None


def id_of(store: Any) -> int:
    """Which store it is, behind its disk."""
    return id(store.store)


@pytest.mark.parametrize(
    "worker",
    [FreshKeys, UnknownIsFailed, UnknownIsDone, TellsFirst, KeepsItsClaims, GivesUp, OneSum, PaysAround],
    ids=_name,
)
def test_a_broken_worker_is_found(worker: Callable[..., Worker]) -> None:
    with pytest.raises(NotKept, match="each entry is paid exactly once") as told:
        check_provider(FakeProvider, worker=worker, failing=partial(FakeProvider, failing=1))
    assert "life" in told.value.problems[0].found


def test_the_outbox_goes_on_where_a_worker_stopped_after_the_money_had_left() -> None:
    """E3, B34: nothing but the store and the provider remembers."""

    class Stops(FakeProvider):
        stops = True

        def pay(self, order: Order) -> Answer:
            answer = super().pay(order)
            if self.stops:
                raise Crash
            return answer

    store, provider = MemoryStore(), Stops()
    job = funded(rail="slow")("payee", ek.escrow.Refund("m1", "350.00"), 1)
    store.append("d", job.now.history, expected=0, due=None)
    with pytest.raises(Crash):
        Outbox(store, provider).run("d", day(2))
    provider.stops = False
    assert Outbox(store, provider).run("d", day(3)) == ()
    assert Outbox(store, provider).run("d", day(4)) == ()
    assert len(provider.statement()) == 1
    now = ek.replay(store.load("d"))
    assert (now.balance("payable:payer").text, now.net("payer").text) == ("0.00", "0.00")
