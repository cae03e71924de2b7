"""What must hold of every move, counted from the entries and not from the library's own figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from escrowkit.agreement import Record
from escrowkit.ledger import CONDITIONS, Entry, Line
from escrowkit.machines import escrow
from escrowkit.pot import TABLES, Pot
from escrowkit.proof.states import Move, State, Tick
from escrowkit.roles import Role
from escrowkit.table import Command

#: Every law that is checked, in words; the first that is broken is told.
LAWS: Final[Mapping[str, str]] = {
    "nothing breaks": "no command ends in broken books",
    "balanced": "every entry sums to zero, and the ledger says what the entries say",
    "never negative": "every account but those of the world is zero or more",
    "conserved": "what came into a milestone's escrow is what it holds and what left it, and no other's is touched",
    "no over-release": "no more leaves an escrow than came into it",
    "leaves once": "money leaves an escrow under exactly one release condition",
    "own hand": "nobody takes money by a move of its own that cites no condition, or one that only the other can meet",
    "frozen is frozen": "while disputed, only the dispute's own ends, facts and overrides move a milestone's money",
    "divided whole": "the end of a dispute disposes of the whole stake",
    "final is empty": "a settled escrow holds nothing, and each state fits what is in it",
    "authority": "what was accepted was by a role that a row names",
    "time forward": "time never runs backwards",
    "refusal is nothing": "a refused command leaves everything as it was",
    "replay": "the history makes the same agreement again, and its entries are derived again",
    "both engines": "the compiled dispatch and `transitions` itself decide alike",
    "silence ends": "from every state with money in it the clock alone brings it to an end",
}

#: Where money may go that leaves an escrow, or its security hold.
_EXITS: Final = ("payable:", "world:", "clearing:")
#: The events that may move a disputed milestone's money.
ENDS: Final = (
    escrow.Divided,
    escrow.Seized,
    escrow.OrderObeyed,
    escrow.HoldEnded,
    escrow.ChargedBack,
    escrow.ChargeBackReversed,
    escrow.ReleasedRefunded,
)
#: Release conditions that say of one side what only that side can do, and who gains by it.
_ONLY_BY: Final = {"payer_released": Role.PAYEE, "payer_approved": Role.PAYEE, "payee_refunded": Role.PAYER}


class Broken(Exception):
    """A law does not hold: which one, and what was found."""

    def __init__(self, law: str, words: str) -> None:
        super().__init__(f"{law}: {words}")
        self.law = law
        self.words = words


def _need(holds: object, law: str, words: object) -> None:
    if not holds:
        raise Broken(law, str(words))


def check(before: State, after: State, records: tuple[Record, ...], move: Move) -> None:
    """Every law of one move. Raises `Broken`."""
    by = Role.CLOCK if isinstance(move, Tick) else move.role
    _books(before, after, records)
    disputed = {id_ for id_ in before.lanes if before.pot(id_).disputed}
    pots = {id_: before.pot(id_) for id_ in before.lanes}
    for record in records:
        _forward(before, record)
        _frozen(disputed, record)
        _own_hand(record, by)
        if isinstance(record.event, escrow.Divided):
            _divided(pots[record.event.milestone], record.event, records)
    _final(after)
    if not isinstance(move, Tick):
        _authority(move.command, move.role)


# -- the books -------------------------------------------------------------------------------------------------------


def _books(before: State, after: State, records: Iterable[Record]) -> None:
    """The balances before and every line since make the balances after; each line is one that may be."""
    balances = {account: sum_.minor for account, sum_ in before.ledger.accounts()}
    for record in records:
        for entry in record.entries:
            _entry(record, entry)
            for line in entry.lines:
                balances[line.source] = balances.get(line.source, 0) - line.amount.minor
                balances[line.target] = balances.get(line.target, 0) + line.amount.minor
                _need(line.source[:6] == "world:" or balances[line.source] >= 0, "never negative", record)
    found = {account: sum_.minor for account, sum_ in after.ledger.accounts() if sum_}
    _need(found == {name: minor for name, minor in balances.items() if minor}, "balanced", found)
    _need(not sum(balances.values()), "balanced", balances)
    after.flows = _flows(before.flows, records)
    for account, (came, left) in after.flows.items():
        _need(left <= came, "no over-release", f"{came} came into {account}, {left} left it")
        _need(came - left == found.get(account, 0), "conserved", f"{account}: {came} - {left} is not {found}")


def _flows(before: Mapping[str, tuple[int, int]], records: Iterable[Record]) -> dict[str, tuple[int, int]]:
    """What came into each escrow so far, and what left it."""
    flows = dict(before)
    for line in (line for record in records for entry in record.entries for line in entry.lines):
        for account, came, left in ((line.target, line.amount.minor, 0), (line.source, 0, line.amount.minor)):
            if account.startswith("escrow:"):
                so_far = flows.get(account, (0, 0))
                flows[account] = (so_far[0] + came, so_far[1] + left)
    return flows


def _entry(record: Record, entry: Entry) -> None:
    own = isinstance(record.event, (escrow.Cleared, escrow.ReleasedRefunded))
    leaves = False
    for line in entry.lines:
        _need(line.amount.minor > 0 and line.source != line.target, "balanced", record)
        _own_accounts(record, line)
        leaves = leaves or line.source.startswith("escrow:") or (line.source.startswith("clearing:") and not own)
    if leaves:
        _need(entry.condition in CONDITIONS and entry.kind is not None, "leaves once", record)
    else:
        _need(entry.condition is None, "leaves once", record)


def _own_accounts(record: Record, line: Line) -> None:
    """No event touches another milestone's money, but what rolls over; what leaves an escrow goes where it may."""
    mine, rolled = record.event.milestone, isinstance(record.event, escrow.RolledOver)
    for account in (line.source, line.target):
        part, _, rest = account.partition(":")
        if part in ("escrow", "clearing", "fees", "deposit"):
            owner = rest.split("/")[0].split(":")[0]
            _need(owner == mine or (rolled and account == line.target), "conserved", record)
    if line.source.startswith("escrow:"):
        _need(rolled or line.target.startswith(_EXITS), "conserved", record)


def _own_hand(record: Record, by: Role) -> None:
    """Whoever gains by a move of its own must not be the only one who made it so."""
    for entry in record.entries:
        gains = _ONLY_BY.get(entry.condition or "")
        _need(gains is None or by is not gains, "own hand", f"{by} takes it, and it is booked as {entry.condition}")
    event = record.event
    if isinstance(event, escrow.ReleasedRefunded) and event.reference is None and record.entries:
        _need(by is Role.PAYEE, "own hand", f"{by} takes back what the payee was paid, under no condition")


# -- disputes --------------------------------------------------------------------------------------------------------


def _frozen(disputed: set[str], record: Record) -> None:
    event = record.event
    if event.machine == "dispute" and event.before is None:
        disputed.add(event.milestone)
    for entry in record.entries:
        for line in entry.lines:
            for account in (line.source, line.target):
                if account.startswith(("escrow:", "clearing:")) and account.partition(":")[2] in disputed:
                    _need(isinstance(event, ENDS), "frozen is frozen", record)
    if event.machine == "dispute" and event.after in TABLES["dispute"].final:
        disputed.discard(event.milestone)


def _divided(before: Pot, event: escrow.Divided, records: Iterable[Record]) -> None:
    """What was held and clearing goes out, or stays cleared for the payee: to nobody else, and nothing is left."""
    if any(isinstance(record.event, escrow.Cleared | escrow.ChargedBack) for record in records) or not before.disputed:
        return
    there = before.held + before.clearing_gross
    out = event.paid + event.to_payer + event.cost + event.back
    kept = before.clearing_gross - event.back
    _need(out + kept == there, "divided whole", f"{there} was there, {out} left it, {kept} stays the payee's")
    to_payee = event.paid + kept + before.stake_released - event.owed
    _need(to_payee == event.to_payee, "divided whole", f"{to_payee} is not {event.to_payee}")


# -- states ----------------------------------------------------------------------------------------------------------


def _final(now: State) -> None:
    """Each state fits what is in it."""
    for id_ in now.lanes:
        pot = now.pot(id_)
        if pot.escrow is None:
            continue
        for words in _unfit(now, pot, pot.escrow.state):
            raise Broken("final is empty", f"{id_}: {words}")


def _unfit(now: State, pot: Pot, state: escrow.S) -> Iterator[str]:
    clearing = now.balance(f"clearing:{pot.id}", pot.currency)
    if state in (escrow.S.SETTLED, escrow.S.EMPTY, escrow.S.FUNDING) and (pot.held or clearing):
        yield f"a {state} escrow holds {pot.held + clearing}"
    if state is escrow.S.SETTLED and (pot.fees or not pot.over):
        yield "it is settled, and there are fees in it or work goes on"
    if state is escrow.S.HELD and not pot.held:
        yield "it is held, and nothing is in it"
    if state is escrow.S.CLEARING and not pot.clearing_gross:
        yield "it is clearing, and nothing clears"
    if pot.disputed and state not in (escrow.S.FROZEN, escrow.S.IMPOUNDED) and not (pot.over and not pot.held):
        yield f"it is disputed, and {state}"
    if not pot.disputed and (state is escrow.S.FROZEN or pot.milestone_state == "disputed"):
        yield "it waits for a dispute that is over"
    if not pot.disputed and any(a.startswith(f"deposit:{pot.id}/") for a, sum_ in now.ledger.accounts() if sum_):
        yield "there are fees of an arbitration that is over"
    # A case that is over leaves no stage open.
    case = pot.lane.cases[-1] if pot.lane.cases else None
    if case is not None and case.dispute.is_over:
        stages = (("mediation", case.mediation), ("arbitration", case.arbitration))
        yield from (f"a {name} goes on" for name, it in stages if it and it.state not in TABLES[name].final)


# -- who and when ----------------------------------------------------------------------------------------------------


def _authority(command: Command, role: Role) -> None:
    if command.machine in TABLES:
        kind: Any = type(command)
        _need(role in _named(kind), "authority", f"{role} gave {command}")


@cache
def _named(kind: Any) -> frozenset[Role]:
    """The roles that the rows of a command name."""
    rows = TABLES[kind.machine].rows
    return frozenset(role for row in rows if row.command is kind and not row.waits for role in row.by)


def _forward(before: State, record: Record) -> None:
    _need(record.event.at >= before.at, "time forward", record)
