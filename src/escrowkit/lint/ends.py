"""States that no clock ends, and longest lives that end before their stages can.

This reads the rules one by one and is quick; `escrowkit.proof` walks every state, and is sure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from attrs import frozen

from escrowkit.lint.model import Lint, known, stages
from escrowkit.lint.silences import exact
from escrowkit.rulebook import Rulebook

Test = Callable[[Rulebook], bool]
#: What ends any state with money in it.
_LIMIT: Final = (("escrow.hold_limit.within", "escrow.hold_limit.on_expiry"),)
#: And what ends a rest in which nothing is asked of anybody, …
_REST: Final = (*_LIMIT, ("escrow.dormancy.idle", "escrow.dormancy.on_silence"))
#: … or any state of a dispute.
_CASE: Final = (*_LIMIT, ("dispute.longest.within", "dispute.longest.on_expiry"))
_REVIEW: Final = ("milestone.review.within", "milestone.review.on_silence")


@frozen
class Rest:
    """States in which money can rest: whether they occur, and clocks (period, answer) one of which must end them."""

    states: tuple[str, ...]
    words: str
    occurs: Test
    ends: tuple[tuple[str, str], ...]
    also: Test = lambda book: False


def _staged(stage: str) -> Test:
    return lambda book: stage in stages(book)


def _disputes(book: Rulebook) -> bool:
    return bool(known(book, "dispute.open_by")) or known(book, "milestone.review.on_silence") == ("dispute",)


def _from(key: str, value: str) -> Test:
    return lambda book: known(book, key) == value


def _moves_on(book: Rulebook) -> bool:
    """Whether a contested dispute leaves by itself: to a stage at once."""
    return bool(stages(book)) and known(book, "dispute.escalate.when") == "at once"


def _waits_for_answer(book: Rulebook) -> bool:
    """Whether somebody must answer a dispute, in a time that is not known, or to an end that is not."""
    keys = [(f"dispute.answer.{side}.within", f"dispute.answer.{side}.on_silence") for side in ("payer", "payee")]
    return _disputes(book) and any(book.has(within) and not _runs(book, (within, to)) for within, to in keys)


def _failure_stays(book: Rulebook) -> bool:
    """Whether a failed mediation may leave the dispute where it is."""
    answers = known(book, "mediation.on_failure") or ()
    return stages(book)[-1:] == ("mediation",) and next((one for one in answers if one != "next_stage"), "") == "stays"


def _pays(book: Rulebook) -> bool:
    return "arbitration" in stages(book) and known(book, "arbitration.fee.model") in ("shares", "rate", "external")


_PAY: Final = ("arbitration.pay.within", "arbitration.none_paid.gets")
_MEDIATED: Final = (*_CASE, ("mediation.longest", "mediation.on_failure"))
RESTS: Final = (
    #    states                  what it is                          whether it occurs          what ends it
    Rest(("milestone.agreed",), "a part paid in before the work starts", _from("milestone.start", "in_full"), _REST),
    Rest(("milestone.active",), "money for work that is never submitted", lambda book: True,
         _REST, lambda book: _late(book) or (_from("milestone.review.since", "active")(book) and _runs(book, _REVIEW))),
    Rest(("milestone.submitted",), "a submission that nobody answers", lambda book: True, (*_REST, _REVIEW)),
    Rest(("milestone.cancelling",), "a cancel request that nobody answers",
         lambda book: book.has("milestone.cancel.within"),
         (*_LIMIT, ("milestone.cancel.within", "milestone.cancel.on_silence"))),
    Rest(("escrow.impounded",), "a hold by the platform", lambda book: True, (*_LIMIT, ("escrow.impound.within", ""))),
    Rest(("dispute.opened",), "a dispute that nobody answers", _waits_for_answer,
         (*_CASE, ("dispute.escalate.within", "dispute.escalate.on_silence"))),
    Rest(("dispute.contested",), "a dispute that nobody takes further", _disputes,
         (*_CASE, ("dispute.escalate.within", "dispute.escalate.on_silence")), _moves_on),
    Rest(("mediation.requested",), "a mediation to which nobody is assigned", _staged("mediation"), _MEDIATED),
    Rest(("mediation.sitting",), "a mediation in which the neutral is silent", _staged("mediation"),
         (*_MEDIATED, ("mediation.recommend.within", "mediation.on_failure"))),
    Rest(("dispute.mediated", "mediation.failed"), "a dispute whose mediation has failed", _failure_stays, _CASE),
    Rest(("arbitration.offered",), "an arbitration for which nobody pays", _pays, _CASE,
         lambda book: _runs(book, _PAY) and not _from("arbitration.pay.since", "first_paid")(book)),
    Rest(("arbitration.half_funded",), "an arbitration for which one side has paid", _pays,
         (*_CASE, ("arbitration.pay.within", "arbitration.one_paid.gets"))),
    Rest(("arbitration.funded", "arbitration.hearing"), "an arbitration without an award", _staged("arbitration"),
         (*_CASE, ("arbitration.award.within", "arbitration.award.on_silence"))),
)  # fmt: skip


_MEANWHILE: Final = {
    "dispute": ("escrow.frozen",),
    "mediation": ("escrow.frozen", "dispute.mediated"),
    "arbitration": ("escrow.frozen", "dispute.arbitrated"),
}


def _late(book: Rulebook) -> bool:
    lateness = ("milestone.late.after", "milestone.late.on_silence")
    return _from("milestone.late.since", "active")(book) and _runs(book, lateness)


def _runs(book: Rulebook, clock: tuple[str, str]) -> bool:
    """Whether a clock has both its period and its answer, and both are known."""
    return all(known(book, key) is not None for key in clock if key)


def listed(book: Rulebook) -> frozenset[str]:
    """The states that `open_ended` names: "arbitration.funded, arbitration.hearing (…)"."""
    heads = (entry.partition("(")[0] for entry in book.open_ended)
    return frozenset(name for head in heads for name in re.findall(r"[a-z_]+\.[a-z_]+", head))


def ends(book: Rulebook) -> Iterator[Lint]:
    """States with money in them that no clock ends, and that the rulebook does not own up to."""
    said = listed(book)
    for rest in RESTS:
        ended = any(_runs(book, clock) for clock in rest.ends) or rest.also(book)
        if rest.occurs(book) and not ended and not said & {*rest.states, *_over(rest)}:
            keys = [within for within, _ in rest.ends]
            words = f"No clock ends {rest.words} ({', '.join(rest.states)})."
            mend = f"Settle one of {', '.join(keys)} with its answer, or name the state in open_ended."
            yield Lint("no-exit-by-clock", keys[-1], words, mend)
    yield from _too_short(book)


def _over(rest: Rest) -> tuple[str, ...]:
    """The states of other machines meanwhile: whoever names one of them has named the rest."""
    return _MEANWHILE.get(rest.states[0].partition(".")[0], ())


# -- longest lives ---------------------------------------------------------------------------------------------------

#: What comes one after the other in each life that has a longest one.
_LIVES: Final = {
    "mediation.longest": ("mediation.recommend.within", "mediation.accept.within"),
    "dispute.longest.within": ("dispute.answer", "mediation", "arbitration.pay.within", "arbitration.award.within"),
}


def _too_short(book: Rulebook) -> Iterator[Lint]:
    for key, parts in _LIVES.items():
        most = known(book, key)
        longest = exact(book, most) if most else None
        if longest is None or (key.startswith("mediation") and "mediation" not in stages(book)):
            continue
        lengths = {part: length for part in parts if (length := _length(book, part))}
        if sum(lengths.values(), timedelta()) > longest:
            needed = ", ".join(f"{part} {_days(length)}" for part, length in lengths.items())
            words = f"It is over after {most}, and its stages can take longer: {needed}."
            yield Lint("longest-too-short", key, words, "Give it as long as its stages together.")


def _length(book: Rulebook, part: str) -> timedelta | None:
    """How long a part may take, if it is there and its time is known."""
    stage = part.partition(".")[0]
    if stage in ("mediation", "arbitration") and stage not in stages(book):
        return None
    keys = {
        "dispute.answer": ("dispute.answer.payer.within", "dispute.answer.payee.within"),
        "mediation": ("mediation.longest",),
    }.get(part, (part,))
    lengths = [length for key in keys if (period := known(book, key)) and (length := exact(book, period))]
    return max(lengths, default=None)


def _days(length: timedelta) -> str:
    days = length / timedelta(days=1)
    return f"{days:g} days"
