"""What one party should know now, as a page: where things stand, who must act, what it can do, what it is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from escrowkit import foresight, timeline
from escrowkit.agreement import Agreement
from escrowkit.clocks import CLOCKS, ORDER
from escrowkit.foresight.plain import plain
from escrowkit.foresight.seeing import as_seen, role_named, signed
from escrowkit.periods import in_words
from escrowkit.roles import PARTY
from escrowkit.story import Played
from escrowkit.wording import WARNINGS, listed, state_words


@frozen
class Can:
    """Something that can be done now, in words."""

    command: str
    milestone: str
    meaning: str
    needs: tuple[str, ...]
    until: str
    then: tuple[str, ...]
    worth: str
    warnings: tuple[str, ...]


@frozen
class Worth:
    """What a dispute over one milestone is worth to the party: each way on, and what to make of it."""

    milestone: str
    heading: str
    ways: tuple[tuple[str, str, str, str], ...]
    advice: tuple[str, ...]
    warnings: tuple[str, ...]
    tree: str


@frozen
class Outlook:
    """The whole page, for one role at one instant."""

    title: str
    by: str
    at: datetime
    heading: tuple[tuple[str, str], ...]
    states: tuple[tuple[str, str, str], ...]
    inside: tuple[tuple[str, str], ...]
    exposure: tuple[tuple[str, str], ...]
    coming: tuple[str, ...]
    forecast: tuple[str, ...]
    finally_: tuple[tuple[str, str], ...]
    can: tuple[Can, ...]
    cannot: tuple[tuple[str, str], ...]
    worth: tuple[Worth, ...]
    why: tuple[str, ...]
    details: Mapping[str, Any]

    def data(self) -> dict[str, Any]:
        """As plain data: the page in words, and under `details` every value behind it."""
        found: dict[str, Any] = plain(self)
        return found


def default_turn(played: Played) -> tuple[Agreement, datetime] | None:
    """Where a story is worth looking at: after its last turn that left a party something to do; else its end."""
    last = played.agreement
    if last is None:
        return None
    for turn in reversed(played.turns):
        now = turn.agreement
        if any(set(due.who) & {"payer", "payee"} for due in foresight.due(now)) and now.held():
            return now, max(turn.at, now.at)
    return last, max([turn.at for turn in played.turns], default=last.at)


def default_role(agreement: Agreement) -> str:
    """Who must act next, if it is a party; else the payee."""
    sides = (side for due in foresight.due(agreement) for side in due.who if side in PARTY)
    return next(sides, "payee")


def outlook(
    played: Played,
    agreement: Agreement,
    by: str,
    at: datetime,
    *,
    win: foresight.Chance = "50%",
    other_pays: foresight.Chance | None = None,
) -> Outlook:
    """The page for a role at an instant. Raises what `foresight.options` and `foresight.plays` raise."""
    start = played.story.start
    seen = as_seen(agreement, by, at)
    _, name = role_named(seen, by)
    options = foresight.options(agreement, by, at)
    forecast = foresight.if_silent(agreement, at, by=by)
    party = name in PARTY
    games = {
        id_: (stakes, foresight.plays(agreement, id_, by, at, win=win, other_pays=other_pays))
        for id_ in (seen.milestones if party else ())
        if (stakes := foresight.stakes(agreement, id_, by, at)) is not None
    }
    explained = [foresight.explain(agreement, id_, by=by) for id_ in seen.milestones]
    return Outlook(
        played.story.title,
        name,
        at,
        tuple(_heading(played, seen, name, at)),
        tuple((key, state, state_words(key, state)) for key, state in seen.states().items()),
        tuple(timeline.inside(seen)),
        tuple(_exposure(seen)),
        tuple(timeline.coming(seen, start)),
        tuple(timeline.forecast(seen, start)),
        tuple(timeline.nets(forecast.agreement)) if forecast.events else (),
        tuple(_can(option, start, at) for option in sorted(options, key=_place) if option.allowed),
        tuple(_cannot(options, seen, start)),
        tuple(_worth(*game, seen) for game in games.values()),
        tuple(_why(explained, start)),
        {
            "due": plain(foresight.due(seen)),
            "options": [option.data() for option in options],
            "forecast": {"net": plain(forecast.net), "left": plain(forecast.left), "ends": plain(forecast.ends)},
            "stakes": [stakes.data() for stakes, _ in games.values()],
            "plays": [game.data() | {"mermaid": game.mermaid()} for _, game in games.values()],
            "explain": [one.data() for one in explained],
        },
    )


# -- where things stand ----------------------------------------------------------------------------------------------


def _heading(played: Played, seen: Agreement, name: str, at: datetime) -> Iterator[tuple[str, str]]:
    person = seen.parties.get(name)
    yield "you are", f"the {name}" + (f" ({person})" if person and person != name else "")
    yield "it is", f"{timeline.when(at, played.story.start)}, UTC; at the exact time of a deadline it is too late"
    yield "rules", f"{played.story.rulebook.name}: {played.story.rulebook.title}"
    if any(_sealed(seen, id_) for id_ in seen.milestones):
        yield "sealed", "who else has paid the arbitration fee is hidden until its window closes: told as if nobody had"


def _sealed(seen: Agreement, id_: str) -> bool:
    it = seen.pot(id_).arbitration
    return it is not None and it.sealed


def _exposure(seen: Agreement) -> Iterator[tuple[str, str]]:
    for currency in seen.currencies:
        found = foresight.exposure(seen, currency)
        yield "agreed", str(found.agreed)
        yield "of it funded", str(found.funded)
        yield "submitted, not paid yet", str(found.submitted)
        yield "submitted, and no money is held for it", str(found.at_risk)


# -- what can be done ------------------------------------------------------------------------------------------------


def _place(option: foresight.Option) -> int:
    """A neutral's business first, then the dispute, the work, the money, and what goes over all."""
    machine = option.command.machine
    new = option.name == "milestone.propose"
    return ORDER.index(machine) if machine in ORDER and not new else len(ORDER)


def _can(option: foresight.Option, start: datetime, at: datetime) -> Can:
    until = ""
    if option.until is not None:
        ended = f" ({listed(_clock(name) for _, name in option.ended_by)})" if option.ended_by else ""
        until = f"until {timeline.when(option.until, start)}, in {in_words(option.until - at)}{ended}"
    return Can(
        option.name,
        option.milestone,
        option.meaning,
        tuple(argument.words for argument in option.arguments if argument.needed or argument.least is not None),
        until,
        option.told,
        _after(option, start),
        tuple(f"{code}: {WARNINGS.get(code, '')}" for code in option.warnings),
    )


def _after(option: foresight.Option, start: datetime) -> str:
    """What it is worth if nobody acts after it, and what brings that about."""
    if not option.worth:
        return ""
    because = option.because
    why = f", because on {timeline.when(because.at, start)} {because.words}" if because else ""
    return foresight.worth_words(option.worth, option.left) + why


def _clock(name: str) -> str:
    """A deadline, in words."""
    machine, _, own = name.partition(".")
    words = next((clock.words for clock in CLOCKS if (clock.machine, clock.name) == (machine, own)), "")
    return f"{name}: {words}"


def _cannot(options: Iterable[foresight.Option], seen: Agreement, start: datetime) -> Iterator[tuple[str, str]]:
    """What cannot be done and why: commands with one reason together, milestones with the same ones too."""
    over = [id_ for id_ in seen.milestones if foresight.ended(seen, id_)]
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for option in options:
        if not option.allowed and option.milestone not in over:
            names = reasons.setdefault((option.milestone, _reason(option, seen, start)), {})
            names[option.name] = None
    alike: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (id_, why), names in reasons.items():
        alike.setdefault((tuple(names), why), []).append(id_)
    for (said, why), ids in alike.items():
        several = len(seen.milestones) > 1 and any(ids)
        yield ", ".join(said), f"{', '.join(ids)}: {why}" if several else why
    for state in dict.fromkeys(seen.pot(id_).milestone_state for id_ in over):
        named = ", ".join(id_ for id_ in over if seen.pot(id_).milestone_state == state)
        yield f"anything else with {named}", f"{state}, and nothing is left inside."


def _reason(option: foresight.Option, seen: Agreement, start: datetime) -> str:
    why = (option.words or "").removeprefix("Needed: ")
    if option.code == "no-such-move":
        why = _no_such_move(option, seen) or why
    elif option.code == "not-your-move":
        why = f"not for the {option.by}; needed: {why[:1].lower()}{why[1:]}"
    elif why != option.words:
        why = f"only if {why[:1].lower()}{why[1:]}"
    if option.most is not None:
        why = f"{why} At most {option.most}."
    opens = f" It opens on {timeline.when(option.opens, start)}, if nobody acts before." if option.opens else ""
    return f"{why}{opens}"


def _no_such_move(option: foresight.Option, seen: Agreement) -> str:
    machine = option.command.machine
    state = seen.state(f"{machine}.{option.milestone}") if option.milestone in seen.milestones else None
    if state is None:
        return f"there is no {machine} here yet."
    words = state_words(f"{machine}.{option.milestone}", state)
    return f"not while the {machine} is {state}" + (f" ({words})." if words else ".")


# -- what it is worth ------------------------------------------------------------------------------------------------


def _worth(stakes: foresight.Stakes, game: foresight.Game, seen: Agreement) -> Worth:
    open_ = seen.pot(stakes.milestone).disputed
    heading = f"What the dispute over {stakes.milestone} is worth" + ("" if open_ else ", if it were opened now")
    other = "payee" if stakes.by == "payer" else "payer"
    ways = [
        (path.words, signed(path.net[stakes.by]), signed(path.net[other]), _decided(path))
        for path in stakes.paths
        if path.possible
    ]
    return Worth(
        stakes.milestone,
        heading,
        tuple(ways),
        (*_figures(stakes), *_advice(stakes, game)),
        tuple(f"{code}: {_WARNED.get(code, '')}" for code in stakes.warnings),
        game.text(),
    )


def _decided(path: foresight.Path) -> str:
    """By what it is decided; what nothing decides waits."""
    return " ".join(filter(None, (path.code, f"({path.left} stays inside)" if path.left else "")))


_WARNED: Final[Mapping[str, str]] = {
    "fee-exceeds-stake": "even a ruling that gives you all you claim leaves you no better than conceding now"
}


def _figures(stakes: foresight.Stakes) -> Iterator[str]:
    none = [path.words for path in stakes.paths if not path.possible]
    if none:
        yield f"Not possible here, by the rules or by what has happened: {'; '.join(none)}."
    yield f"At stake: {stakes.stake}; you claim {stakes.claim}."
    if stakes.fee:
        paid = "you have paid it" if stakes.paid else "not paid yet"
        share = foresight.percent(stakes.fee_of_stake)
        yield f"Your arbitration fee is {stakes.fee} ({paid}): {share} of the stake."
    if stakes.path("win").possible:
        part, share = stakes.break_even, foresight.percent(stakes.break_even_share)
        if part is None:
            yield (
                "If both sides pay and it is ruled on, no ruling, however good, leaves you better than conceding now. "
                "That says nothing of what comes if a fee is not paid: see the lines above."
            )
        elif part:
            yield f"A ruling must give you {part} ({share} of the stake) or more to beat conceding now."
    if stakes.settle_from is not None:
        yield f"If it is ruled on and you get your claim, that is worth a settlement of {stakes.settle_from} for you."


def _advice(stakes: foresight.Stakes, game: foresight.Game) -> Iterator[str]:
    chance = _percent(game.chances[stakes.by])
    line = "; ".join(game.tree.line) or "chance decides"
    yield (
        f"If your chance to win a ruling is {chance} (--win), and each side does what is best for itself: {line}. "
        f"That is worth {signed(game.worth())} {game.currency} to you."
    )
    yield from _paying(game.pays_above, game.pays_below)
    if game.win_from is not None:
        chance = _percent(game.win_from)
        yield f"If the other side pays too, paying is better for you if your chance to win is {chance} or more."
    if game.settlement is not None:
        least, most = game.settlement
        same = least == most
        sums = f"of {least}" if same else f"between {least} and {most}"
        yield f"So a settlement {sums} for the payee leaves neither side worse than that."
    yield "Only moves of a dispute are weighed here; what else you can do stands above."


def _paying(above: Fraction | None, below: Fraction | None) -> Iterator[str]:
    """When paying the fee is better than not paying it."""
    if above is None or below is None:
        return
    if not below:
        yield "Paying the fee is never better for you than not paying it, whatever the other side does."
    elif above:
        yield f"Paying the fee is better for you only if the other side pays with a chance above {_percent(above)}."
    elif below < 1:
        yield f"Paying the fee is better for you while the other side pays with a chance below {_percent(below)}."
    else:
        yield "Paying the fee is better for you than not paying it, whatever the other side does."


def _percent(chance: Fraction) -> str:
    return foresight.percent(chance) or ""


# -- why -------------------------------------------------------------------------------------------------------------


def _why(explained: Iterable[foresight.Explanation], start: datetime) -> Iterator[str]:
    """What moved money so far, and the deadlines that were missed."""
    for one in explained:
        for step in one.steps:
            if step.outcome is not None:
                rules = "; ".join(f"{rule.key} = {rule.value}{foresight.cited(rule)}" for rule in step.rules)
                by = f" Rules: {rules}." if rules else ""
                yield (
                    f"{one.milestone}, {timeline.day(step.at, start)}: {step.words}, because {step.outcome.words} "
                    f"[{step.outcome.code}, {step.outcome.kind}].{by}"
                )
        for missed in one.missed:
            yield from (line.strip() for line in foresight.missed_lines(missed))
