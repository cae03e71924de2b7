"""What can be read of an agreement, whether it stands or is in the making."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from escrowkit.clocks import ORDER, Clock, running
from escrowkit.doors import needed
from escrowkit.errors import BadArgument, UnknownMilestone, shown
from escrowkit.machines import escrow, obligation
from escrowkit.machines.conduct import GOOD, Conduct
from escrowkit.money import Money
from escrowkit.periods import instant
from escrowkit.pot import MACHINES, Lane, Pot
from escrowkit.roles import Role

if TYPE_CHECKING:
    from escrowkit.ledger import Ledger
    from escrowkit.rulebook import Rulebook


_HOLDABLE: Final = (escrow.S.HELD, escrow.S.FROZEN, escrow.S.CLEARING)


def _is_held_by_rules(pot: escrow.Escrow) -> bool:
    """Whether the hold that lies on a pot was made by a suspension."""
    return escrow.S.IMPOUNDED in pot.stack and pot.spans[-1].by == Role.RULES


class Whole:
    """Milestones with their money, under one rulebook, at an instant."""

    __slots__ = ()

    if TYPE_CHECKING:
        rulebook: Rulebook
        parties: Mapping[str, str]
        currency: str
        rail: str
        facts: Mapping[str, Money]
        at: datetime
        lanes: Mapping[str, Lane]
        ledger: Ledger
        billed: Mapping[str, tuple[Money, Money]]
        #: The conduct of each role that has a record.
        conduct: Mapping[str, Conduct]
        #: When each lane's first deadline is, as far as somebody asked: a memory, no part of the value.
        dues: dict[str, datetime | None]

    @property
    def milestones(self) -> tuple[str, ...]:
        """The ids of the milestones, in their order."""
        return tuple(self.lanes)

    def lane(self, milestone: str) -> Lane:
        """What is stored of a milestone; of one that does not exist yet, nothing but its id."""
        return self.lanes.get(milestone) or Lane(milestone, self.currency, self.rulebook)

    def pot(self, milestone: str, at: datetime | None = None) -> Pot:
        """One milestone with its money. Raises `UnknownMilestone`."""
        if not isinstance(milestone, str) or milestone not in self.lanes:
            known = ", ".join(self.lanes)
            raise UnknownMilestone(f"There is no milestone {shown(milestone)} here; there are: {known}.")
        return self.met(milestone, at or self.at)

    def met(self, milestone: str, at: datetime) -> Pot:
        """One milestone as a command meets it, be it one that does not exist yet."""
        return Pot(self, self.lane(milestone), at)

    def state(self, name: str) -> str | None:
        """The state of a machine by its name: `milestone.m1`, `escrow.m1`, `dispute.m1` (the latest), `dispute.m1/1`.

        `conduct.payer` is a side's, which is in good standing until something is said of it.

        None if there is none. Raises `BadArgument` for a name of no machine, `UnknownMilestone`.
        """
        machine, _, rest = needed("name", name, str).partition(".")
        if machine not in MACHINES:
            raise BadArgument(f"{shown(name)} names no machine; there are: {', '.join(MACHINES)}")
        if machine == "conduct":
            return str(self.conduct_of(rest).state)
        milestone, _, number = rest.partition("/")
        record = self._record(machine, self.pot(milestone).lane, number)
        return None if record is None else str(record.state.value)

    @staticmethod
    def _record(machine: str, lane: Lane, number: str) -> Any:
        if machine in ("milestone", "escrow", "feedback"):
            return getattr(lane, machine)
        several = lane.obligations if machine == "obligation" else tuple(getattr(c, machine) for c in lane.cases)
        if not number:
            return several[-1] if several else None
        return several[int(number) - 1] if number.isdecimal() and 0 < int(number) <= len(several) else None

    def states(self) -> dict[str, str]:
        """Every machine's state by its name, milestone by milestone; a side in good standing is not listed."""
        found: dict[str, str] = {}
        for id_, lane in self.lanes.items():
            for machine in ("milestone", "escrow"):
                record = getattr(lane, machine)
                if record is not None:
                    found[f"{machine}.{id_}"] = record.state.value
            for number, case in enumerate(lane.cases, 1):
                for machine in ("dispute", "mediation", "arbitration"):
                    record = getattr(case, machine)
                    if record is not None:
                        found[f"{machine}.{id_}/{number}"] = record.state.value
            found |= {f"obligation.{id_}/{n}": o.state.value for n, o in enumerate(lane.obligations, 1)}
            if lane.feedback is not None:
                found[f"feedback.{id_}"] = lane.feedback.state.value
        told = {role: record.state for role, record in self.conduct.items() if record.state is not GOOD.state}
        return found | {f"conduct.{role}": state.value for role, state in told.items()}

    def conduct_of(self, role: str) -> Conduct:
        """The conduct of a role; of one that has no record, good."""
        return self.conduct.get(needed("role", role, str)) or GOOD

    def can_be_held(self) -> tuple[str, ...]:
        """The milestones whose money the platform could impound now."""
        return tuple(id_ for id_, lane in self.lanes.items() if lane.escrow and lane.escrow.state in _HOLDABLE)

    @property
    def is_frozen(self) -> bool:
        """Whether the platform has suspended a side, so that money that arrives is frozen too."""
        return any(record.freezes for record in self.conduct.values())

    def held_by_suspension(self, but: str) -> tuple[str, ...]:
        """The milestones that a suspension still impounds; none while another side than this one is suspended so."""
        if any(record.freezes for role, record in self.conduct.items() if role != but):
            return ()
        return tuple(id_ for id_, lane in self.lanes.items() if lane.escrow and _is_held_by_rules(lane.escrow))

    @property
    def currencies(self) -> tuple[str, ...]:
        """Every currency of its milestones."""
        return tuple(dict.fromkeys(lane.currency for lane in self.lanes.values()))

    def balance(self, account: str, currency: str | None = None) -> Money:
        """What stands on an account."""
        return self.ledger.balance(account, self.currency if currency is None else currency)

    def net(self, name: str, currency: str | None = None) -> Money:
        """What one outside gained or lost so far."""
        return self.ledger.net(name, self.currency if currency is None else currency)

    def held(self, currency: str | None = None) -> Money:
        """Everything still inside."""
        return self.ledger.held(self.currency if currency is None else currency)

    def owed(self, currency: str | None = None) -> dict[tuple[str, str], Money]:
        """Open obligations in one currency, by (debtor, creditor)."""
        wanted = self.currency if currency is None else needed("currency", currency, str)
        found: dict[tuple[str, str], Money] = {}
        for lane in self.lanes.values():
            for one in lane.obligations:
                if one.state is obligation.S.OPEN and one.amount.currency == wanted:
                    pair = (one.debtor, one.creditor)
                    found[pair] = found.get(pair, Money.zero(wanted)) + one.amount
        return found

    def billed_before(self, currency: str) -> Money:
        """What was billed before this agreement: a fact given at the opening."""
        return self.facts.get(currency, Money.zero(currency))

    def deadlines(self, to: datetime | None = None) -> tuple[tuple[datetime, str, Clock], ...]:
        """Every clock that runs, in the order in which they fire: due time, milestone, clock; with `to`, those by then.

        Lanes that are known to have nothing due by then are not asked.
        """
        to = None if to is None else instant(to)
        due = [
            (max(at, self.at), ORDER.index(clock.machine), place, clock.name, id_, clock)
            for place, id_ in enumerate(self.lanes)
            if to is None or self._is_due(id_, to)
            for at, clock in running(self.pot(id_))
            if to is None or at <= to
        ]
        return tuple((at, id_, clock) for at, _, _, _, id_, clock in sorted(due))

    def is_due(self, to: datetime) -> bool:
        """Whether a deadline passes at or before an instant. A lane's deadlines change only when the lane does."""
        return any(self._is_due(id_, to) for id_ in self.lanes)

    def _is_due(self, id_: str, to: datetime) -> bool:
        if id_ not in self.dues:
            self.dues[id_] = min([at for at, _ in running(self.pot(id_))], default=None)
        first = self.dues[id_]
        return first is not None and first <= to
