"""Golden histories: sealed lives of this release in `tests/golden/<version>`, which every later release must replay.

    python tools/histories.py            # write those that are missing
    python tools/histories.py --again    # write all anew, as long as the version is not released
    python tools/histories.py --check    # exit 1 if one is missing

What stands there for a released version is never written again: people have such histories in their databases.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import frozen

import escrowkit as ek
from escrowkit import arbitration as a
from escrowkit import chain, codec
from escrowkit import conduct as c
from escrowkit import dispute as d
from escrowkit import escrow as e
from escrowkit import feedback as f
from escrowkit import mediation as n
from escrowkit import milestone as m
from escrowkit import obligation as o
from escrowkit.agreement import Agreement, Restrict
from escrowkit.chain import Sealed
from escrowkit.rulebook import Rulebook, build
from escrowkit.story import play, read
from escrowkit.table import Command

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "tests" / "golden"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)

#: Shipped stories, which together show most of what can happen under `standard@1`.
STORIES = (
    *("award-split", "change-order", "chargeback-after-release", "chargeback-in-dispute", "conduct-moves-no-money"),
    *("dispute-twice-refused", "ended-by-payee", "impounded-dispute", "longest-dispute", "mediation-accepted"),
    *("own-release-condition", "partial-release-then-dispute", "roll-over", "same-key-twice", "sealed-deposits"),
    *("slow-rail", "two-currencies", "cancel-agreed", "concession", "mediator-is-no-judge", "refund-after-release"),
    *("arbitration-one-pays", "arbitrator-refuses", "award-lapses", "cancel-unanswered", "court-order", "dormant"),
    *("mediation-rejected-nobody-pays", "seized", "small-stake-decided"),
)
#: Those that are kept without the words of the people in them.
ERASED = ("award-split", "conduct-moves-no-money")

#: A rulebook of one's own, with everything in its head, dates, tables of amounts and something that is not settled.
OWN: Mapping[str, Any] = {
    "id": "own",
    "version": "2026-01",
    "title": "Größere Arbeiten",
    "applies_from": date(2026, 1, 1),
    "open_ended": ["arbitration.hearing"],
    "sources": {"terms": "https://example.org/terms, § 4", "board": "decision of the board"},
    "sure": {"milestone.review": {"source": "terms", "sure": "seen"}, "dispute": {"source": "board", "sure": "own"}},
    "calendar": {"timezone": "Europe/Berlin", "holidays": [date(2026, 3, 3), date(2026, 5, 1)]},
    "milestone.review": {"within": "5 business days", "on_silence": [{"payer": "60%", "payee": "40%"}, "payee"]},
    "milestone.cancel": {"within": "3 days", "on_silence": "declined"},
    "milestone.proposal": {"within": "3 days", "on_silence": "declined"},
    "milestone.requirements": {"within": "10 days", "on_silence": "payer"},
    "milestone.review.delay_step": "2 days",
    "milestone.review.delay_lockable": True,
    "escrow.service_fee": {
        "model": "tiered",
        "tiers": [{"up_to": {"USD": "500", "EUR": "450"}, "rate": "20%"}, {"rate": "5%"}],
    },
    "escrow.refund_released": {"within": "100 days"},
    "escrow.impound": "5 days",
    "dispute": {
        "open_by": ["payer", "payee", "platform"],
        "lookback": "100 days",
        "reopen": "always",
        "longest": {"within": "90 days", "on_expiry": "halves"},
        "extend": {"by": ["mediator"], "step": "5 days", "most": 2},
    },
    "dispute.answer.payee": {"within": "7 days", "on_silence": "contested"},
    "dispute.offers": {"within": "3 days", "on_silence": "declined"},
    "mediation.power": {"below": "100.00 USD", "small": "decide", "otherwise": "recommend"},
    "mediation.accept": {"within": "3 days", "on_silence": "recommendation"},
    "milestone.late": "unknown",
}


@frozen
class Life:
    """A life under a rulebook of one's own: who does what on which day, and the day of its end."""

    rules: Mapping[str, Any]
    acts: tuple[tuple[float, str, Command], ...]
    end: float
    rail: str = "instant"
    price: str = "700.00"

    def lived(self) -> Agreement:
        """The agreement at its end."""
        now = ek.open_agreement(
            rulebook=self.rulebook(),
            parties={"payer": "ada", "payee": "lin"},
            currency="USD",
            milestones=[
                {"id": "m1", "price": self.price, "title": "Kitchen, “ready to use”"},
                {"id": "m2", "price": "80.00", "due": START + timedelta(days=30), "rules": M2},
            ],
            at=START,
            rail=self.rail,
            billed_before="120.00",
        )
        for number, (days, by, command) in enumerate(self.acts):
            key = f"key-{number}" if number % 2 else None
            at = START + timedelta(days=days)
            now = now.decide(command, by=by, at=at, key=key, actor=f"user-{by}").agreement
        return now.advance(START + timedelta(days=self.end)).agreement

    def rulebook(self) -> Rulebook:
        """Its rulebook."""
        return build(OWN, "own").override(self.rules)


M2 = {"calendar.holidays": [date(2026, 3, 4)], "escrow.clearing": "2 business days", "milestone.start": "unfunded"}
FUNDED = (0, "payer", e.Deposit("m1", "700.00", "pay-1"))
SUBMITTED = (1, "payee", m.Submit("m1", "zip"))
DISPUTED = (2, "payer", d.Open("m1", "700.00", "not as agreed"))
CONTESTED = (3, "payee", d.Contest("m1", "650.00", "it is"))
TO_MEDIATION = {"dispute.stages": ["mediation"]}
TO_ARBITRATION = {
    "dispute.stages": ["arbitration"],
    "arbitration.fee.model": "shares",
    "arbitration.fee.shares.payer": "20.00 USD",
    "arbitration.fee.shares.payee": {"EUR": "18.00", "USD": "20.00"},
    "arbitration.fee.borne": "by_share_lost",
    "arbitration.pay": {"within": "7 days"},
    "arbitration.none_paid": "payer",
    "arbitration.appeal": {"within": "5 days"},
    "arbitration.award": {"within": "30 days", "on_silence": "halves"},
}
PAID = tuple((3, by, a.PayFee("m1", "own", "20.00")) for by in ("payee", "payer"))
HEARD = (FUNDED, SUBMITTED, DISPUTED, CONTESTED, *PAID, (4, "platform", a.Appoint("m1", "art")))

LIVES: Mapping[str, Life] = {
    "own-appeal": Life(
        TO_ARBITRATION,
        (
            *HEARD,
            (4, "payee", d.AddEvidence("m1", "sha256:77", "Photos")),
            (5, "platform", a.Replace("m1", "bob", "ill")),
            (5, "mediator", d.Extend("m1", "award", "3 days", "the new one needs time")),
            (6, "arbitrator", a.Award("m1", "500.00", "It works.")),
            (7, "payer", a.Appeal("m1")),
            *((8, by, a.PayFee("m1", "own", "20.00")) for by in ("payer", "payee")),
            (9, "platform", a.Appoint("m1", "cid")),
            (10, "arbitrator", a.Award("m1", "400.00", "Mostly.")),
        ),
        60,
    ),
    "own-award-stands": Life(TO_ARBITRATION, (*HEARD, (6, "arbitrator", a.Award("m1", "500.00", "It works."))), 60),
    "own-small-pot": Life(
        {**TO_ARBITRATION, "arbitration.small_pot": {"up_to": {"USD": "700"}, "divide": {"payer": "1%", "payee": "99%"}}},
        (FUNDED, SUBMITTED, DISPUTED, CONTESTED),
        60,
    ),
    "own-offers": Life(
        {"dispute.stages": []},
        (
            *(FUNDED, SUBMITTED, DISPUTED, CONTESTED),
            (4, "payer", d.Offer("m1", "100.00")),
            (4, "payee", d.DeclineOffer("m1", "100.00")),
            (5, "payee", d.Offer("m1", "600.00")),
        ),
        120,
    ),
    "own-offer-stands": Life(
        {"dispute.stages": [], "dispute.offers": {"within": "3 days", "on_silence": "as_asked"}},
        (FUNDED, SUBMITTED, DISPUTED, CONTESTED, (4, "payer", d.Offer("m1", "333.33"))),
        60,
    ),
    "own-escalated": Life(
        {
            **TO_MEDIATION,
            "dispute.escalate": {"when": "by a party", "by": ["payer", "payee"]},
            "dispute.answer.payee": {"within": "7 days", "since": "escalated", "on_silence": "contested"},
        },
        (FUNDED, SUBMITTED, DISPUTED, (4, "payer", d.Escalate("m1")), (12, "payer", d.Escalate("m1"))),
        150,
    ),
    "own-nobody-escalates": Life(
        {
            **TO_MEDIATION,
            "dispute.escalate": {"when": "by a party", "within": "20 days", "on_silence": "stays"},
            "dispute.answer.payee": {"within": "7 days", "on_silence": "contested"},
        },
        (FUNDED, SUBMITTED, DISPUTED),
        150,
    ),
    "own-mediation": Life(
        TO_MEDIATION,
        (
            *(FUNDED, SUBMITTED, DISPUTED, CONTESTED),
            (4, "platform", n.Assign("m1", "mia")),
            (5, "platform", n.Replace("m1", "max", "mia is ill")),
            (6, "mediator", n.Recommend("m1", "350.00", "Half of it works.")),
            (7, "provider", e.ChargeBack("m1", "200.00", "cb-1", "15.00", "pay-1")),
            (8, "provider", e.ReverseChargeBack("m1", "cb-1")),
            (9, "mediator", n.Recommend("m1", "300.00", "A little less.")),
        ),
        60,
    ),
    "own-nobody-answers": Life(
        {**TO_MEDIATION, "mediation.on_failure": ["recommendation", "halves"]},
        (
            *(FUNDED, SUBMITTED, (2, "payee", d.Open("m1", "700.00", "a silent payer"))),
            (3, "platform", n.Assign("m1", "mia")),
            (4, "mediator", n.Fail("m1", "They do not talk.")),
        ),
        60,
    ),
    "own-work": Life(
        {"milestone.review.on_silence": "dispute", "dispute.stages": []},
        (
            FUNDED,
            (0, "payer", m.GiveRequirements("m1", "The keys are under the mat.")),
            SUBMITTED,
            (1, "payer", m.Delay("m1")),
            (2, "payee", m.LockDelay("m1")),
            (3, "payee", m.WithdrawSubmission("m1")),
            (4, "payee", m.RequestRelease("m1", "100.00")),
            (8, "payer", m.RequestCancel("m1", "700.00")),
            (12, "payee", m.Submit("m1", "zip 2")),
            (13, "payer", m.Propose("m3", "20.00", "more", None, {"any": [{"signed": "payer"}, {"elapsed": "3 days"}]})),
            (14, "payer", m.Withdraw("m3")),
        ),
        150,
    ),
    "own-answers": Life(
        {"milestone.cancel.declinable": True},
        (
            *(FUNDED, SUBMITTED, (2, "payer", m.RequestCancel("m1", "700.00"))),
            (3, "payee", m.DeclineCancel("m1", "700.00")),
            (4, "payee", m.RequestRelease("m1", "500.00")),
            (5, "payer", m.AgreeRelease("m1", "500.00")),
        ),
        60,
    ),
    "own-voided": Life(
        {},
        (
            *(FUNDED, SUBMITTED, (2, "payer", m.RequestCancel("m1", "700.00"))),
            (3, "payer", e.Release("m1", "100.00")),
            (4, "payer", m.Approve("m1", "zip")),
        ),
        60,
    ),
    "own-slow-rail": Life(
        {},
        (
            (0, "payer", e.RequestDeposit("m1", "700.00")),
            (1, "provider", e.FailDeposit("m1", "the bank says no")),
            (2, "payer", e.RequestDeposit("m1", "700.00")),
            (3, "provider", e.ConfirmDeposit("m1", "700.00", "wire-1")),
            (4, "platform", e.Hold("m1", "a suspicion")),
            (10, "payee", m.Submit("m1", "zip")),
            (11, "payer", m.Approve("m1", "zip")),
            (12, "provider", e.ConfirmPayout("m1", "payee", "560.00", "out-1")),
            (13, "payee", e.RefundReleased("m1", "50.00")),
            (14, "provider", e.ConfirmRefundReleased("m1", "50.00", "back-1")),
        ),
        40,
        rail="slow",
    ),
    "own-standing": Life(
        {
            "dispute.stages": [],
            "dispute.answer.payee.on_silence": "claim",
            "conduct.strikes": {"mute_after": 2, "mute_for": "9 days", "suspend_after": 3},
            "conduct.feedback": {"within": "14 days", "sealed": True, "withheld_from": ["defaulted"]},
            "dispute.reopen": "always",
        },
        (
            *(FUNDED, SUBMITTED, (2, "platform", c.Strike("payer", "rude"))),
            (3, "platform", c.Strike("payer", "rude again")),
            (4, "platform", c.Forgive("payer", "both were jokes")),
            *((5, "platform", c.Strike("payee", "rude")) for _ in range(3)),
            (6, "platform", c.Reinstate("payee", "it is sorry")),
            (7, "platform", c.Suspend("payer", "a stolen card?")),
            (8, "platform", c.Reinstate("payer", "no")),
            (9, "payer", m.Approve("m1", "zip")),
            (10, "payer", f.Write("m1", 2, "slow")),
            (11, "payer", d.Open("m1", "100.00", "rust")),
            (40, "platform", c.Exclude("payee", "a third account")),
        ),
        60,
    ),
    "own-obligations": Life(
        {"dispute.stages": []},
        (
            *(FUNDED, SUBMITTED, (2, "payer", e.Release("m1", "700.00"))),
            (3, "payer", d.Open("m1", "300.00", "rust")),
            (4, "payee", d.Concede("m1", "300.00")),
            (5, "provider", o.Pay("m1", "wire-7")),
            (6, "payer", d.Open("m1", "100.00", "more rust")),
            (7, "payee", d.Concede("m1", "100.00")),
            (8, "payer", o.Waive("m1", 2)),
            (9, "platform", Restrict("payee", "rating", "rude", START + timedelta(days=99))),
        ),
        30,
    ),
}  # fmt: skip


# -- what is kept ----------------------------------------------------------------------------------------------------


def salts(name: str) -> Callable[[], bytes]:
    """Salts that are the same whenever a life is written."""
    numbers = itertools.count()
    return lambda: hashlib.sha256(f"{name} {next(numbers)}".encode()).digest()[:16]


def told(name: str) -> Agreement:
    """The agreement at the end of a story."""
    agreement = play(read(name)).agreement
    if agreement is None:
        raise SystemExit(f"{name}: no agreement is opened in this story")
    return agreement


def histories() -> Iterator[tuple[str, tuple[Sealed, ...]]]:
    """Every life by its name, sealed."""
    for name in STORIES:
        sealed = chain.seal(told(name).history, salt=salts(name))
        yield name, sealed
        if name in ERASED:
            yield f"{name}-erased", tuple(map(chain.erase, sealed))
    for name, life in LIVES.items():
        yield name, chain.seal(life.lived().history, salt=salts(name))


def page(sealed: tuple[Sealed, ...]) -> str:
    """What is kept of a life: the head, the states and balances at its end, and its records, one a line."""
    now = chain.replay(sealed)
    head = chain.verify(sealed)
    said = {
        "made_with": ek.__version__,
        "head": {"length": head.length, "hash": head.hash},
        "states": now.states(),
        "balances": {f"{account} {money.currency}": money.text for account, money in now.ledger.accounts()},
        "owed": {
            f"{debtor}>{creditor} {currency}": money.text
            for currency in now.currencies
            for (debtor, creditor), money in now.owed(currency).items()
        },
    }
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in said.items()]
    records = ",\n".join(f"  {codec.dumps(one).decode()}" for one in sealed)
    return "{\n" + ",\n".join(lines) + f',\n "records": [\n{records}\n ]\n}}\n'


# -- the tool --------------------------------------------------------------------------------------------------------


def version() -> str:
    """The version to which the histories belong: `0.1`."""
    return ".".join(ek.__version__.split(".")[:2])


def released(which: str, changelog: str) -> bool:
    """Whether a version stands in the changelog with its date."""
    return re.search(rf"^## \[{re.escape(which)}\.[^\]]*\] - [0-9]", changelog, re.MULTILINE) is not None


def run(target: Path, changelog: str, *, check: bool = False, again: bool = False) -> int:
    """Write or check the histories of this version; 1 if one is missing, or may not be written again."""
    which = version()
    if again and released(which, changelog):
        sys.stdout.write(f"{which} is released: its histories are kept as they are\n")
        return 1
    missing = 0
    for name, sealed in histories():
        path = target / which / f"{name}.json"
        if path.exists() and not again:
            continue
        missing += 1
        if check:
            sys.stdout.write(f"missing: {which}/{path.name} (run `make docs`)\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page(sealed), encoding="utf-8", newline="\n")
    return 1 if check and missing else 0


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="tell what is missing instead of writing it")
    parser.add_argument("--again", action="store_true", help="write all anew, as long as the version is not released")
    arguments = parser.parse_args()
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return run(TARGET, changelog, check=arguments.check, again=arguments.again)


if __name__ == "__main__":
    sys.exit(main())
