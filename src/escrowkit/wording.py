"""Events, deadlines and outcomes in plain words: what a person reads in a timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from escrowkit import agreement as whole
from escrowkit.books import BOOKS
from escrowkit.ledger import CONDITIONS, Entry
from escrowkit.machines import arbitration, conduct, dispute, escrow, feedback, mediation, milestone, obligation
from escrowkit.money import Money
from escrowkit.table import Event

_NAMES: Final = {"clock": "time", "rules": "the rules", "both": "both parties", "nobody": "nobody"}


def the(role: str) -> str:
    """A role as the subject of a sentence.

    >>> the("payer"), the("witness:dave"), the("clock")
    ('the payer', 'the witness dave', 'time')
    """
    if role.startswith("witness:"):
        return f"the witness {role.removeprefix('witness:')}"
    return _NAMES.get(role, f"the {role}")


def listed(words: Iterable[str]) -> str:
    """A list in words.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *first, last = list(words) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def split(to_payee: Money, stake: Money | None = None) -> str:
    """How a sum is split, in words; 0 to the payee is all to the payer."""
    if not to_payee:
        return "all to the payer"
    rest = f"{stake - to_payee} to the payer" if stake is not None else "the rest to the payer"
    return f"{to_payee} to the payee, {rest}"


def _advanced(sums: Mapping[str, Money]) -> str:
    parts = [f"{sum_} that a chargeback ({name}) took when it had left already" for name, sum_ in sums.items()]
    return f"; the platform advances {listed(parts)}" if parts else ""


def _quoted(text: str | None) -> str:
    return f": “{text}”" if text else ""


def _disposed(event: escrow.Disposed) -> str:
    parts = []
    if event.paid:
        way = "is set aside for the payee until its security hold is over" if event.clears else "goes to the payee"
        parts.append(f"{event.paid - event.fee} {way}")
    if event.fee:
        parts.append(f"{event.fee} to the platform as its service fee")
    if event.to_payer + event.back:
        parts.append(f"{event.to_payer + event.back} goes back to the payer")
    if isinstance(event, escrow.Divided) and event.advanced:
        parts.append(f"the platform advances {event.advanced} to the payer")
    return listed(parts) or "nothing moves"


def _claim(event: Any) -> str:
    return f"claims {event.claim} for itself" if event.claim else "claims all of the stake"


def _opened(event: dispute.Opened) -> str:
    who = f"the {event.opener}" if event.opener else "the rules"
    stages = f"stages: {listed(event.stages)}" if event.stages else "no stages"
    power = f"; a mediator may {event.power}" if event.power else ""
    return (
        f"{who} opens a dispute and {_claim(event)}{_quoted(event.reason)} — "
        f"at stake: {event.stake}; {stages}{power}. The money is frozen"
    )


def _shares(event: arbitration.Opened) -> str:
    if not event.shares:
        return "arbitration opens; no fee is paid in"
    sides = {name: share for name, share in event.shares.items() if name != "platform"}
    each = len(set(sides.values())) == 1 and len(sides) == 2
    paid = f"each side is to pay {next(iter(sides.values()))}" if each else _owing(sides)
    sealed = "; the payments are sealed until the window closes (this page is the full record)"
    return f"arbitration is offered: {paid} in for its fee" + (sealed if event.order == "sealed" else "")


def _owing(shares: Mapping[str, Money]) -> str:
    return listed(f"the {name} is to pay {share}" for name, share in shares.items())


def _fees(event: arbitration.FeesSettled) -> str:
    borne = listed(f"the {n} bears {s}" for n, s in event.borne.items() if s)
    back = listed(f"the {n} gets {s} back" for n, s in event.returned.items() if s)
    earned = f"the {event.to} earns {event.earned}" + (f" ({borne})" if borne else "")
    return (
        "; ".join(part for part in (earned if event.earned else "", back) if part) or "no arbitration fee was paid in"
    )


def _restricted(event: whole.Restricted) -> str:
    if event.until is not None and event.until <= event.at:
        return f"{the(event.by)} gives the {event.role} the right of {event.right} back{_quoted(event.reason)}"
    until = f" until {event.until:%Y-%m-%d %H:%M}" if event.until else ""
    return f"{the(event.by)} takes the right of {event.right} from the {event.role}{until}{_quoted(event.reason)}"


def _withheld(withheld: Mapping[str, str]) -> str:
    return "".join(f"; the {side} may not, because it {_LOST[why]}" for side, why in sorted(withheld.items()))


_LOST: Final = {"defaulted": "lost by its own silence", "refunded": "got all back"}


def _muted(event: conduct.Struck) -> str:
    if not event.muted:
        return ""
    return ", which may not write" + (f" until {event.until:%Y-%m-%d %H:%M}" if event.until else "")


def _holding(event: conduct.Suspended | conduct.StruckOut) -> str:
    if not event.holds:
        return "; no money is touched"
    return f"; the money of {listed(event.holds)} is frozen, and neither paid nor refunded"


def _verb(by: str, verb: str) -> str:
    """A verb as its subject needs it: the rules suspend, the platform suspends."""
    return verb if by == "rules" else f"{verb}s"


_SAID: Final[Mapping[type[Event], Callable[[Any], str]]] = {
    whole.Opened: lambda e: (
        f"the agreement is opened under {e.rulebook.name}: "
        + listed(f"milestone {t.id} for {t.price}" + (f" ({t.title})" if t.title else "") for t in e.terms)
    ),
    whole.Restricted: _restricted,
    whole.Ended: lambda e: f"{the(e.by)} ends every open milestone{_quoted(e.reason)}",
    milestone.Included: lambda e: f"{e.milestone} is agreed for {e.price}",
    milestone.Proposed: lambda e: f"{the(e.by)} proposes {e.milestone} for {e.price}{_quoted(e.title)}",
    milestone.Accepted: lambda e: f"{the(e.by)} accepts {e.milestone} as proposed",
    milestone.Declined: lambda e: f"{the(e.by)} declines {e.milestone}",
    milestone.Withdrawn: lambda e: f"{the(e.by)} takes the proposal of {e.milestone} back",
    milestone.Started: lambda e: "it is funded as far as the rules ask: the work may start",
    milestone.Submitted: lambda e: f"the payee submits {e.deliverable!r}; the review starts",
    milestone.SubmissionWithdrawn: lambda e: "the payee takes the submission back; its review ends",
    milestone.ChangesRequested: lambda e: f"the payer asks for changes{_quoted(e.reason)}; the review ends",
    milestone.Approved: lambda e: f"the payer approves {e.deliverable!r}" if e.deliverable else "the payer approves",
    milestone.Attested: lambda e: f"{the(e.by)} attests {e.name!r}",
    milestone.ConditionMet: lambda e: (
        "the milestone's own release condition is met" + (" by time alone" if e.alone else "")
    ),
    milestone.CancelRequested: lambda e: (
        f"{the(e.by)} asks to cancel, with {e.refund} back to the payer; the review waits"
    ),
    milestone.CancelAgreed: lambda e: f"{the(e.by)} agrees: {e.refund} back to the payer",
    milestone.CancelDeclined: lambda e: f"{the(e.by)} declines to cancel; the work goes on",
    milestone.CancelWithdrawn: lambda e: f"{the(e.by)} takes the cancel request back; the review goes on",
    milestone.Voided: lambda e: "money moved, so the pending request over the old sum is void",
    milestone.ReleaseRequested: lambda e: f"{the(e.by)} proposes {split(e.to_payee)}",
    milestone.ReleaseAgreed: lambda e: f"{the(e.by)} agrees to the split: {split(e.to_payee)}",
    milestone.Cancelled: lambda e: f"{the(e.by)} cancels {e.milestone}",
    milestone.Delayed: lambda e: "the payer delays the review by one step",
    milestone.DelayLocked: lambda e: "the payee forbids further delays",
    milestone.RequirementsGiven: lambda e: "the payer gives the requirements",
    milestone.NoticeRecorded: lambda e: f"the platform delivers a reminder of the {e.clock}",
    milestone.Suspended: lambda e: "the milestone and its clocks wait for the dispute",
    milestone.Resumed: lambda e: "the milestone goes on where it was, with the time that it had left",
    milestone.Completed: lambda e: f"{e.milestone} is completed",
    milestone.Concluded: lambda e: f"{e.milestone} is {e.after}",
    milestone.DeemedApproved: lambda e: (
        "the payer let the review period pass: the work counts as approved"
        + ("; its reminders were never delivered" if e.unsent else "")
    ),
    milestone.ReviewEscalated: lambda e: "the payer let the review period pass: the rules make a dispute of it",
    milestone.SilenceDivided: lambda e: f"{CONDITIONS[e.code][1]}: {split(e.to_payee)}",
    milestone.SilenceIgnored: lambda e: "nobody answered in time; the request is void",
    escrow.Opened: lambda e: f"a pot is opened for {e.milestone}",
    escrow.Deposited: lambda e: f"the payer deposits {e.amount}; it is held in escrow",
    escrow.Repeated: lambda e: f"the reference {e.reference!r} was told before; nothing moves",
    escrow.DepositRequested: lambda e: f"the payer starts a payment of {e.amount}; the provider has yet to confirm it",
    escrow.DepositConfirmed: lambda e: f"the provider confirms {e.amount}; {e.kept} is held",
    escrow.DepositReturned: lambda e: f"{e.amount} arrives but fits nowhere; it is payable to the payer",
    escrow.DepositFailed: lambda e: f"the payment failed{_quoted(e.reason)}",
    escrow.FundingLapsed: lambda e: "the payment was never confirmed",
    escrow.Released: lambda e: f"{the(e.by)} releases {e.amount}: {_disposed(e)}",
    escrow.Refunded: lambda e: f"{the(e.by)} refunds {e.amount} to the payer",
    escrow.Disbursed: _disposed,
    escrow.Divided: lambda e: (
        _disposed(e)
        + (f"; {e.cost} is the arbitration fee out of the pot" if e.cost else "")
        + (f"; the payee owes the payer {e.owed}" if e.owed and not e.advanced else "")
    ),
    escrow.Seized: lambda e: f"the platform seizes all and gives it to the {e.to}{_quoted(e.reason)}",
    escrow.OrderObeyed: lambda e: (
        f"a court's order ({e.reference}) is obeyed: "
        + (f"{e.costs} of costs to the {e.costs_to}, " if e.costs else "")
        + _disposed(e)
    ),
    escrow.HoldEnded: lambda e: f"{CONDITIONS[e.code][1]}: {_disposed(e)}",
    escrow.Conceded: lambda e: f"{the(e.by)} gives all {e.amount} to the {e.to}: a concession, which ends the dispute",
    escrow.RolledOver: lambda e: f"the payer moves {e.amount} on to {e.to}",
    escrow.Received: lambda e: f"{e.milestone} takes in {e.amount} from {e.origin}",
    escrow.Held: lambda e: f"the platform impounds the money{_quoted(e.reason)} — everybody and every deadline waits",
    escrow.Lifted: lambda e: "the platform lifts its hold; clocks go on",
    escrow.ImpoundLapsed: lambda e: "the platform's hold lasted as long as it may: it lifts and pays nobody",
    escrow.ChargedBack: lambda e: (
        f"the payer's bank takes {e.amount} back ({e.reference}): "
        + listed(
            f"{sum_} {where}"
            for sum_, where in (
                (e.from_escrow, "out of the escrow"),
                (e.from_clearing, "out of what was clearing"),
                (e.from_payable, "out of what was payable to the payee"),
                (e.from_platform, "out of the platform's own money"),
            )
            if sum_
        )
        + (f"; the network's fee of {e.fee} falls on the platform" if e.fee else "")
    ),
    escrow.ChargeBackReversed: lambda e: f"the chargeback {e.reference} is reversed; {e.charged.amount} comes back",
    escrow.RefundReleasedRequested: lambda e: (
        f"the payer asks for {e.amount} of the released money back; nothing moves"
    ),
    escrow.RefundReleasedPromised: lambda e: f"the payee gives {e.amount} back, once the provider confirms",
    escrow.ReleasedRefunded: lambda e: f"the payee gives {e.amount} of the released money back",
    escrow.Reclaimed: lambda e: f"{e.amount} of what was released has gone back",
    escrow.PaidOut: lambda e: f"{e.amount} is paid out to the {e.to}" + _advanced(e.advanced or {}),
    escrow.PayoutFailed: lambda e: f"the payout of {e.amount} to the {e.to} failed; it stays claimable",
    escrow.Cleared: lambda e: f"the security hold is over: {e.amount} is paid out to the payee",
    escrow.Frozen: lambda e: "the pot is frozen",
    escrow.Thawed: lambda e: "the pot is as it was before the dispute",
    escrow.Drained: lambda e: f"nothing is held any more; the escrow is {e.after}",
    escrow.Closed: lambda e: "the escrow is settled",
    dispute.Opened: _opened,
    dispute.Contested: lambda e: f"{the(e.by)} contests and claims {e.claim} for itself{_quoted(e.reply)}",
    dispute.Concluded: lambda e: f"the dispute ends ({e.after}): {split(e.to_payee)}, because {CONDITIONS[e.code][1]}",
    dispute.Conceded: lambda e: f"{the(e.by)} concedes the claim of {e.claim}: {split(e.to_payee)}",
    dispute.Proceeded: lambda e: "nobody has to answer: the dispute is contested",
    dispute.Offered: lambda e: f"{the(e.by)} offers a settlement: {split(e.to_payee)}",
    dispute.OfferAccepted: lambda e: f"{the(e.by)} accepts the offer: {split(e.to_payee)}",
    dispute.OfferDeclined: lambda e: f"{the(e.by)} declines the offer",
    dispute.OfferLapsed: lambda e: "the offer was not answered in time and is void",
    dispute.OfferStands: lambda e: f"the offer was not answered in time and is executed: {split(e.to_payee)}",
    dispute.AnswerDemanded: lambda e: "the dispute is escalated: the time to answer runs from now",
    dispute.Escalated: lambda e: f"the dispute goes on to {e.stage}",
    dispute.SmallPotDivided: lambda e: f"the stake is too small for a ruling: {split(e.to_payee)}",
    dispute.Dropped: lambda e: "nobody took the dispute further in time: it is closed, and everything is as it was",
    dispute.Withdrawn: lambda e: f"{the(e.by)} withdraws the dispute",
    dispute.EvidenceAdded: lambda e: (
        f"{the(e.by)} adds evidence: {e.title!r}" + ("" if e.admissible else " (not admissible)")
    ),
    dispute.Extended: lambda e: f"{the(e.by)} extends {e.clock} by {e.period}, for both sides{_quoted(e.reason)}",
    dispute.Defaulted: lambda e: (
        (
            f"{listed(the(s) for s in e.silent)} did not answer in time: "
            if e.silent
            else "the dispute lasted too long: "
        )
        + split(e.to_payee)
    ),
    dispute.SilenceContests: lambda e: "silence counts as contesting: the dispute goes on",
    dispute.Overridden: lambda e: "the dispute is overridden: its stake is gone",
    dispute.Restaked: lambda e: f"money moved: {e.stake} is at stake now, and offers are void",
    mediation.Opened: lambda e: f"a mediation is requested; the mediator may {e.power}",
    mediation.Assigned: lambda e: f"the platform assigns the mediator {e.mediator!r}",
    mediation.Replaced: lambda e: f"the platform replaces the mediator by {e.mediator!r}{_quoted(e.reason)}",
    mediation.Recommended: lambda e: (
        f"the mediator recommends {split(e.to_payee)}{_quoted(e.reasons)} — it binds nobody"
    ),
    mediation.Accepted: lambda e: (
        f"{the(e.by)} accepts the recommendation" + ("; both have accepted now" if e.after == "agreed" else "")
    ),
    mediation.Rejected: lambda e: f"{the(e.by)} rejects the recommendation: it is void, and the mediation has failed",
    mediation.Decided: lambda e: (
        f"the mediator, who has that power here, decides: {split(e.to_payee)}{_quoted(e.reasons)}"
    ),
    mediation.Failed: lambda e: f"the mediator gives notice that it did not resolve{_quoted(e.reason)}",
    mediation.Voided: lambda e: "the recommendation is void, because money moved",
    mediation.Closed: lambda e: "the mediation is closed",
    mediation.Lapsed: lambda e: {
        "recommend": "the mediator gave no recommendation in time: the mediation has failed",
        "accept": "the recommendation was not accepted by both in time: it is void, and the mediation has failed",
    }.get(e.clock, "the mediation lasted as long as it may: it has failed"),
    mediation.DeemedAccepted: lambda e: f"nobody rejected the recommendation in time: {split(e.to_payee)}",
    arbitration.Opened: _shares,
    arbitration.FeePaid: lambda e: f"{the(e.by)} pays the arbitration fee of {e.amount} in",
    arbitration.WindowClosed: lambda e: "the fee window closes, and both sides have paid: everybody may know now",
    arbitration.Appointed: lambda e: f"the arbitrator {e.arbitrator!r} is appointed",
    arbitration.Replaced: lambda e: f"the arbitrator is replaced by {e.arbitrator!r}{_quoted(e.reason)}",
    arbitration.Awarded: lambda e: f"the arbitrator awards {split(e.to_payee)}{_quoted(e.reasons)}",
    arbitration.Refused: lambda e: f"the arbitrator does not rule{_quoted(e.reason)}",
    arbitration.Appealed: lambda e: f"{the(e.by)} appeals",
    arbitration.NobodyPaid: lambda e: "the fee window closes, and nobody has paid",
    arbitration.OnlyOnePaid: lambda e: f"the fee window closes, and only the {e.paid} has paid",
    arbitration.AwardLapsed: lambda e: "no award in time: the arbitration is closed",
    arbitration.AwardStands: lambda e: f"the award stands: {split(e.to_payee)}",
    arbitration.Closed: lambda e: "the arbitration is closed",
    arbitration.FeesSettled: _fees,
    obligation.Opened: lambda e: f"the {e.debtor} owes the {e.creditor} {e.amount}",
    obligation.Paid: lambda e: f"the {e.debtor} pays the {e.creditor} the {e.amount} that it owed",
    obligation.Waived: lambda e: f"{the(e.by)} waives what was owed",
    feedback.Opened: lambda e: (
        ("the sides may rate one another" if e.after == "open" else "neither side may rate the other")
        + _withheld(e.withheld)
    ),
    feedback.Written: lambda e: f"{the(e.by)} gives {e.score}{_quoted(e.comment)}",
    feedback.Revised: lambda e: "who may rate has changed" + (_withheld(e.withheld) or ": both may"),
    feedback.WindowClosed: lambda e: (
        "the time to give feedback is over" + ("; what was written is shown" if e.after == "published" else "")
    ),
    conduct.Struck: lambda e: (
        f"{the(e.by)} counts strike {e.strikes} against the {e.role}{_muted(e)}{_quoted(e.reason)}"
    ),
    conduct.StruckOut: lambda e: (
        f"{the(e.by)} counts strike {e.strikes} against the {e.role}, which suspends it{_muted(e)}{_holding(e)}"
        f"{_quoted(e.reason)}"
    ),
    conduct.Forgiven: lambda e: f"{the(e.by)} takes the {e.role}'s strikes back{_quoted(e.reason)}",
    conduct.Suspended: lambda e: f"{the(e.by)} {_verb(e.by, 'suspend')} the {e.role}{_holding(e)}{_quoted(e.reason)}",
    conduct.Reinstated: lambda e: (
        f"{the(e.by)} ends the suspension of the {e.role}"
        + (f"; the money of {listed(e.lifts)} is free again" if e.lifts else "")
        + _quoted(e.reason)
    ),
    conduct.Excluded: lambda e: f"{the(e.by)} excludes the {e.role} for good{_holding(e)}{_quoted(e.reason)}",
}

#: Events that only follow from others and say nothing that their neighbours do not.
QUIET: Final = frozenset(
    {
        milestone.Included,
        escrow.Opened,
        escrow.Frozen,
        escrow.Thawed,
        escrow.Drained,
        escrow.Closed,
        milestone.Suspended,
        milestone.Completed,
        milestone.Concluded,
        dispute.Concluded,
    }
)


def tell(event: Event, stake: Money | None = None) -> str:
    """What happened, in one sentence without its full stop; with the stake, both parts of a split are named."""
    said = _SAID[type(event)](event)
    to_payee = getattr(event, "to_payee", None)
    if stake is None or to_payee is None or to_payee > stake:
        return said
    rest = stake - to_payee
    return said.replace(", the rest to the payer", f", {rest} to the payer" if rest else ", nothing to the payer")


def reason(event: Any, events: Iterable[Event]) -> str:
    """Why money left an escrow, naming who was silent or who paid."""
    code = getattr(event, "code", None) or _CITED[type(event)]
    before = [e for e in events if e.milestone == event.milestone and e.at <= event.at]
    for earlier in reversed(before):
        if code == "respondent_silent" and isinstance(earlier, dispute.Defaulted) and earlier.silent:
            return f"{listed(the(side) for side in earlier.silent)} did not answer the dispute in time"
        if code == "only_one_paid_fee" and isinstance(earlier, arbitration.OnlyOnePaid):
            return f"only the {earlier.paid} paid the arbitration fee in time"
    return CONDITIONS[code][1]


_CITED: Final = {booking.event: booking.cites for booking in BOOKS if booking.cites}


def money(entry: Entry) -> list[str]:
    """What an entry moved, one line each; a stop on the way (payable, on an instant rail) is left out."""
    both = {line.source for line in entry.lines} & {line.target for line in entry.lines}
    through = {account for account in both if not account.startswith("world:")}
    out: dict[str, list[Money]] = {}
    ends = {line.source: line.target for line in entry.lines if line.source in through}
    for line in entry.lines:
        if line.source not in through:
            target = ends.get(line.target, line.target)
            out.setdefault(f"{place(line.source)} → {place(target)}", []).append(line.amount)
    return [f"{sum(sums[1:], sums[0])}  {way}" for way, sums in out.items()]


def place(account: str) -> str:
    """An account in words.

    >>> place("world:payer"), place("escrow:m1"), place("deposit:m1/1:payee")
    ('payer', 'escrow m1', "payee's fee deposit m1/1")
    """
    kind, _, name = account.partition(":")
    if kind == "deposit":
        case, _, role = name.partition(":")
        return f"{role}'s fee deposit {case}"
    words = {"world": name, "payable": f"payable to {name}", "fees": f"fees paid in {name}"}
    return words.get(kind, f"{kind} {name}")


#: The part of the rulebook behind each outcome; what people agreed or ordered among themselves needs none.
RULE_OF: Final[Mapping[str, str]] = {
    "review_lapsed": "milestone.review",
    "cancel_lapsed": "milestone.cancel",
    "proposal_lapsed": "milestone.proposal",
    "requirements_lapsed": "milestone.requirements",
    "late_cancelled": "milestone.late",
    "early_cancelled": "milestone.early",
    "offer_lapsed": "dispute.offers",
    "respondent_silent": "dispute.answer",
    "dispute_lapsed": "dispute.longest",
    "nobody_paid_fee": "arbitration.none_paid",
    "only_one_paid_fee": "arbitration.one_paid",
    "small_pot_divided": "arbitration.small_pot",
    "hold_limit_reached": "escrow.hold_limit",
    "dormant": "escrow.dormancy",
    "mediator_decided": "mediation.power",
    "rolled_forward": "escrow.roll_over",
    "payer_released": "escrow.release",
}


def rule(rules: Any, part: str) -> str:
    """A part of a rulebook in one line, with its source.

    >>> from escrowkit.rulebook import load
    >>> rule(load("standard@1"), "milestone.cancel")
    'standard@1, milestone.cancel: within 7 days, on silence as asked'
    """
    rows = [row for row in rules.rows() if row[0] == part or row[0].startswith(part + ".")]
    if not rows:
        return f"{rules.name}, {part}"
    said = ", ".join(
        f"{key.removeprefix(part).strip('.').replace('_', ' ').replace('.', ' ')} {value}".strip()
        for key, value, _, _ in rows
    )
    source = f" (source: {rows[0][3]})" if rows[0][3] and not rows[0][3].startswith("own ") else ""
    return f"{rules.name}, {part}: {said}{source}"


def fee_rule(rules: Any, currency: str) -> str:
    """How the arbitration fee is made, who earns it and who bears it, in words."""
    model = rules["arbitration.fee.model"]
    made = (
        f"each side pays in, of the stake, {rules.arbitration_fee(currency).describe()}" if model == "rate" else model
    )
    earned = {"one_share": "one such share is earned", "all": "all that is paid in is earned"}
    borne = {
        "each": "each side bears its own",
        "loser": "the loser bears it",
        "by_share_lost": "borne in proportion to what each side loses",
    }
    refund = {
        "before_start": "the rest is returned",
        "winner": "the winner's share is returned",
        "decaying": "before an arbitrator is appointed less and less is returned",
    }
    cost, by, back = (rules[f"arbitration.fee.{key}"] for key in ("cost", "borne", "refund"))
    return f"{rules.name}, arbitration.fee: {made}; {earned[cost]}, {borne[by]}; {refund[back]}"


#: States in words, where the name alone could be read as something that is over.
_STATES: Final[Mapping[str, str]] = {
    "milestone.agreed": "waiting for its deposit",
    "milestone.active": "work goes on",
    "milestone.submitted": "submitted, under review",
    "milestone.cancelling": "a cancel request waits for its answer",
    "milestone.disputed": "waits for the dispute",
    "milestone.approved": "approved, waiting for money or for its release condition",
    "escrow.funding": "a payment is on its way",
    "escrow.held": "money is held",
    "escrow.frozen": "frozen by the dispute",
    "escrow.impounded": "impounded by the platform",
    "escrow.clearing": "released, in its security hold",
    "escrow.settled": "over",
    "dispute.opened": "opened, waiting for an answer",
    "dispute.contested": "contested",
    "dispute.mediated": "in mediation",
    "dispute.arbitrated": "in arbitration",
    "dispute.settled": "over: settled",
    "dispute.defaulted": "over: decided by a silence",
    "dispute.awarded": "over: decided by a neutral",
    "dispute.withdrawn": "over: withdrawn",
    "dispute.overridden": "over: its stake is gone",
    "mediation.requested": "waiting for a mediator",
    "mediation.sitting": "a mediator is at work",
    "mediation.recommended": "a recommendation waits for both answers",
    "mediation.failed": "over: no agreement",
    "mediation.agreed": "over: agreed",
    "mediation.decided": "over: decided",
    "mediation.closed": "over: closed",
    "arbitration.offered": "waiting for the fee",
    "arbitration.half_funded": "one side has paid the fee",
    "arbitration.funded": "the fee is paid, waiting for an arbitrator",
    "arbitration.hearing": "an arbitrator hears it",
    "arbitration.awarded": "awarded, can still be appealed",
    "arbitration.appealed": "appealed, waiting for the fee",
    "arbitration.final": "over: the award is final",
    "arbitration.refused": "over: no ruling",
    "arbitration.forfeited": "over: the fee was not paid",
    "arbitration.closed": "over: closed",
    "feedback.open": "the sides may rate one another",
    "feedback.half_written": "one side has given its feedback",
    "feedback.published": "over: published",
    "feedback.closed": "over: nobody wrote",
    "conduct.good": "in good standing",
    "conduct.warned": "warned",
    "conduct.suspended": "suspended: nothing new begins",
    "conduct.excluded": "over: excluded for good",
}


def state_words(name: str, state: str) -> str:
    """A machine's state in words, if its name does not say enough.

    >>> state_words("dispute.m1/1", "mediated"), state_words("milestone.m1", "completed")
    ('in mediation', '')
    """
    return _STATES.get(f"{name.partition('.')[0]}.{state}", "")


#: What a warning of a decision means for the parties.
WARNINGS: Final[Mapping[str, str]] = {
    "fee-exceeds-stake": "the arbitration fee is more than what can be won by it",
    "unfunded-work": "work was submitted for which not all of the price is held",
    "notices-unsent": "a deadline decided though its reminders were never delivered",
    "nothing-submitted": (
        "no work was ever submitted formally: what was sent otherwise starts no review, and no deadline of the payer"
    ),
    "deadline-near": "a deadline of who just acted runs on and ends within a day: this did not answer it",
}
