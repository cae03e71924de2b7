"""Sealed histories: whatever was changed is found at its record, and words can be erased without breaking the chain."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import escrowkit as ek
from escrowkit import chain, codec
from escrowkit.agreement import Agreement, Record
from escrowkit.chain import GENESIS, Head, Sealed, Text
from escrowkit.codec import BadDocument, Erased
from escrowkit.codec.canonical import to_bytes
from escrowkit.errors import BadArgument, BrokenChain
from escrowkit.ledger import Entry, Line
from escrowkit.money import Money
from helpers import START, Job, contested, disputed, funded
from test_codec import LIVES, drawn


def salts() -> Callable[[], bytes]:
    """Salts that are the same in every run."""
    numbers = itertools.count()
    return lambda: hashlib.sha256(b"%d" % next(numbers)).digest()[:16]


def sealed(now: Agreement) -> tuple[Sealed, ...]:
    """A whole history, sealed."""
    return chain.seal(now.history, salt=salts())


def broken(records: Sequence[Sealed], head: Head | None = None) -> tuple[int, str]:
    """Which record does not fit, and why."""
    with pytest.raises(BrokenChain) as found:
        chain.verify(records, head=head)
    return found.value.number, found.value.why


def rehashed(records: Sequence[Sealed]) -> tuple[Sealed, ...]:
    """The same bodies in a chain whose every number, link and hash fits: what a forger makes."""
    made: list[Sealed] = []
    after = GENESIS
    for one in records:
        linked = attrs.evolve(one, number=after.length, previous=after.hash)
        made.append(attrs.evolve(linked, hash=linked.rehashed()))
        after = made[-1].head
    return tuple(made)


def with_body(one: Sealed, change: Callable[[Any], None]) -> Sealed:
    """A record whose content was changed."""
    document = json.loads(one.body)
    change(document)
    return attrs.evolve(one, body=to_bytes(document))


STORY = sealed(LIVES["award-split"])
FUNDED = next(n for n, r in enumerate(LIVES["award-split"].history) if isinstance(r.event, ek.escrow.Deposited))


# -- sealing and opening again ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIVES)
def test_every_story_is_sealed_verified_and_replayed(name: str) -> None:
    records = sealed(LIVES[name])
    assert chain.verify(records) == chain.verify(records, head=records[-1].head) == records[-1].head
    assert chain.replay(records) == LIVES[name]
    assert tuple(map(chain.unseal, records)) == LIVES[name].history
    assert chain.loads(chain.dumps(records)) == records


@pytest.mark.parametrize("seed", range(30))
def test_every_life_is_sealed_verified_and_replayed(seed: int) -> None:
    now = drawn(seed, unknown=seed % 3 == 0)
    if now is not None:
        records = sealed(now)
        assert chain.verify(records).length == len(now.history)
        assert chain.replay(chain.loads(chain.dumps(records))) == now


def test_a_chain_grows_by_the_records_of_each_decision_as_if_it_had_been_sealed_at_once() -> None:
    job, salt = funded(), salts()
    grown = chain.seal(job.now.history, salt=salt)
    for by, said, day in (
        ("payee", ek.milestone.Submit("m1", "zip"), 1),
        ("payer", ek.dispute.Open("m1", "350.00", "not as agreed"), 2),
        ("payee", ek.dispute.Contest("m1", None, "it is"), 3),
    ):
        job(by, said, day, key=f"k{day}")
        grown += chain.seal(job.now.history[len(grown) :], after=grown[-1].head, salt=salt)
    assert grown == sealed(job.now)
    assert chain.replay(grown) == job.now


def test_the_hash_is_sha256_over_a_version_the_number_the_hash_before_and_the_canonical_bytes() -> None:
    before = "0" * 64
    for number, one in enumerate(STORY):
        assert (one.number, one.previous) == (number, before)
        assert to_bytes(json.loads(one.body)) == one.body
        before = hashlib.sha256(f"escrowkit.record@1\n{number}\n{before}\n".encode() + one.body).hexdigest()
        assert one.hash == before
        assert one.head == Head(number + 1, before)


def test_words_are_in_the_hash_as_a_salted_digest_and_stand_beside_the_record() -> None:
    one = next(one for one in sealed(disputed().now) if b"dispute.opened@1" in one.body)
    ((path, text),) = one.texts.items()
    assert (path, text.text) == ("$.event.reason", "not as agreed")
    digest = hashlib.sha256(b"escrowkit.text@1\n" + bytes.fromhex(text.salt) + b"not as agreed").hexdigest()
    assert json.loads(one.body)["event"]["reason"] == {"sha256": digest}
    assert text.text not in repr(text)


def test_the_same_words_have_another_digest_each_time_so_that_nobody_finds_them_by_trying() -> None:
    history = disputed().now.history
    first, second = (chain.seal(history)[-4:] for _ in range(2))
    one, other = (next(t for s in some for t in s.texts.values()) for some in (first, second))
    assert one.text == other.text
    assert one.salt != other.salt
    assert one.digest != other.digest


def test_a_record_without_words_needs_no_salt() -> None:
    def none() -> bytes:
        raise AssertionError("no salt is needed")

    started = [record for record in funded().now.history if record.event.word == "started"]
    assert chain.seal(started, salt=none)[0].texts == {}


@pytest.mark.parametrize("salt", [b"", b"x" * 15, b"x" * 17, "x" * 16, None])
def test_a_salt_of_another_kind_or_length_is_refused(salt: Any) -> None:
    with pytest.raises(BadArgument, match="a salt is 16 bytes"):
        chain.seal(disputed().now.history, salt=lambda: salt)


# -- what was changed is found ---------------------------------------------------------------------------------------


def test_a_changed_amount_is_found_at_its_record() -> None:
    def more(document: Any) -> None:
        document["entries"][0]["lines"][0]["amount"] = "999.00 USD"

    changed = (*STORY[:FUNDED], with_body(STORY[FUNDED], more), *STORY[FUNDED + 1 :])
    assert broken(changed) == (FUNDED, "it is not what was sealed: its content, its number or its link was changed")
    with pytest.raises(BrokenChain):
        chain.unseal(changed[FUNDED])


def test_a_changed_amount_is_found_even_if_the_whole_chain_was_hashed_again() -> None:
    def more(document: Any) -> None:
        document["entries"][0]["lines"][0]["amount"] = "999.00 USD"

    forged = rehashed([*STORY[:FUNDED], with_body(STORY[FUNDED], more), *STORY[FUNDED + 1 :]])
    number, why = broken(forged)
    assert number == FUNDED
    assert "it does not follow" in why
    assert broken(forged, STORY[-1].head)[0] == FUNDED


def test_a_changed_event_is_found_if_the_whole_chain_was_hashed_again_because_its_entry_no_longer_follows() -> None:
    def more(document: Any) -> None:
        document["event"]["amount"] = "999.00 USD"

    forged = rehashed([*STORY[:FUNDED], with_body(STORY[FUNDED], more), *STORY[FUNDED + 1 :]])
    assert broken(forged)[0] == FUNDED


def test_money_that_moves_with_an_event_that_moves_none_is_found() -> None:
    entry = Entry((Line("world:payer", "world:payee", Money(1, "USD")),))
    job = funded()("platform", ek.agreement.Restrict("payer", "rating", "rude"))
    for record in (job.now.history[0], job.now.history[-1]):
        place = job.now.history.index(record)
        history = [*job.now.history[:place], attrs.evolve(record, entries=(entry,)), *job.now.history[place + 1 :]]
        assert broken(chain.seal(history))[0] == place


def test_another_history_that_is_whole_in_itself_is_found_by_the_head_that_was_noted() -> None:
    other = sealed(funded({"escrow.clearing": "3 days"}).now)
    mine = sealed(funded().now)
    assert chain.verify(other) == other[-1].head
    assert broken(other, mine[-1].head) == (
        len(mine) - 1,
        "its hash is not the one that was noted: this is another history",
    )


@pytest.mark.parametrize("place", [0, 1, FUNDED, len(STORY) - 2])
def test_a_dropped_record_is_found_where_it_is_missing(place: int) -> None:
    number, why = broken((*STORY[:place], *STORY[place + 1 :]))
    assert (number, why) == (place, f"it is missing: record {place + 1} stands in its place")


@pytest.mark.parametrize("place", [1, FUNDED, len(STORY)])
def test_a_record_that_was_put_in_is_found(place: int) -> None:
    number, why = broken((*STORY[:place], STORY[0], *STORY[place:]))
    assert (number, why) == (place, "record 0 stands in its place: inserted, repeated or swapped")


def test_swapped_records_are_found_at_the_first() -> None:
    swapped = [*STORY[:4], STORY[5], STORY[4], *STORY[6:]]
    assert broken(swapped)[0] == 4


def test_records_that_were_dropped_put_in_or_swapped_and_numbered_anew_are_found() -> None:
    def numbered(records: Sequence[Sealed]) -> list[Sealed]:
        return [attrs.evolve(one, number=number) for number, one in enumerate(records)]

    assert broken(numbered([*STORY[:4], *STORY[5:]]))[0] == 4
    assert broken(numbered([*STORY[:4], STORY[4], *STORY[4:]]))[0] == 5
    assert broken(numbered([*STORY[:4], STORY[5], STORY[4], *STORY[6:]]))[0] == 4


def test_a_record_of_another_chain_is_found() -> None:
    other = sealed(funded({"escrow.clearing": "3 days"}).now)
    number, why = broken((*STORY[:3], *other[3:]))
    assert (number, why) == (3, "it does not follow the record before it: one of them was put in or changed")


@pytest.mark.parametrize("length", [1, FUNDED, len(STORY) - 1])
def test_a_tail_that_was_cut_off_is_found_if_the_head_is_known(length: int) -> None:
    assert broken(STORY[:length], STORY[-1].head) == (length, f"it is missing: {len(STORY)} records were noted")
    with pytest.raises(BrokenChain):
        chain.replay(STORY[:length], head=STORY[-1].head)


@pytest.mark.parametrize("length", [0, 1, FUNDED, len(STORY)])
def test_a_history_that_has_grown_since_its_head_was_noted_is_whole(length: int) -> None:
    noted = STORY[length - 1].head if length else GENESIS
    assert chain.verify(STORY, head=noted) == STORY[-1].head


@pytest.mark.parametrize("head", [None, GENESIS, STORY[-1].head])
def test_no_record_at_all_is_no_history(head: Head | None) -> None:
    assert broken((), head) == (0, "there is no record")


def test_the_first_failure_is_told_whatever_fails_after_it() -> None:
    def other(document: Any) -> None:
        document["event"]["amount"] = "999.00 USD"

    forged = rehashed([*STORY[:FUNDED], with_body(STORY[FUNDED], other), *STORY[FUNDED + 1 :]])
    assert broken([*forged[:-1], STORY[-1]])[0] == FUNDED
    assert broken([*STORY[:2], *STORY[3:-1]])[0] == 2


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "it is not JSON"),
        (b"[]", "no document"),
        (b'{"type":"record@9"}', "later version"),
        (b"[" * 100_000, "nested too deeply"),
        (codec.dumps(ek.escrow.Deposit("m1", "1")), "it is no record"),
    ],
)
def test_a_body_that_is_no_record_is_found_even_if_its_hash_fits(body: bytes, why: str) -> None:
    number, told = broken(rehashed([STORY[0], STORY[1], attrs.evolve(STORY[2], body=body, texts={})]))
    assert number == 2
    assert why in told


def test_a_history_that_does_not_begin_with_its_opening_is_found() -> None:
    assert broken(rehashed(STORY[1:])) == (0, "a history begins with agreement.opened")
    assert broken(rehashed([*STORY[:3], STORY[0]])) == (3, "an agreement is opened once")


@settings(max_examples=150)
@given(data=st.data())
def test_no_byte_of_a_history_can_be_changed_unseen(data: st.DataObject) -> None:
    lines = chain.dumps(STORY[:12])
    place = data.draw(st.integers(0, len(lines) - 1))
    other = data.draw(st.integers(1, 255))
    changed = lines[:place] + bytes([lines[place] ^ other]) + lines[place + 1 :]
    try:
        records = chain.loads(changed)
    except BadDocument:
        return
    # What JSON reads as the same is the same; an escape for a letter is.
    if records != STORY[:12]:
        assert broken(records, STORY[11].head)


# -- words -----------------------------------------------------------------------------------------------------------

WORDS = "Mrs Ångström was rude"


def told() -> Agreement:
    """A life in which people say a lot."""
    job = Job(milestones=[{"id": "m1", "price": "350.00", "title": f"{WORDS} 1"}, ("m2", "20.00")])
    job("payer", ek.milestone.Propose("m3", "30.00", f"{WORDS} 2"))
    job("payer", ek.escrow.Deposit("m1", "350.00", "pay-1"))
    job("payer", ek.milestone.GiveRequirements("m1", f"{WORDS} 3"))
    job("payee", ek.milestone.Submit("m1", "zip"), 1)
    job("payer", ek.milestone.RequestChanges("m1", f"{WORDS} 4"), 2, key="k1")
    job("payee", ek.milestone.Submit("m1", "zip"), 3)
    job("payer", ek.dispute.Open("m1", "350.00", f"{WORDS} 5"), 4, key="k2")
    job("payee", ek.dispute.Contest("m1", None, f"{WORDS} 6"), 5)
    job("payer", ek.dispute.AddEvidence("m1", "d1", f"{WORDS} 7"), 5)
    job("platform", ek.agreement.Restrict("payer", "rating", f"{WORDS} 8"), 5)
    return job.wait(400).now


def test_nothing_that_people_wrote_is_left_in_a_history_whose_words_were_erased() -> None:
    records = sealed(told())
    erased = [chain.erase(one) for one in records]
    for number in range(1, 9):
        assert f"{WORDS} {number}".encode() in chain.dumps(records)
    assert WORDS.encode() not in chain.dumps(erased)
    assert WORDS not in repr(erased)
    assert WORDS not in repr(chain.replay(erased).history)


def test_a_history_without_its_words_still_holds_and_makes_the_same_balances_and_states() -> None:
    now = told()
    records = sealed(now)
    erased = [chain.erase(one) for one in records]
    assert chain.verify(erased, head=records[-1].head) == records[-1].head
    again = chain.replay(erased)
    assert again != now
    assert (again.ledger, again.states(), again.entries()) == (now.ledger, now.states(), now.entries())
    assert again.advance(again.at + timedelta(days=400)).events == now.advance(now.at + timedelta(days=400)).events


@pytest.mark.parametrize("name", LIVES)
def test_every_story_without_its_words_makes_the_same_balances_and_states(name: str) -> None:
    again = chain.replay(map(chain.erase, sealed(LIVES[name])))
    assert (again.ledger, again.states(), again.billed) == (
        LIVES[name].ledger,
        LIVES[name].states(),
        LIVES[name].billed,
    )


def test_a_mark_stands_where_words_were_erased() -> None:
    one = next(one for one in sealed(told()) if b"changes_requested@1" in one.body)
    record = chain.unseal(chain.erase(one, "$.event.reason"))
    reason = record.event.reason  # type: ignore[attr-defined]
    assert isinstance(reason, Erased)
    assert reason == f"[erased text {one.texts['$.event.reason'].digest[:12]}]"
    assert record.said is not None
    assert f"{WORDS} 4" in record.said
    assert isinstance(chain.unseal(chain.erase(one, "$.said")).said, Erased)


def test_what_was_erased_is_sealed_again_to_the_same_hashes() -> None:
    records = sealed(told())
    again = chain.seal(chain.replay(map(chain.erase, records)).history)
    assert [one.hash for one in again] == [one.hash for one in records]
    assert all(not one.texts for one in again)


def test_words_can_be_erased_only_where_there_are_some() -> None:
    one = chain.erase(STORY[0])
    with pytest.raises(BadArgument, match=r"record 0 has no words at \$.event.reason; it has: none"):
        chain.erase(one, "$.event.reason")
    assert chain.erase(one) == one


def test_an_answer_under_a_key_is_not_given_again_once_the_command_was_erased() -> None:
    now = chain.replay(map(chain.erase, sealed(told())))
    command = ek.milestone.RequestChanges("m1", f"{WORDS} 4")
    with pytest.raises(ek.errors.KeyConflict, match="erased text"):
        now.decide(command, by="payer", at=now.at, key="k1")


def test_other_words_than_those_that_were_sealed_are_found() -> None:
    records = sealed(told())
    place, one = next((n, one) for n, one in enumerate(records) if b"changes_requested@1" in one.body)
    reason, said = one.texts["$.event.reason"], one.texts["$.said"]
    salt = "0" * 32
    for texts, path in (
        ({"$.event.reason": attrs.evolve(reason, text="other words")}, "$.event.reason"),
        ({"$.event.reason": attrs.evolve(reason, salt=salt)}, "$.event.reason"),
        ({"$.event.reason": said, "$.said": reason}, "$.event.reason"),
        ({"$.said": Text(salt, "\ud800")}, "$.said"),
        ({"$.key": said}, "$.key"),
        ({"$.event": said}, "$.event"),
        ({"$.event.nothing": said}, "$.event.nothing"),
        ({"$.entries[7].said": said}, "$.entries[7].said"),
        ({"$.event.reason.sha256": said}, "$.event.reason.sha256"),
        ({"$": said}, "$"),
        ({"said": said}, "said"),
    ):
        changed = [*records[:place], attrs.evolve(one, texts=texts), *records[place + 1 :]]
        assert broken(changed) == (place, f"the words at {path} are not those that were sealed")


def test_a_text_needs_its_salt() -> None:
    for salt in ("", "0" * 31, "0" * 33, "X" * 32, b"0" * 32):
        with pytest.raises(BadArgument, match="a salt is 16 bytes in hex"):
            Text(salt, "words")  # type: ignore[arg-type]


# -- as JSON lines ---------------------------------------------------------------------------------------------------


def test_sealed_records_are_lines_of_canonical_json() -> None:
    lines = chain.dumps(STORY).splitlines()
    assert len(lines) == len(STORY)
    assert [codec.loads(line) for line in lines] == list(STORY)
    first = json.loads(lines[0])
    assert first["type"] == "sealed@1"
    assert first["body"]["event"]["type"] == "agreement.opened@1"
    assert chain.loads(b"") == ()
    assert chain.loads(b"\n".join(lines).replace(b'"type":', b'"type" : ')) == STORY


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (b"{", "$[1]"),
        (b"", "$[1]"),
        (b"null", "$[1]"),
        (codec.dumps(ek.escrow.Deposit("m1", "1")), "$[1].type"),
        (codec.dumps(STORY[1]).replace(b'"number":1', b'"number":"1"'), "$[1].number"),
        (codec.dumps(STORY[1]).replace(b'"number":1', b'"number":1.0'), "$[1].number"),
        (codec.dumps(STORY[1]).replace(b'"decision":1', b'"decision":1.5'), "$[1].body.decision"),
        (codec.dumps(STORY[1]).replace(b'"decision":1', b'"decision":1,"decision":1'), "$[1].body"),
        (codec.dumps(STORY[1]).replace(b'"salt":"', b'"salt":"0'), "$[1].texts.$.event.title"),
        (codec.dumps(STORY[1])[:-1], "$[1]"),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_line_that_is_no_sealed_record_is_refused_with_its_number(line: bytes, path: str) -> None:
    with pytest.raises(BadDocument) as refused:
        chain.loads(codec.dumps(STORY[0]) + b"\n" + line + b"\n")
    assert refused.value.path == path


def test_a_record_that_no_document_can_say_is_not_sealed() -> None:
    record = Record(funded().now.history[0].event, (), 2**60)
    with pytest.raises(BadDocument, match="decision"):
        chain.seal([record])


def test_a_dispute_goes_on_from_its_sealed_history() -> None:
    job = contested()
    again = chain.replay(sealed(job.now))
    offer = ek.dispute.Offer("m1", "100.00")
    assert again.decide(offer, by="payer", at=START + timedelta(days=4)) == job.now.decide(
        offer, by="payer", at=START + timedelta(days=4)
    )
