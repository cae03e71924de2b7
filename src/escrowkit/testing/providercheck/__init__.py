"""What a payment provider's adapter promises, and whether one keeps it, with the worker that pays through it."""

from __future__ import annotations

from functools import partial
from typing import Final

from escrowkit.testing.payments import Outbox
from escrowkit.testing.promises import Promise, check
from escrowkit.testing.providercheck import lives, single
from escrowkit.testing.providercheck.lives import Workers
from escrowkit.testing.providercheck.single import Factory


def check_provider(factory: Factory, *, worker: Workers = Outbox, failing: Factory | None = None) -> None:
    """Whether an adapter keeps what it promises: `factory()` makes one whose statement is empty (a test account).

    `worker(store, provider)` makes what pays the orders, in place of `Outbox`. `failing()` makes an adapter at which
    some payments fail, such as one with a closed account; without it, failures are not tried.

    >>> from escrowkit.testing import FakeProvider, check_provider
    >>> check_provider(FakeProvider, failing=lambda: FakeProvider(failing=2))

    The adapter is asked directly, then behind a line that breaks before and after it is reached, loses answers and
    carries orders twice, by workers that stop anywhere, come back and overtake one another. Then the provider's
    statement must be what the entries make payable, each once. Raises `NotKept` with every promise that is not kept.
    """
    check("the provider", PROMISES, factory)
    check("the worker, with this provider,", _whole(worker), factory)
    if failing is not None:
        check("a provider at which payments fail", FAILING, failing)
        check("the worker, where payments fail,", _whole(worker), failing)


PROMISES: Final = (
    Promise(
        "an order is paid once, however often it is sent, and the answer stays the same",
        "send `order.key` as the idempotency key, and store the answer under it",
        single.pays_once,
    ),
    Promise(
        "a key belongs to one order",
        "compare sum and recipient with what the key stands for, and raise KeyTaken",
        single.key_is_of_one_order,
    ),
    Promise(
        "orders are told apart by their keys alone, and moved to the last unit",
        "compare whole keys, and never sums or recipients; hand minor units on as the currency has them",
        single.apart,
    ),
    Promise(
        "an order can be looked up, and one that never came is None",
        "ask the provider by the key; None, and not FAILED, where it knows none",
        single.looked_up,
    ),
    Promise(
        "of racing workers with one order one moves the money",
        "claim the key before the money moves, in one step",
        single.race_is_won_once,
    ),
)

FAILING: Final = (
    Promise(
        "what is told failed never moved, what is told done did, and neither changes",
        "answer FAILED only where the provider says that nothing will move; a timeout is UNKNOWN",
        single.tells_the_truth,
    ),
)

_ONCE = "each entry is paid exactly once, whatever stops, breaks, gets lost or comes twice"
_MEND = (
    "pay after the history is stored, under a key made of agreement and record number; ask again under the same key; "
    "an unknown outcome is no failure; report each answer once; begin from what is stored"
)


def _whole(worker: Workers) -> tuple[Promise, ...]:
    return (Promise(_ONCE, _MEND, partial(lives.each_entry_is_paid_once, workers=worker)),)
