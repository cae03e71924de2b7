"""The evidence of a dispute as a file that nobody can change unseen: who added what, when, and if it is admissible.

Evidence is only ever added, and none after the dispute has ended. `dossier` makes the file of one dispute: each piece
carries the hash of the one before, and the first the hash of its dispute. `verify` finds the first piece that does not
fit: one that was altered, left out, put in, or taken from another dispute. With the head that was noted when the file
was handed over, pieces that are missing at its end are found too.

What was handed in stays outside: a piece holds its digest. Titles are people's words; they stand beside the chain and
may be erased.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from attrs import field, frozen

from escrowkit.agreement import Agreement
from escrowkit.codec.canonical import to_bytes
from escrowkit.codec.sealed import Head
from escrowkit.doors import door
from escrowkit.errors import BadArgument, BrokenChain
from escrowkit.machines.dispute import Dispute

_VERSION = "escrowkit.evidence@1"


@frozen
class Piece:
    """One piece of evidence; `number` counts from 0, `previous` is the hash of the piece before, or of the dispute."""

    number: int
    by: str
    at: datetime
    digest: str
    admissible: bool
    previous: str
    hash: str
    title: str = field(default="", eq=False)

    def rehashed(self) -> str:
        """The hash that fits what this piece says, its title aside."""
        said = [self.by, self.at.isoformat(timespec="microseconds"), self.digest, self.admissible]
        return _hash(self.number, self.previous, said)


@frozen
class Dossier:
    """The evidence of one dispute (`m1/1`), in the order in which it came; closed when the dispute ended."""

    case: str
    opened_at: datetime
    closed_at: datetime | None
    pieces: tuple[Piece, ...]

    @property
    def start(self) -> str:
        """The hash of the dispute itself, which the first piece carries."""
        return _hash(0, "", [self.case, self.opened_at.isoformat(timespec="microseconds")])

    @property
    def head(self) -> Head:
        """How many pieces there are, and the hash of the last. Note it where nobody can change it."""
        return Head(len(self.pieces), self.pieces[-1].hash if self.pieces else self.start)

    def data(self) -> dict[str, Any]:
        """As plain data, times as text."""
        pieces = [
            {
                name: getattr(piece, name)
                for name in ("number", "by", "digest", "admissible", "previous", "hash", "title")
            }
            | {"at": piece.at.isoformat()}
            for piece in self.pieces
        ]
        closed = self.closed_at.isoformat() if self.closed_at else None
        return {"case": self.case, "opened_at": self.opened_at.isoformat(), "closed_at": closed, "pieces": pieces}


def _hash(number: int, previous: str, said: Sequence[Any]) -> str:
    before = f"{_VERSION}\n{number}\n{previous}\n"
    return hashlib.sha256(before.encode() + to_bytes(list(said))).hexdigest()


@door(agreement=Agreement, milestone=str, number=int)
def dossier(agreement: Agreement, milestone: str, number: int | None = None) -> Dossier:
    """The evidence of a milestone's latest dispute, or of the one with this number (from 1).

    Raises `UnknownMilestone`, and `BadArgument` where there is no such dispute.
    """
    cases = agreement.pot(milestone).lane.cases
    place = len(cases) if number is None else number
    if not 1 <= place <= len(cases):
        raise BadArgument(f"{milestone} has {len(cases)} disputes: there is none with the number {place}", key="number")
    return _chained(f"{milestone}/{place}", cases[place - 1].dispute)


def _chained(case: str, it: Dispute) -> Dossier:
    empty = Dossier(case, it.opened_at, it.ended_at, ())
    pieces: list[Piece] = []
    before = empty.start
    for number, one in enumerate(it.evidence):
        plain = Piece(number, one.by, one.at, one.digest, one.admissible, before, "", one.title)
        before = plain.rehashed()
        pieces.append(Piece(number, one.by, one.at, one.digest, one.admissible, plain.previous, before, one.title))
    return Dossier(case, it.opened_at, it.ended_at, tuple(pieces))


@door(file=Dossier, head=Head, agreement=Agreement)
def verify(file: Dossier, *, head: Head | None = None, agreement: Agreement | None = None) -> Head:
    """Check every piece; gives the head of today.

    A `head` that was noted before finds what is missing at the end, and another file that is whole in itself; the file
    may have grown since. An `agreement` finds whatever it does not hold itself. Raises `BrokenChain` with the number of
    the first piece that does not fit.
    """
    before = file.start
    for number, piece in enumerate(file.pieces):
        _check(piece, number, before, file)
        before = piece.hash
    if head is not None and head.length:
        _check_head(file, head)
    if agreement is not None:
        _compare(file, agreement)
    return file.head


def _check(piece: Piece, number: int, before: str, file: Dossier) -> None:
    if piece.number != number:
        raise BrokenChain(number, f"it is missing: piece {piece.number} stands in its place")
    if piece.previous != before:
        raise BrokenChain(number, "it does not follow the piece before it: one of them was put in, left out or changed")
    if piece.rehashed() != piece.hash:
        raise BrokenChain(number, "it is not what was added: its content was changed")
    if file.closed_at is not None and piece.at > file.closed_at:
        raise BrokenChain(number, "it was added when the dispute had ended")


def _check_head(file: Dossier, head: Head) -> None:
    if len(file.pieces) < head.length:
        raise BrokenChain(len(file.pieces), f"it is missing: {head.length} pieces were noted")
    if file.pieces[head.length - 1].hash != head.hash:
        raise BrokenChain(head.length - 1, "its hash is not the one that was noted: this is another file")


def _compare(file: Dossier, agreement: Agreement) -> None:
    """Raises `BrokenChain` at the first piece that the agreement does not hold so."""
    milestone, _, case = file.case.rpartition("/")
    own = dossier(agreement, milestone, int(case) if case.isdecimal() else 0)
    for number, (piece, held) in enumerate(zip_longest(file.pieces, own.pieces)):
        if piece is None:
            raise BrokenChain(number, f"it is missing: the agreement holds {len(own.pieces)} pieces")
        if held is None or piece.hash != held.hash:
            raise BrokenChain(number, "the agreement does not hold it so")


__all__ = ["Dossier", "Head", "Piece", "dossier", "verify"]
