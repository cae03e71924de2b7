"""Who may act."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escrowkit.roles import CALLERS, PARTY, PEOPLE, Role, role_of


def test_the_roles_are_those_of_the_vocabulary() -> None:
    names = "payer payee mediator arbitrator platform provider witness clock rules"
    assert [role.value for role in Role] == names.split()


def test_each_party_is_the_other_of_its_other() -> None:
    assert (Role.PAYER.other, Role.PAYEE.other) == (Role.PAYEE, Role.PAYER)


@pytest.mark.parametrize("role", sorted(set(Role) - PARTY))
def test_who_is_no_party_has_no_other(role: Role) -> None:
    with pytest.raises(KeyError):
        _ = role.other


def test_callers_are_all_but_the_clock_and_the_rules_and_only_people_wait_for_the_platform() -> None:
    assert set(Role) - CALLERS == {Role.CLOCK, Role.RULES}
    assert set(CALLERS - PEOPLE) == {Role.PLATFORM, Role.PROVIDER}
    assert set(PARTY) == {Role.PAYER, Role.PAYEE} < PEOPLE


@pytest.mark.parametrize(
    ("by", "role"),
    [
        ("payer", Role.PAYER),
        ("payee", Role.PAYEE),
        ("mediator", Role.MEDIATOR),
        ("arbitrator", Role.ARBITRATOR),
        ("platform", Role.PLATFORM),
        ("provider", Role.PROVIDER),
        ("clock", Role.CLOCK),
        ("rules", Role.RULES),
        ("witness:dave", Role.WITNESS),
        ("witness:a", Role.WITNESS),
        ("witness: dave", Role.WITNESS),
        ("witness:", None),
        ("witness: ", None),
        ("witness", None),
        ("Witness:dave", None),
        ("PAYER", None),
        ("payer ", None),
        ("stranger", None),
        ("", None),
    ],
)
def test_a_name_is_a_role_to_the_letter_and_a_witness_has_a_name(by: str, role: Role | None) -> None:
    assert role_of(by) is role


@given(by=st.text())
def test_a_name_that_is_no_role_is_a_stranger(by: str) -> None:
    assert role_of(f"x{by}") is None
    assert (role_of(f"witness:{by}") is Role.WITNESS) == bool(by.strip())
