"""What must hold after every step, counted from the entries and not from the library's own figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import escrowkit as ek
from escrowkit.agreement import Agreement, Decision, Record
from escrowkit.clocks import running
from escrowkit.errors import Refused
from escrowkit.ledger import CONDITIONS, Entry, Line
from escrowkit.machines import arbitration, escrow
from escrowkit.pot import MACHINES
from escrowkit.roles import role_of
from escrowkit.table import Command

#: When lives begin.
AT = datetime(2024, 3, 1, 9, tzinfo=UTC)
#: What may leave an escrow, and to where.
EXITS = frozenset(
    {
        "payable:payee",
        "payable:payer",
        "world:platform",
        "world:payer",
        "world:authority",
        "world:arbitrator",
        "world:broker",
    }
)
#: The only events that may move the money of a milestone in dispute.
ENDS = (
    escrow.Divided,
    escrow.Seized,
    escrow.OrderObeyed,
    escrow.HoldEnded,
    escrow.ChargedBack,
    escrow.ChargeBackReversed,
    escrow.ReleasedRefunded,
)


class Books:
    """Balances kept by the test itself, line by line."""

    def __init__(self) -> None:
        self.balances: dict[tuple[str, str], int] = defaultdict(int)
        self.seen = 0

    def follow(self, now: Agreement) -> None:
        """Take in the entries that are new, and check each."""
        for record in now.history[self.seen :]:
            for entry in record.entries:
                self._take(record, entry)
        self.seen = len(now.history)

    def _take(self, record: Record, entry: Entry) -> None:
        leaves = False
        for line in entry.lines:
            assert line.amount.minor > 0
            assert line.source != line.target
            self._own_accounts(record, line.source, line.target)
            currency = line.amount.currency
            self.balances[line.source, currency] -= line.amount.minor
            self.balances[line.target, currency] += line.amount.minor
            leaves = leaves or line.source.startswith("escrow:") or self._taken_back(record, line)
            assert line.source.startswith("world:") or self.balances[line.source, currency] >= 0, (record, line)
        if leaves:
            assert entry.condition is not None, record
            kind = CONDITIONS[entry.condition][0]
            assert entry.kind is kind or entry.condition in ("condition_met", "recommendation_accepted"), record
        else:
            assert entry.condition is None, record

    @staticmethod
    def _taken_back(record: Record, line: Line) -> bool:
        """Whether money is taken out of its security hold, other than by its end or by the payee itself."""
        own = isinstance(record.event, (escrow.Cleared, escrow.ReleasedRefunded))
        return line.source.startswith("clearing:") and not own

    @staticmethod
    def _own_accounts(record: Record, source: str, target: str) -> None:
        """No event touches another milestone's money; what leaves an escrow goes where it may."""
        mine = record.event.milestone
        for account in (source, target):
            part, _, rest = account.partition(":")
            if part in ("escrow", "clearing", "fees", "deposit"):
                rolled = (
                    isinstance(record.event, escrow.RolledOver) and account == target == f"escrow:{record.event.to}"
                )
                assert rolled or rest.split("/")[0].split(":")[0] == mine, (record, account)
        if source.startswith("escrow:"):
            rolled = isinstance(record.event, escrow.RolledOver)
            assert target in EXITS or target == f"clearing:{mine}" or rolled, (record, target)
        if source.startswith("clearing:"):
            assert target in ("payable:payee", "payable:payer", "world:payer", "world:authority"), (record, target)

    def agree(self, now: Agreement) -> None:
        """The library's ledger says the same, and the whole sums to zero."""
        mine = {key: minor for key, minor in self.balances.items() if minor}
        theirs = {(account, money.currency): money.minor for account, money in now.ledger.accounts() if money}
        assert mine == theirs
        for currency in {currency for _, currency in mine}:
            assert sum(minor for (_, other), minor in mine.items() if other == currency) == 0


def inside(now: Agreement) -> int:
    """What is still in escrows, security holds and fee deposits."""
    parts = ("escrow:", "clearing:", "deposit:")
    return sum(money.minor for account, money in now.ledger.accounts() if account.startswith(parts))


def final_is_empty(now: Agreement) -> None:
    """A settled or empty escrow holds nothing; a held one holds something; who is over has no open case."""
    for id_ in now.milestones:
        pot = now.pot(id_)
        state = now.state(f"escrow.{id_}")
        if state in ("settled", "empty", "funding"):
            assert not pot.held, id_
            assert not now.balance(f"clearing:{id_}", pot.currency)
        if state == "settled":
            assert not now.balance(f"fees:{id_}", pot.currency)
            assert pot.over, id_
        if state == "held":
            assert pot.held, id_
        if state == "clearing":
            assert pot.clearing_gross, id_
        if pot.disputed and not pot.over:
            assert now.state(f"milestone.{id_}") == "disputed"
            assert state in ("frozen", "impounded"), (id_, state)
        if not pot.disputed:
            assert state != "frozen"
            assert now.state(f"milestone.{id_}") != "disputed"
            assert not any(m for a, m in now.ledger.accounts() if a.startswith(f"deposit:{id_}/"))
            assert not pot.lane.cases or all(
                record is None or record.state in MACHINES[name].final
                for case in pot.lane.cases
                for name, record in (("mediation", case.mediation), ("arbitration", case.arbitration))
            )


def frozen_is_frozen(before: Agreement, records: Iterable[Record]) -> None:
    """While disputed, only the dispute's own ends (and facts and overrides) move a milestone's money."""
    disputed = {id_ for id_ in before.milestones if before.pot(id_).disputed}
    for record in records:
        event = record.event
        if event.machine == "dispute":
            (disputed.add if event.before is None else lambda _: None)(event.milestone)
        for entry in record.entries:
            for line in entry.lines:
                for account in (line.source, line.target):
                    if account.startswith(("escrow:", "clearing:")) and account.partition(":")[2] in disputed:
                        assert isinstance(event, ENDS), record
        if event.machine == "dispute" and event.after in MACHINES["dispute"].final:
            disputed.discard(event.milestone)


def authority(decision: Decision, command: Command, by: str) -> None:
    """What was accepted was by a role that a row of the table names."""
    role = {"ada": role_of("payer"), "lin": role_of("payee")}.get(by) or role_of(by)
    assert role is not None
    if command.machine != "agreement":
        rows = MACHINES[command.machine].rows
        assert any(row.command is type(command) and role in row.by for row in rows)


def sealed_is_hidden(now: Agreement) -> None:
    """Who paid a sealed deposit is seen by nobody else, in states, history and balances."""
    for id_ in now.milestones:
        case = now.pot(id_).arbitration
        if case is None or not case.sealed:
            continue
        name = now.pot(id_).case
        for role in ("payer", "payee", "platform", "arbitrator", "provider"):
            seen = ek.view(now, role)
            paid = {e.by for e in seen.events() if isinstance(e, arbitration.FeePaid) and e.case == name}
            assert paid <= {role}
            assert role not in case.paid or role in paid or set(case.paid) == {"payer", "payee"}
            others = {"payer", "payee"} - {role}
            assert not any(seen.balance(f"deposit:{name}:{other}", case_currency(now, id_)) for other in others)
            if role not in paid:
                assert seen.state(f"arbitration.{id_}") == "offered"


def case_currency(now: Agreement, id_: str) -> str:
    """The currency of a milestone."""
    return now.pot(id_).currency


def decide(now: Agreement, command: Command, *, by: str, at: datetime, key: str | None = None) -> Agreement:
    """Decide with every law that holds for one decision; the agreement afterwards, accepted or refused."""
    try:
        decision = now.decide(command, by=by, at=at, key=key)
    except Refused as refused:
        return _refused(now, command, by, at, key, refused)
    assert decision == now.decide(command, by=by, at=at, key=key, engine="stock")
    authority(decision, command, by)
    after = decision.agreement
    again = after.decide(command, by=by, at=at, key=key) if key is not None else None
    if again is not None:
        assert again.repeated
        assert again.agreement == after
    fresh = after.history[len(now.history) :]
    assert tuple(record.event for record in fresh) == decision.events
    assert tuple(entry for record in fresh for entry in record.entries) == decision.entries
    frozen_is_frozen(now, fresh)
    standing_moves_nothing(command, fresh)
    deadlines_are_remembered_rightly(after)
    return after


def deadlines_are_remembered_rightly(now: Agreement) -> None:
    """What is remembered of a lane's deadlines is what its clocks say."""
    for id_, due in now.dues.items():
        assert due == min((at for at, _ in running(now.pot(id_))), default=None), id_


def standing_moves_nothing(command: Command, fresh: Iterable[Record]) -> None:
    """What is said of a side, and what sides say of one another, moves no money: it may freeze, and lift again."""
    records = list(fresh)
    for record in records:
        assert record.event.machine not in ("agreement", "conduct", "feedback") or not record.entries
    if command.machine in ("conduct", "feedback") or isinstance(command, ek.agreement.Restrict):
        own = [record for record in records if record.decision == records[-1].decision]
        lifted = any(isinstance(record.event, escrow.Lifted) for record in own)
        assert lifted or not any(record.entries for record in own), own


def _refused(now: Agreement, command: Command, by: str, at: datetime, key: str | None, refused: Refused) -> Agreement:
    try:
        now.decide(command, by=by, at=at, key=key, engine="stock")
    except Refused as other:
        assert (other.code, other.key, other.words) == (refused.code, refused.key, refused.words)
    else:
        raise AssertionError(f"the stock engine accepts what is refused: {refused}")
    assert refused.words
    assert refused.machine == command.machine or isinstance(command, ek.agreement.End), (refused, command)
    if (
        refused.code in ("key-conflict", "time-runs-backwards", "unknown-milestone", "bad-argument")
        and not refused.decision
    ):
        return now
    passed = now.advance(at)
    _tells_nothing_sealed(passed.agreement, command, by, refused)
    assert (refused.decision.events if refused.decision else ()) == passed.events
    assert refused.decision is None or refused.decision == passed
    frozen_is_frozen(now, passed.agreement.history[len(now.history) :])
    return passed.agreement


def _tells_nothing_sealed(now: Agreement, command: Command, by: str, refused: Refused) -> None:
    """A refusal shows the arbitration as a view shows it."""
    if command.machine == "arbitration" and command.milestone in now.milestones:
        case = now.pot(command.milestone).arbitration
        if case is not None and case.sealed:
            shown = ek.view(now, by if role_of(by) or by in ("ada", "lin") else "provider")
            assert refused.state in (None, shown.state(f"arbitration.{command.milestone}")), (refused, by)


def scheduler_changes_nothing(now: Agreement, at: datetime, parts: Iterable[int]) -> None:
    """Advancing through any instants before is the same as advancing at once."""
    stepped = now
    for part in sorted(parts):
        stepped = stepped.advance(max(stepped.at, now.at + (at - now.at) * part / 100)).agreement
    assert stepped.advance(at).agreement == now.advance(at).agreement


def whole(now: Agreement) -> None:
    """It replays, it verifies, its times never run backwards."""
    assert ek.replay(now.history) == now
    now.verify()
    times = [record.event.at for record in now.history]
    assert times == sorted(times)
    assert all(time.utcoffset() == timedelta(0) for time in times)
