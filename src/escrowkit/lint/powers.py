"""Powers that nobody holds, and rules of stages that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from escrowkit.lint.model import Lint, known, stages
from escrowkit.pot import TABLES
from escrowkit.roles import Role, role_of
from escrowkit.rulebook import Rulebook
from escrowkit.schema import KEYS, ROLES, Power

KEY: Final = "power-nobody-holds"
#: Cancelling asks in words of its own who may; the payee always may.
_CANCEL: Final = {"milestone.late.right": "late", "milestone.early.right": "early"}


@cache
def able() -> dict[str, frozenset[Role]]:
    """The roles that could use each power of a rulebook: those that a row of a table names whose guard reads it."""
    found: dict[str, frozenset[Role]] = dict.fromkeys(_CANCEL, frozenset({Role.PAYER, Role.PAYEE, Role.PLATFORM}))
    for table in TABLES.values():
        for row in table.rows:
            for check in row.when:
                for key in getattr(check, "reads", ()):
                    if KEYS[key].kind is ROLES:
                        found[key] = found.get(key, frozenset()) | row.by
    return found


def powers(book: Rulebook) -> Iterator[Lint]:
    """Role lists that name who never can, stages and rights that nobody can start."""
    for key, roles in able().items():
        named = known(book, key) or ()
        for name in named if book.given(key) else ():
            if role_of(name if name != "witness" else "witness:any") not in roles:
                can = ", ".join(sorted(role.value for role in roles))
                words = f"The {name} can never do this, whatever a rulebook says."
                yield Lint(KEY, key, words, f"Those who can: {can}.")
    yield from _mediators(book)
    yield from _nobody(book)
    yield from _unused(book)


def _mediators(book: Rulebook) -> Iterator[Lint]:
    """The mediator of a dispute that never has one."""
    for key in ("dispute.escalate.by", "dispute.extend.by"):
        if book.given(key) and "mediator" in (known(book, key) or ()) and "mediation" not in stages(book):
            words = "The mediator may do this, and no dispute has one: dispute.stages does not name mediation."
            yield Lint(KEY, key, words, "Take it out, or name the stage.")


def _nobody(book: Rulebook) -> Iterator[Lint]:
    """What nobody can begin."""
    by_clock = known(book, "milestone.review.on_silence") == ("dispute",)
    if known(book, "dispute.open_by") == () and not by_clock and any(key.startswith("dispute.") for key in book.data):
        words = "Nobody may open a dispute, so no rule about disputes is ever used."
        yield Lint(KEY, "dispute.open_by", words, 'Say who may: ["payer", "payee"].')
    if known(book, "arbitration.appoint.by") == () and "arbitration" in stages(book):
        words = "Nobody may appoint the arbitrator, so no arbitration is ever heard."
        yield Lint(KEY, "arbitration.appoint.by", words, 'Say who may: ["platform"].')
    if known(book, "dispute.extend.by") == () and book.given("dispute.extend.step"):
        words = "A clock can be extended, and nobody may extend one."
        yield Lint(KEY, "dispute.extend.by", words, 'Say who may: ["platform"].')
    waits = known(book, "dispute.escalate.when") == "by a party" and not book.has("dispute.escalate.within")
    if waits and known(book, "dispute.escalate.by") == () and stages(book):
        words = "Nobody may escalate a dispute, so no stage is ever reached."
        yield Lint(KEY, "dispute.escalate.by", words, 'Say who may, or escalate "at once".')


# -- rules of what is not there --------------------------------------------------------------------------------------

#: Rules of a power: that a mediator without it never comes to.
_OF_POWER: Final = {
    "mediation.accept.within": ("recommend", "decide"),
    "mediation.recommend.within": ("recommend", "decide"),
    "mediation.decide.after": ("decide",),
    "mediation.refund_needs": ("decide",),
}


def _unused(book: Rulebook) -> Iterator[Lint]:
    for stage in ("mediation", "arbitration"):
        given = [key for key in book.data if key.startswith(f"{stage}.")]
        if given and book.settled("dispute.stages") and stage not in stages(book):
            words = f"There are rules for a stage {stage!r}, and dispute.stages does not name it."
            yield Lint("unused-rules", stage, words, "Name the stage, or leave its rules out.")
    power = known(book, "mediation.power")
    if not isinstance(power, Power) or "mediation" not in stages(book):
        return
    held = {power.otherwise, power.small}
    for key, needed in _OF_POWER.items():
        if known(book, key) is not None and book.given(key) and not held & set(needed):
            words = f"It is about a mediator with the power to {' or '.join(needed)}, and this one may only {power}."
            yield Lint("unused-rules", key, words, "Give the power (mediation.power), or leave the rule out.")
