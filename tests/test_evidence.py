"""Evidence is added and never taken away: whatever is changed of a file is found, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import escrowkit as ek
from escrowkit import evidence
from escrowkit.errors import BadArgument, BrokenChain, UnknownMilestone
from escrowkit.evidence import Dossier
from helpers import Job, contested, day, disputed


def add(job: Job, digest: str, by: str = "payee", days: float | None = None, **said: Any) -> Job:
    return job(by, ek.dispute.AddEvidence("m1", digest, f"What {digest} is", **said), days)


def collected() -> Job:
    job = contested({"dispute.stages": []})
    add(job, "sha256:1", days=4)
    add(job, "sha256:2", "payer", 5)
    add(job, "sha256:3", "platform", 5, admissible=False)
    return add(job, "sha256:4", days=6)


def changed(file: Dossier, number: int, **said: Any) -> Dossier:
    pieces = list(file.pieces)
    pieces[number] = attrs.evolve(pieces[number], **said)
    return attrs.evolve(file, pieces=tuple(pieces))


def test_a_file_says_who_added_what_when_and_whether_it_is_admissible() -> None:
    job = collected()
    file = evidence.dossier(job.now, "m1")
    told = [(piece.number, piece.by, piece.at, piece.digest, piece.admissible) for piece in file.pieces]
    assert told == [
        (0, "payee", day(4), "sha256:1", True),
        (1, "payer", day(5), "sha256:2", True),
        (2, "platform", day(5), "sha256:3", False),
        (3, "payee", day(6), "sha256:4", True),
    ]
    assert (file.case, file.opened_at, file.closed_at) == ("m1/1", day(2), None)
    assert file.data()["pieces"][0]["title"] == "What sha256:1 is"
    assert file.data()["closed_at"] is None


def test_each_piece_carries_the_hash_of_the_one_before() -> None:
    file = evidence.dossier(collected().now, "m1")
    assert [piece.previous for piece in file.pieces] == [file.start, *(piece.hash for piece in file.pieces[:-1])]
    assert evidence.verify(file) == file.head
    assert file.head.length == 4


def test_a_file_grows_and_a_noted_head_still_fits() -> None:
    job = collected()
    noted = evidence.dossier(job.now, "m1").head
    add(job, "sha256:5", days=7)
    assert evidence.verify(evidence.dossier(job.now, "m1"), head=noted, agreement=job.now).length == 5


def test_the_same_history_makes_the_same_file() -> None:
    job = collected()
    assert evidence.dossier(ek.replay(job.now.history), "m1") == evidence.dossier(job.now, "m1")


Damage = Callable[[Dossier], Dossier]
#: (what is done to the file, the first piece that does not fit)
DAMAGES: dict[str, tuple[Damage, int]] = {
    "another digest": (lambda file: changed(file, 1, digest="sha256:9"), 1),
    "another time": (lambda file: changed(file, 1, at=day(4)), 1),
    "somebody else": (lambda file: changed(file, 2, by="payee"), 2),
    "admissible after all": (lambda file: changed(file, 2, admissible=True), 2),
    "another hash": (lambda file: changed(file, 2, hash="0" * 64), 2),
    "one left out": (lambda file: attrs.evolve(file, pieces=file.pieces[:1] + file.pieces[2:]), 1),
    "the first left out": (lambda file: attrs.evolve(file, pieces=file.pieces[1:]), 0),
    "two swapped": (lambda file: attrs.evolve(file, pieces=(*file.pieces[:2], *file.pieces[:1:-1])), 2),
    "one twice": (lambda file: attrs.evolve(file, pieces=(*file.pieces, file.pieces[-1])), 4),
    "of another dispute": (lambda file: attrs.evolve(file, case="m1/2"), 0),
    "after its end": (lambda file: attrs.evolve(file, closed_at=day(5)), 3),
}


@pytest.mark.parametrize(("damage", "first"), DAMAGES.values(), ids=DAMAGES)
def test_whatever_is_changed_is_found_at_the_first_piece_that_does_not_fit(damage: Damage, first: int) -> None:
    with pytest.raises(BrokenChain) as found:
        evidence.verify(damage(evidence.dossier(collected().now, "m1")))
    assert found.value.number == first
    assert found.value.why


@given(number=st.integers(0, 3), digest=st.text(max_size=9))
def test_no_digest_can_be_put_in_the_place_of_another(number: int, digest: str) -> None:
    file = evidence.dossier(collected().now, "m1")
    if digest != file.pieces[number].digest and digest.isprintable():
        with pytest.raises(BrokenChain):
            evidence.verify(changed(file, number, digest=digest))


def forged(file: Dossier, keep: int) -> Dossier:
    """A file that is whole in itself, made anew after some pieces."""
    job = contested({"dispute.stages": []})
    for piece in file.pieces[:keep]:
        add(job, piece.digest, piece.by, piece.at, admissible=piece.admissible)  # type: ignore[arg-type]
    add(job, "sha256:forged", days=6)
    return evidence.dossier(job.now, "m1")


def test_a_file_that_was_made_anew_is_found_by_a_noted_head_or_by_the_agreement() -> None:
    job = collected()
    file = evidence.dossier(job.now, "m1")
    other = forged(file, 3)
    evidence.verify(other)
    for known in ({"head": file.head}, {"agreement": job.now}):
        with pytest.raises(BrokenChain) as found:
            evidence.verify(other, **known)
        assert found.value.number == 3


def test_pieces_that_are_missing_at_the_end_are_found_by_a_noted_head_or_by_the_agreement() -> None:
    job = collected()
    file = evidence.dossier(job.now, "m1")
    cut = attrs.evolve(file, pieces=file.pieces[:2])
    evidence.verify(cut)
    for known in ({"head": file.head}, {"agreement": job.now}):
        with pytest.raises(BrokenChain) as found:
            evidence.verify(cut, **known)
        assert found.value.number == 2


def test_a_piece_that_the_agreement_never_had_is_found() -> None:
    job = collected()
    before = job.now
    add(job, "sha256:5", days=7)
    with pytest.raises(BrokenChain) as found:
        evidence.verify(evidence.dossier(job.now, "m1"), agreement=before)
    assert found.value.number == 4


def test_a_title_is_words_and_may_be_erased() -> None:
    file = evidence.dossier(collected().now, "m1")
    assert evidence.verify(changed(file, 1, title="")) == file.head


def test_no_evidence_is_added_when_the_dispute_has_ended() -> None:
    job = collected()
    add(job, "sha256:5", "payer", 8)("payer", ek.dispute.Withdraw("m1"), 8)
    job.refused("no-such-move", "payee", ek.dispute.AddEvidence("m1", "sha256:6", "Too late"))
    file = evidence.dossier(job.now, "m1")
    assert file.closed_at == day(8)
    assert evidence.verify(file).length == 5, "what was added at the very instant of its end, before it, stays"


def test_each_dispute_has_a_file_of_its_own() -> None:
    job = disputed({"dispute.reopen": "always", "dispute.stages": []})
    add(job, "sha256:1", days=3)("payer", ek.dispute.Withdraw("m1"), 4)
    job("payer", ek.dispute.Open("m1", "350.00", "again"), 5)
    assert evidence.dossier(job.now, "m1").case == "m1/2"
    assert evidence.dossier(job.now, "m1").head.length == 0
    assert evidence.verify(evidence.dossier(job.now, "m1"), head=evidence.dossier(job.now, "m1").head).length == 0
    assert evidence.dossier(job.now, "m1", 1).head.length == 1
    for number in (0, 3):
        with pytest.raises(BadArgument):
            evidence.dossier(job.now, "m1", number)
    with pytest.raises(UnknownMilestone):
        evidence.dossier(job.now, "m9")
