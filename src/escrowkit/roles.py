"""Who may act: six kinds of people, two that are no people, and the named witnesses."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A role in an agreement. `clock` is a deadline that passed, `rules` a reaction to an event of another machine."""

    PAYER = "payer"
    PAYEE = "payee"
    MEDIATOR = "mediator"
    ARBITRATOR = "arbitrator"
    PLATFORM = "platform"
    PROVIDER = "provider"
    WITNESS = "witness"
    CLOCK = "clock"
    RULES = "rules"

    @property
    def other(self) -> Role:
        """The other party.

        >>> Role.PAYER.other
        <Role.PAYEE: 'payee'>
        """
        return {Role.PAYER: Role.PAYEE, Role.PAYEE: Role.PAYER}[self]


PARTY = frozenset({Role.PAYER, Role.PAYEE})
#: Those who wait while the platform holds the money: the parties, the neutrals and the witnesses.
PEOPLE = PARTY | {Role.MEDIATOR, Role.ARBITRATOR, Role.WITNESS}
#: Those whom a caller may name: everybody but the clock and the rules.
CALLERS = PEOPLE | {Role.PLATFORM, Role.PROVIDER}


def role_of(by: str) -> Role | None:
    """The role behind a `by`, or None for a stranger. A witness acts under a name.

    >>> role_of("payer"), role_of("witness:dave"), role_of("witness"), role_of("stranger")
    (<Role.PAYER: 'payer'>, <Role.WITNESS: 'witness'>, None, None)
    """
    if by.startswith("witness:") and by.removeprefix("witness:").strip():
        return Role.WITNESS
    return _NAMED.get(by)


#: A witness has a name of its own.
_NAMED = {role.value: role for role in Role if role is not Role.WITNESS}
