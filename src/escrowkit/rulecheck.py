"""What can be wrong with a rulebook beyond single values: its head, its keys, and rules that need one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from escrowkit.errors import (
    BadArgument,
    DefinitionError,
    MissingExtra,
    Refused,
    UnknownRulebookValue,
    did_you_mean,
    in_turn,
    shown,
)
from escrowkit.periods import instant
from escrowkit.schema import KEYS, PARTS, UNKNOWN

if TYPE_CHECKING:
    from escrowkit.rulebook import Rulebook

HEAD: Final = ("id", "version", "title", "applies_from", "open_ended", "sources", "sure")
MARK: Final = ("source", "sure", "note")
CERTAINTY: Final = ("seen", "second-hand", "recalled", "own")


def covers(part: str, path: str) -> bool:
    """Whether a dotted key is this part or lies in it."""
    return path == part or path.startswith(part + ".")


def mark_of(sure: Mapping[str, Mapping[str, str]], path: str) -> Mapping[str, str]:
    """The mark of a value: that of the smallest part that has one, or nothing."""
    # Of parts that lie in one another, the smallest is the last by the alphabet.
    key = max((key for key in sure if covers(key, path)), default=None)
    return {} if key is None else sure[key]


def left_out(sure: Mapping[str, Mapping[str, str]], said: Iterable[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What is marked and not said: rules that were left out, with the note that says why."""
    paths = list(said)
    for key, mark in sure.items():
        if "note" in mark and not any(covers(key, path) for path in paths):
            yield key, mark


def not_known(path: str, value: Any) -> str:
    """What to say of a key that is none."""
    part, _, name = path.rpartition(".")
    if path in PARTS:
        return f"{path} = {shown(value)}: a table is needed; {path} has {', '.join(_inside(path))}"
    if path in HEAD:
        return f"{path}: it says which rulebook this is, and cannot be overridden"
    inside = _inside(part)
    elsewhere = [known for known in (*KEYS, *PARTS) if not inside or not covers(part, known)]
    # By its own name among its neighbours first: long keys of one part are all near to one another.
    here = did_you_mean(name, inside, before=f"{part}.") if part else did_you_mean(name, (*inside, *HEAD))
    has = f"{part or 'a rulebook'} has {', '.join(inside)}" if inside else ""
    return in_turn(f"{path}: no such rule", here or did_you_mean(path, elsewhere), has)


def _inside(part: str) -> tuple[str, ...]:
    """The names that a part may hold; none, if it is no part."""
    start = f"{part}." if part else ""
    return tuple(dict.fromkeys(key[len(start) :].split(".")[0] for key in KEYS if key.startswith(start)))


def head_problems(head: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with what a file says of itself."""
    for name in ("id", "version", "title"):
        if not _is_text(head.get(name)):
            yield f"{name} = {shown(head[name])}: a text is needed" if name in head else f"{name}: it is missing"
    since = head.get("applies_from")
    if since is not None and not isinstance(since, date):
        yield f"applies_from = {shown(since)}: a date or an instant is needed"
    elif isinstance(since, datetime) and since.utcoffset() is None:
        yield f"applies_from = {since}: an instant needs its zone, as in {since.isoformat()}Z"
    elif isinstance(since, datetime) and not _is_instant(since):
        yield f"applies_from = {since}: it lies outside the years 1 to 9999"
    states = head.get("open_ended", [])
    if not isinstance(states, (list, tuple)) or not all(map(_is_text, states)):
        yield f"open_ended = {shown(states)}: a list of states is needed"
    sources, sure = head.get("sources", {}), head.get("sure", {})
    if not isinstance(sources, Mapping) or not all(map(_is_text, sources.values())):
        yield f"sources = {shown(sources)}: a table of texts is needed"
        sources = {}
    if not isinstance(sure, Mapping):
        yield f"sure = {shown(sure)}: a table of marks by dotted key is needed"
        sure = {}
    for key, mark in sure.items():
        if not isinstance(key, str):
            yield f"sure: {shown(key)} is no dotted key"
            continue
        yield from _mark_problems(key, mark, list(sources))


def _mark_problems(key: str, mark: Any, sources: list[str]) -> Iterator[str]:
    if key not in KEYS and key not in PARTS:
        yield f"sure.{not_known(key, None)}"
    if not isinstance(mark, Mapping) or not {"source", "sure"} <= set(mark):
        yield f'sure.{key} = {shown(mark)}: {{ source, sure }} is needed, by a key in quotes such as "milestone.review"'
        return
    for name in mark:
        if name not in MARK:
            has = f"a mark has {', '.join(MARK)}"
            yield f"sure.{key}.{name}: {in_turn(did_you_mean(name, MARK), has)}"
    if "note" in mark and not _is_text(mark["note"]):
        yield f"sure.{key}.note = {shown(mark['note'])}: a text is needed"
    for name, known in (("source", sources), ("sure", list(CERTAINTY))):
        if mark[name] not in known:
            allowed = f"allowed: {' | '.join(known) or 'nothing, [sources] is empty'}"
            yield f"sure.{key}.{name} = {shown(mark[name])}: {in_turn(did_you_mean(mark[name], known), allowed)}"


def _is_instant(at: datetime) -> bool:
    try:
        return bool(instant(at))
    except BadArgument:
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


#: A period without an answer strands money; an answer without a period never comes.
_PAIRS = (
    ("milestone.review.within", "milestone.review.on_silence"),
    ("milestone.cancel.within", "milestone.cancel.on_silence"),
    ("milestone.proposal.within", "milestone.proposal.on_silence"),
    ("milestone.requirements.within", "milestone.requirements.on_silence"),
    ("escrow.hold_limit.within", "escrow.hold_limit.on_expiry"),
    ("escrow.dormancy.idle", "escrow.dormancy.on_silence"),
    ("dispute.answer.payer.within", "dispute.answer.payer.on_silence"),
    ("dispute.answer.payee.within", "dispute.answer.payee.on_silence"),
    ("dispute.escalate.within", "dispute.escalate.on_silence"),
    ("dispute.longest.within", "dispute.longest.on_expiry"),
    ("arbitration.award.within", "arbitration.award.on_silence"),
    ("arbitration.small_pot.up_to", "arbitration.small_pot.divide"),
)


#: Answers that always move money; these only sometimes, so that the next in a list is tried …
_PAYING: Final = ("payer", "payee", "halves")
_SOMETIMES: Final = ("as_asked", "claim", "recommendation")
#: … and the silences that must move it, or end otherwise as is said here: else the clock would strike for ever.
_ENDING: Final[Mapping[str, tuple[str, ...]]] = {
    "milestone.review.on_silence": ("dispute",),
    "milestone.requirements.on_silence": (),
    "milestone.late.on_silence": (),
    "escrow.hold_limit.on_expiry": (),
    "escrow.dormancy.on_silence": (),
    "dispute.escalate.on_silence": ("next_stage", "stays"),
    "dispute.longest.on_expiry": (),
    "arbitration.none_paid.gets": ("stays",),
    "arbitration.one_paid.gets": ("claim",),
    "arbitration.small_pot.divide": (),
    "arbitration.award.on_silence": (),
    "arbitration.refusal.divide": (),
}
#: Silences that can mean only one thing or nothing.
_ONLY: Final[Mapping[str, tuple[str, ...]]] = {
    "dispute.offers.on_silence": ("as_asked", "declined"),
    "mediation.accept.on_silence": ("recommendation", "rejected"),
}


def _answer_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """Answers that move nothing where something must be decided, or mean nothing where they stand."""
    for key, also in _ENDING.items():
        said = values[key]
        if said is None or said is UNKNOWN or said in [(one,) for one in also]:
            continue
        first = next((one for one in said if one not in _SOMETIMES), None)
        if first not in _PAYING and not isinstance(first, Mapping):
            yield f"{key}: it must move the money; allowed: {' | '.join((*_PAYING, *also))}, or shares"
    for key, only in _ONLY.items():
        if values[key] is not UNKNOWN and values[key] not in [(one,) for one in only]:
            yield f"{key}: allowed: {' | '.join(only)}"


def _pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _PAIRS
    # A window that opens with the first payment never ends without one.
    if values["arbitration.pay.since"] == "offered":
        yield "arbitration.pay.within", "arbitration.none_paid.gets"


def _fee_problems(values: Mapping[str, Any]) -> Iterator[str]:
    """Which fee comes back says who bears it, and how fast; both cannot be said twice."""
    refund, fee = values["arbitration.fee.refund"], "arbitration.fee"
    if refund == "winner" and (values[f"{fee}.borne"], values[f"{fee}.cost"]) != ("each", "all"):
        yield f'{fee}.refund: a fee that comes back to the winner needs borne = "each" and cost = "all"'
    for side in ("payer", "payee") if values[f"{fee}.model"] == "shares" else ():
        share = values[f"{fee}.shares.{side}"]
        if isinstance(share, Mapping) and not all(share.values()):
            yield f"{fee}.shares.{side}: each side pays a share in, and a share of nothing cannot be paid"
    for key in ("decay", "kept"):
        if values[f"{fee}.{key}"] is not None and refund not in ("decaying", UNKNOWN):
            yield f'{fee}.{key}: it needs refund = "decaying"'


def problems_together(book: Rulebook) -> Iterator[str]:
    """What single values cannot show: rules that need one another."""
    values = book.values
    for period, answer in _pairs(values):
        if (values[period] is None) != (values[answer] is None):
            lone, lacks = (period, answer) if values[answer] is None else (answer, period)
            yield f"{lone} needs {lacks}: say who gets it, and when"
    yield from _answer_problems(values)
    yield from _fee_problems(values)
    if values["milestone.review.since"] == "active" and values["milestone.review.notices"]:
        yield "milestone.review.notices: reminders are of a submission, and a review since active has none"
    if values["milestone.review.on_silence"] == ("dispute",):
        for key in ("dispute.escalate.on_silence", "arbitration.none_paid.gets"):
            if values[key] == ("stays",):
                why = "a dispute that silence opens (milestone.review.on_silence) cannot stay: it would open again"
                yield f"{key}: {why}"
    if values["dispute.escalate.on_silence"] == ("next_stage",) and not values["dispute.stages"]:
        yield "dispute.escalate.on_silence: there is no next stage; dispute.stages names none"
    lacking = {key: why for key, why in _needed(values) if values[key] is None}
    yield from (f"{key}: {why} needs it" for key, why in lacking.items())
    if not any(covers("escrow.service_fee", key) for key in lacking):
        yield from _tariff_problems(book, "escrow.service_fee", book.service_fee)
    if values["arbitration.fee.model"] in ("rate", "from_pot") and values["arbitration.fee.rate"] is not None:
        yield from _tariff_problems(book, "arbitration.fee", book.arbitration_fee)
    if values["escrow.fees"] is not UNKNOWN:
        yield from _tariff_problems(book, "escrow.fees", book.fees)
    try:
        _ = book.calendar
    except DefinitionError as error:
        yield from (
            f"calendar.{problem}".replace("calendar.country:", "calendar.holidays:") for problem in error.problems
        )
    except (MissingExtra, UnknownRulebookValue):
        pass  # said by whoever counts business days


def _needed(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Values without which a stage or a fee of the chosen model cannot be."""
    stages = () if values["dispute.stages"] is UNKNOWN else values["dispute.stages"]
    if "mediation" in stages:
        yield "mediation.power", "a stage 'mediation'"
    model = values["arbitration.fee.model"]
    paid_in = "arbitration" in stages and model in ("shares", "rate", "external")
    needs = {
        "arbitration.pay.within": paid_in,
        "arbitration.fee.shares.payer": paid_in and model == "shares",
        "arbitration.fee.shares.payee": paid_in and model == "shares",
        "arbitration.fee.rate": model == "from_pot" or (paid_in and model == "rate"),
    }
    yield from ((key, f"a fee of the model {model!r}") for key, needed in needs.items() if needed)
    if values["arbitration.fee.refund"] == "decaying":
        yield "arbitration.fee.decay", "a refund 'decaying'"
    model = values["escrow.service_fee.model"]
    if model in ("flat", "per_contract", "tiered"):
        yield f"escrow.service_fee.{'tiers' if model == 'tiered' else 'rate'}", f"a fee of the model {model!r}"


def _tariff_problems(book: Rulebook, fee: str, tariff: Callable[[str], object]) -> Iterator[str]:
    """A floor above a cap, bounds that do not grow: a fee that could never be taken."""
    for currency in dict.fromkeys(currency for _, amounts in book.amounts() for currency in amounts):
        try:
            tariff(currency)
        except DefinitionError as error:
            yield from (f"{fee}.{problem}" for problem in error.problems)
        except Refused:
            pass  # unknown, or not in this currency: said by whoever needs it
