"""The committed JSON Schemas: fresh, and they accept what is written and nothing that cannot be read."""

from __future__ import annotations

import copy
import json
import runpy
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import jsonschema
import pytest

import escrowkit as ek
from escrowkit import chain, codec
from escrowkit.codec.schemas import PAGES
from escrowkit.codec.shapes import COMMANDS, EVENTS, TYPES
from escrowkit.errors import BadArgument
from escrowkit.rulebook import available, load
from escrowkit.testing.chosen import Dice, rulebook
from test_codec import LIVES, example

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "reference" / "schemas"
TOOL = ROOT / "tools" / "schemas.py"


@cache
def committed(name: str) -> jsonschema.Draft202012Validator:
    """The validator of a committed page."""
    text = (TARGET / f"{name}.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


@cache
def of_type(name: str) -> jsonschema.Draft202012Validator:
    """The validator of one type alone, as `escrowkit.codec.schema` gives it."""
    return jsonschema.Draft202012Validator(codec.schema(name))


def test_there_is_a_valid_page_for_each_and_no_other() -> None:
    assert {path.name for path in TARGET.iterdir()} == {f"{name}.schema.json" for name in PAGES}
    for name in PAGES:
        jsonschema.Draft202012Validator.check_schema(committed(name).schema)
        assert committed(name).schema == codec.schema(name)


@pytest.mark.parametrize("name", LIVES)
def test_every_record_of_a_story_is_as_its_schema_says(name: str) -> None:
    kinds = set()
    for record in LIVES[name].history:
        document = codec.to_document(record)
        of_type(document["event"]["type"].partition("@")[0]).validate(document["event"])
        for entry in document["entries"]:
            committed("entry").validate(entry)
        # All of a record once for each type of event: the schema of any event is long.
        if type(record.event) not in kinds:
            kinds.add(type(record.event))
            committed("record").validate(document)


def test_a_whole_agreement_is_as_its_schema_says() -> None:
    committed("agreement").validate(codec.to_document(LIVES["smooth-job"]))


def test_sealed_records_with_and_without_their_words_are_as_their_schema_says() -> None:
    records = chain.seal(LIVES["award-split"].history)
    for one in records:
        committed("sealed").validate(codec.to_document(one))
        committed("sealed").validate(codec.to_document(chain.erase(one)))
        committed("record").validate(codec.to_document(chain.unseal(chain.erase(one))))


@pytest.mark.parametrize("name", available())
def test_every_shipped_rulebook_is_as_its_schema_says(name: str) -> None:
    committed("rulebook").validate(codec.to_document(load(name)))


@pytest.mark.parametrize("seed", range(10))
def test_any_rulebook_is_as_its_schema_says(seed: int) -> None:
    committed("rulebook").validate(codec.to_document(rulebook(Dice(seed), unknown=True)))


@pytest.mark.parametrize("bare", [True, False])
def test_every_event_and_every_command_is_as_its_schema_says_and_as_none_other(bare: bool) -> None:
    for page, kinds in (("event", EVENTS), ("command", COMMANDS)):
        for name, kind in kinds.items():
            document = codec.to_document(example(kind, bare=bare))
            of_type(name).validate(document)
            other = next(one for one in kinds if one != name)
            assert not of_type(other).is_valid(document)
            if name in ("escrow.deposited", "milestone.propose", "arbitration.opened"):
                committed(page).validate(document)


def test_a_schema_wants_every_field_and_knows_no_other() -> None:
    for name, kind in {**EVENTS, **COMMANDS}.items():
        document = codec.to_document(example(kind, bare=True))
        assert not of_type(name).is_valid(document | {"other": 1})
        for field in document:
            assert not of_type(name).is_valid({one: document[one] for one in document if one != field})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"at": "2026-03-02"}, ["at"]),
        ({"amount": "150"}, ["amount"]),
        ({"amount": 150}, ["amount"]),
        ({"by": None}, ["by"]),
        ({"type": "escrow.deposited@2"}, ["type"]),
    ],
)
def test_a_wrong_document_fails_where_it_is_wrong(change: dict[str, Any], place: list[str]) -> None:
    event = next(e for e in LIVES["award-split"].events() if isinstance(e, ek.escrow.Deposited))
    errors = list(committed("event").iter_errors(codec.to_document(event) | change))
    assert place in [list(error.absolute_path) for error in errors]


def test_erased_words_and_release_conditions_are_held_to_their_forms() -> None:
    proposed = codec.to_document(example(EVENTS["milestone.proposed"], bare=False))
    erased = {"sha256": "0" * 64}
    assert of_type("milestone.proposed").is_valid(proposed | {"title": erased})
    for wrong in ({"title": erased | {"text": ""}}, {"title": {"sha256": "0"}}, {"release_when": {"signed": "nobody"}}):
        assert not of_type("milestone.proposed").is_valid(proposed | wrong)


def test_a_schema_can_be_asked_for_by_any_type_and_by_nothing_else() -> None:
    for name in ("event", "command", *TYPES):
        assert codec.schema(name)["title"] == f"escrowkit: {name}"
    with pytest.raises(BadArgument, match=r"did you mean .escrow\.deposit."):
        codec.schema("escrow.deposi")


def test_a_schema_that_is_changed_by_its_reader_stays_as_it_was() -> None:
    first = codec.schema("entry")
    kept = copy.deepcopy(first)
    first["properties"].clear()
    first["$defs"].clear()
    assert codec.schema("entry") == kept


# -- the tool --------------------------------------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """What the tool exits with."""
    monkeypatch.setattr(sys, "argv", [str(TOOL), *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(TOOL), run_name="__main__")
    return int(str(ended.value.code))


def test_the_committed_pages_are_fresh(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--check") == 0, capsys.readouterr().out


def test_a_stale_page_is_told_and_then_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tool = runpy.run_path(str(TOOL))
    target = tmp_path / "docs" / "reference" / "schemas"
    shutil.copytree(TARGET, target)
    (target / "entry.schema.json").write_text("{}", encoding="utf-8")
    (target / "other.json").write_text("{}", encoding="utf-8")
    assert tool["run"](target, check=True) == 1
    told = capsys.readouterr().out
    assert "stale: entry.schema.json" in told
    assert "stale: other.json" in told
    assert tool["run"](target, check=False) == 0
    assert tool["run"](target, check=True) == 0
    assert {path.name for path in target.iterdir()} == {f"{name}.schema.json" for name in PAGES}


def test_the_fields_of_a_schema_are_those_of_its_class() -> None:
    own: Any = ek.escrow.Deposited
    assert codec.schema("escrow.deposited")["required"] == ["type", *(spec.name for spec in attrs.fields(own))]
