"""The laws of a step and of a state, counted from the entries and not from the library's own figures.

The explorer (`escrowkit.proof`) and the test kit (`escrowkit.testing.laws`) both hold to them whatever they drive; what
is a matter of every state, or of a whole life, each adds itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from escrowkit.agreement import Agreement, Record, replay
from escrowkit.agreement.whole import Whole
from escrowkit.ledger import CONDITIONS, Entry, Kind, Ledger, Line
from escrowkit.machines import escrow
from escrowkit.pot import MACHINES, TABLES, Pot
from escrowkit.roles import Role
from escrowkit.table import Command

#: Laws of every step and state, in words.
ALWAYS: Final = {
    "balanced": "every entry sums to zero, and the ledger says what the entries say",
    "never negative": "every account but those of the world is zero or more",
    "leaves once": "money leaves an escrow under exactly one release condition of the closed list, of its kind",
    "final is empty": "a settled escrow holds nothing, and each state fits what is in it",
    "frozen is frozen": "while disputed, only the dispute's own ends, facts and overrides move a milestone's money",
    "authority": "what was accepted was by a role that a row of the table names",
    "refusal is nothing": "a refused command changes nothing but what deadlines had already decided",
    "both engines": "the compiled dispatch and `transitions` itself decide alike",
    "replay": "the history makes the same agreement again, and its entries are derived again",
    "time forward": "time never runs backwards",
    "silence ends": "the clock alone brings it to an end, with nothing left inside",
}
#: What the walk of every state asks besides: it knows each state before.
WALKED: Final = {
    "nothing breaks": "no command ends in broken books",
    "conserved": "what came into a milestone's escrow is what it holds and what left it, and no other's is touched",
    "no over-release": "no more leaves an escrow than came into it",
    "own hand": "nobody takes money by a move of its own that cites no condition, or one that only the other can meet",
    "divided whole": "the end of a dispute disposes of the whole stake",
}
#: What a random life is asked besides: it has any number of milestones, sides that are spoken of, and keys.
LIVED: Final = {
    "own accounts": "no event touches another milestone's money, and what leaves an escrow goes where it may",
    "standing moves nothing": "what is said of a side moves no money",
    "sealed is hidden": "who paid a sealed deposit is shown to nobody else, nor told by a refusal",
    "same key, same answer": "a repeated command under its key gives the recorded answer, and no event",
    "one answer": "what a decision says is what the history got",
    "scheduler changes nothing": "advancing through any instants before is the same as advancing at once",
    "deadlines": "what is remembered of the deadlines is what the clocks say",
}
_WORDS: Final = ALWAYS | WALKED | LIVED

#: The only events that may move the money of a milestone in dispute.
ENDS: Final = (
    escrow.Divided,
    escrow.Seized,
    escrow.OrderObeyed,
    escrow.HoldEnded,
    escrow.ChargedBack,
    escrow.ChargeBackReversed,
    escrow.ReleasedRefunded,
)
#: What ends a security hold, and what the payee gives of it by itself: neither cites a condition.
_OF_THE_PAYEE: Final = (escrow.Cleared, escrow.ReleasedRefunded)
#: Conditions that the clock alone can bring about, too: the outcome is one of procedure then.
_BY_TIME_TOO: Final = ("condition_met", "recommendation_accepted")
_OUT_OF_CLEARING: Final = ("payable:payee", "payable:payer", "world:payer", "world:authority")
#: States of an escrow in which nothing is in it, nor clears.
_HOLD_NOTHING: Final = (escrow.S.SETTLED, escrow.S.EMPTY, escrow.S.FUNDING)

#: What stands on each account, in each currency.
Balances = dict[tuple[str, str], int]


class Broken(AssertionError):
    """A law does not hold: which one, and what was found."""

    def __init__(self, law: str, found: str) -> None:
        super().__init__(law, found)
        self.law = law
        self.found = found

    def __str__(self) -> str:
        return f"{self.law}: {_WORDS[self.law]}; but {self.found}"


def need(holds: object, law: str, *found: object) -> None:
    """Raises `Broken` for what does not hold."""
    if not holds:
        raise Broken(law, ", ".join(map(str, found)))


# -- the books -------------------------------------------------------------------------------------------------------


def balances(ledger: Ledger) -> Balances:
    """Every balance that is not zero."""
    return defaultdict(int, {(name, money.currency): money.minor for name, money in ledger.accounts() if money})


def take(there: Balances, records: Iterable[Record]) -> None:
    """Book what the entries say, line by line. Raises `Broken`."""
    for record in records:
        for entry in record.entries:
            _leaves_once(record, entry)
            for line in entry.lines:
                minor, currency = line.amount.minor, line.amount.currency
                need(minor > 0 and line.source != line.target, "balanced", record)
                there[line.source, currency] -= minor
                there[line.target, currency] += minor
                rest = there[line.source, currency]
                need(rest >= 0 or line.source.startswith("world:"), "never negative", line.source, rest, record)


def agree(there: Balances, ledger: Ledger) -> None:
    """The ledger says the same, and the whole sums to zero in each currency. Raises `Broken`."""
    mine = {account: minor for account, minor in there.items() if minor}
    theirs = balances(ledger)
    if mine != theirs:
        raise Broken("balanced", f"the entries say {mine}, the ledger {dict(theirs)}")
    totals: dict[str, int] = defaultdict(int)
    for (_, currency), minor in mine.items():
        totals[currency] += minor
    need(not any(totals.values()), "balanced", "all together is", dict(totals))


def _leaves_once(record: Record, entry: Entry) -> None:
    own = isinstance(record.event, _OF_THE_PAYEE)
    out = ("escrow:",) if own else ("escrow:", "clearing:")
    if not any(line.source.startswith(out) for line in entry.lines):
        need(entry.condition is None, "leaves once", record)
        return
    kind, _ = CONDITIONS.get(entry.condition or "", (None, ""))
    kinds = (kind, Kind.PROCEDURE) if entry.condition in _BY_TIME_TOO else (kind,)
    need(kind and entry.kind in kinds, "leaves once", record)


def strays(record: Record) -> list[Line]:
    """Lines that touch another milestone's money, or lead to where none goes; but what rolls over."""
    event: Any = record.event
    over = (f"escrow:{event.milestone}", f"escrow:{event.to}") if isinstance(event, escrow.RolledOver) else None
    lines = [line for entry in record.entries for line in entry.lines]
    return [line for line in lines if (line.source, line.target) != over and _is_stray(line, event.milestone)]


def _is_stray(line: Line, milestone: str) -> bool:
    source, target = line.source, line.target
    if not {_owner(source), _owner(target)} <= {None, milestone}:
        return True
    if source.startswith("escrow:"):
        return target == "world:payee" or not target.startswith(("payable:", "world:", "clearing:"))
    return source.startswith("clearing:") and target not in _OUT_OF_CLEARING


def _owner(account: str) -> str | None:
    """The milestone whose money stands on an account."""
    part, _, rest = account.partition(":")
    return rest.split("/")[0].split(":")[0] if part in ("escrow", "clearing", "fees", "deposit") else None


def inside(now: Whole) -> int:
    """How many minor units are still in escrows, security holds and fee deposits."""
    parts = ("escrow:", "clearing:", "deposit:")
    return sum(money.minor for account, money in now.ledger.accounts() if account.startswith(parts))


# -- a step ----------------------------------------------------------------------------------------------------------


def frozen_is_frozen(before: Whole, records: Iterable[Record]) -> None:
    """While disputed, only a dispute's own ends, facts and overrides move a milestone's money. Raises `Broken`."""
    disputed = {id_ for id_ in before.milestones if before.pot(id_).disputed}
    for record in records:
        event = record.event
        if event.machine == "dispute" and event.before is None:
            disputed.add(event.milestone)
        for account in [a for entry in record.entries for line in entry.lines for a in (line.source, line.target)]:
            if account.startswith(("escrow:", "clearing:")) and account.partition(":")[2] in disputed:
                need(isinstance(event, ENDS), "frozen is frozen", record)
        if event.machine == "dispute" and event.after in TABLES["dispute"].final:
            disputed.discard(event.milestone)


def authority(command: Command, role: Role | None) -> None:
    """A row of its table names the role; what is said of the agreement has no table. Raises `Broken`."""
    kind: Any = type(command)
    named = command.machine == "agreement" or role in _named(kind)
    need(role is not None and named, "authority", role, command)


@cache
def _named(kind: Any) -> frozenset[Role]:
    """The roles that the rows of a command name; a row that only says why it waits names nobody."""
    rows = MACHINES[kind.machine].rows
    return frozenset(role for row in rows if row.command is kind and not row.waits for role in row.by)


def time_forward(since: datetime, records: Iterable[Record]) -> None:
    """No instant is before the one before it, and all are in UTC. Raises `Broken`."""
    for record in records:
        at = record.event.at
        need(at >= since and at.utcoffset() == timedelta(0), "time forward", record, since)
        since = at


# -- a state ---------------------------------------------------------------------------------------------------------


def final_is_empty(now: Whole) -> None:
    """An escrow that is settled or empty holds nothing, a held one something; who is over has no open case. Raises
    `Broken`."""
    for id_ in now.milestones:
        pot = now.pot(id_)
        for words in [*_unfit(now, pot), *(_unfit_disputed(pot) if pot.disputed else _unfit_undisputed(now, pot))]:
            raise Broken("final is empty", f"{id_}: {words}: {now.states()}")


def _unfit(now: Whole, pot: Pot) -> Iterator[str]:
    state = pot.escrow.state if pot.escrow else None
    if state in _HOLD_NOTHING and (pot.held or now.balance(f"clearing:{pot.id}", pot.currency)):
        yield f"it is {state}, and something is in it"
    if state is escrow.S.SETTLED and (now.balance(f"fees:{pot.id}", pot.currency) or not pot.over):
        yield "it is settled, and there are fees in it or work goes on"
    if state is escrow.S.HELD and not pot.held:
        yield "it is held, and nothing is in it"
    if state is escrow.S.CLEARING and not pot.clearing_gross:
        yield "it is clearing, and nothing clears"
    for case in pot.lane.cases:
        stages = (("mediation", case.mediation), ("arbitration", case.arbitration)) if case.dispute.is_over else ()
        yield from (
            f"the dispute is over, and its {name} goes on"
            for name, it in stages
            if it and it.state not in TABLES[name].final
        )


def _unfit_disputed(pot: Pot) -> Iterator[str]:
    if not pot.over and pot.milestone_state != "disputed":
        yield f"it is disputed, and {pot.milestone_state}"
    state = pot.escrow.state if pot.escrow else None
    if state not in (escrow.S.FROZEN, escrow.S.IMPOUNDED) and (pot.held or not pot.over):
        yield f"it is disputed, and {state}"


def _unfit_undisputed(now: Whole, pot: Pot) -> Iterator[str]:
    if pot.milestone_state == "disputed" or (pot.escrow and pot.escrow.state is escrow.S.FROZEN):
        yield "it waits for a dispute that is over"
    deposit = f"deposit:{pot.id}/"
    if any(account.startswith(deposit) for account, money in now.ledger.accounts() if money):
        yield "there are fees of a dispute that is over"


# -- an agreement ----------------------------------------------------------------------------------------------------


def whole(now: Agreement) -> None:
    """It replays, it verifies, its times never run backwards. Raises `Broken`, and what `verify` raises."""
    need(replay(now.history) == now, "replay", "the history makes another agreement")
    now.verify()
    time_forward(now.history[0].event.at, now.history)
