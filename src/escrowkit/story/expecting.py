"""Expectations: each claim gives (what, wanted, found)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from escrowkit import foresight, trackrecord
from escrowkit.agreement import Agreement
from escrowkit.errors import EscrowError, Refused
from escrowkit.money import Money

if TYPE_CHECKING:
    from escrowkit.story.playing import Player


Found = Iterator[tuple[str, Any, Any]]


def _sum(text: Any, currency: str) -> Any:
    """A wanted amount, normalised; what is no amount stays as it is and so never fits."""
    try:
        return str(Money.parse(text, currency))
    except EscrowError:
        return text


def _currency(text: Any, otherwise: str) -> str:
    """The currency that an amount names."""
    named = text.split(" ") if isinstance(text, str) else []
    return named[1] if len(named) == 2 and named[1].isupper() else otherwise


def _state(player: Player, wanted: Mapping[str, str]) -> Found:
    for name, state in wanted.items():
        try:
            yield name, state, player.agreement.state(name)
        except Refused as refused:
            yield name, state, refused.words


def _by_currency(player: Player, wanted: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(wanted, Mapping) and set(wanted) <= set(player.agreement.currencies):
        yield from wanted.items()
    else:
        yield player.story.currency, wanted


def _net(player: Player, wanted: Any) -> Found:
    for currency, nets in _by_currency(player, wanted):
        for name, sum_ in nets.items():
            yield f"net of {name}", _sum(sum_, currency), str(player.agreement.net(name, currency))


def _held(player: Player, wanted: Any) -> Found:
    for currency, sum_ in _by_currency(player, wanted):
        yield "everything held", _sum(sum_, currency), str(player.agreement.held(currency))


def _outcome(player: Player, wanted: Mapping[str, Mapping[str, str]]) -> Found:
    for id_, claims in wanted.items():
        found = foresight.outcome(player.agreement, id_)
        for key, want in claims.items():
            yield f"outcome of {id_}, {key}", want, getattr(found, key, None) and str(getattr(found, key))


def _due(player: Player, wanted: Mapping[str, Any]) -> Found:
    found = next(iter(foresight.due(player.agreement)), None)
    has = {"who": found.party, "clock": found.clock, "by": found.at} if found else {}
    for key, want in wanted.items():
        yield f"next deadline, {key}", want, has.get(key)


def _balance(player: Player, wanted: Mapping[str, Any]) -> Found:
    for account, sum_ in wanted.items():
        lane = player.agreement.lanes.get(re.split("[/:]", account)[1])
        currency = lane.currency if lane else _currency(sum_, player.story.currency)
        yield f"balance of {account}", _sum(sum_, currency), str(player.agreement.balance(account, currency))


def _totals(player: Player, wanted: Mapping[str, Any]) -> Found:
    found = foresight.exposure(player.agreement)
    for key, sum_ in wanted.items():
        yield f"total {key}", _sum(sum_, player.story.currency), str(getattr(found, key, None))


def _silence(player: Player, wanted: Mapping[str, str]) -> Found:
    for id_, who in wanted.items():
        yield f"who gets {id_} by silence", who, foresight.silence(player.agreement, id_)


def _owed(player: Player, wanted: Mapping[str, Any]) -> Found:
    for pair, sum_ in wanted.items():
        debtor, _, creditor = pair.partition(">")
        currency = _currency(sum_, player.story.currency)
        found = player.agreement.owed(currency).get((debtor, creditor), Money(0, currency))
        yield f"owed {pair}", _sum(sum_, currency), str(found)


def _warns(player: Player, wanted: list[str]) -> Found:
    for warning in wanted:
        yield f"warning {warning}", True, warning in player.warnings


def _standing(player: Player, wanted: Mapping[str, Any]) -> Found:
    """What is said of a side; a text is its conduct."""
    for side, said in wanted.items():
        claims = said if isinstance(said, Mapping) else {"conduct": said}
        for key, want in claims.items():
            for what, wish, found in STANDING[key](player.agreement, side, want):
                yield f"{what} of the {side}", wish, found


def _feedback(now: Agreement, side: str, wanted: Mapping[str, str]) -> Found:
    for id_, want in wanted.items():
        told = now.lanes[id_].feedback if id_ in now.lanes else None
        yield f"feedback on {id_}", want, "none" if told is None else told.of(side)


#: What a story may say of a side's standing.
STANDING: Final[Mapping[str, Callable[[Agreement, str, Any], Found]]] = {
    "conduct": lambda now, side, want: iter([("conduct", want, now.state(f"conduct.{side}"))]),
    "strikes": lambda now, side, want: iter([("strikes", want, now.conduct_of(side).strikes)]),
    "lacks": lambda now, side, want: iter(
        [("rights taken", sorted(want), sorted(now.conduct_of(side).lacking(now.at)))]
    ),
    "feedback": _feedback,
}


def _stats(player: Player, wanted: Mapping[str, Mapping[str, int]]) -> Found:
    """What this agreement adds to the track record of a side."""
    for side, counts in wanted.items():
        found = trackrecord.of(player.agreement, side)
        for name, want in counts.items():
            yield f"{name} in the record of the {side}", want, found.count(name)


CHECKS: Final[Mapping[str, Callable[[Player, Any], Found]]] = {
    "state": _state,
    "net": _net,
    "held": _held,
    "outcome": _outcome,
    "due": _due,
    "balance": _balance,
    "totals": _totals,
    "silence": _silence,
    "owed": _owed,
    "warns": _warns,
    "standing": _standing,
    "stats": _stats,
}
