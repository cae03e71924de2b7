"""The reader of story files, the player, and what a failed expectation says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from escrowkit import story
from escrowkit.errors import StoryError
from escrowkit.periods import Calendar
from escrowkit.pot import MACHINES
from escrowkit.story import Played, Story, parse, play, read, shipped, since
from escrowkit.story.expecting import CHECKS
from escrowkit.story.reading import CLAIMS as KNOWN
from escrowkit.story.reading import EXAMPLES

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HEAD = """\
title = "A job"
source = "made up for a test"
rulebook = "standard@1"
currency = "USD"
start = 2026-03-02T09:00:00Z
"""
JOB = """
[[milestone]]
id = "m1"
price = "100.00"
"""
PAID = """
[[step]]
at = "0 days"
by = "payer"
do = "escrow.deposit"
with = { milestone = "m1", amount = "100.00" }
"""


def step(at: str, by: str, do: str, with_: str = 'milestone = "m1"', more: str = "") -> str:
    """One step as TOML."""
    return f'\n[[step]]\nat = "{at}"\nby = "{by}"\ndo = "{do}"\nwith = {{ {with_} }}\n{more}\n'


def expect(claims: str, at: str = "") -> str:
    """One expectation as TOML."""
    return "\n[[expect]]\n" + (f'at = "{at}"\n' if at else "") + claims + "\n"


def told(*parts: str, head: str = HEAD, job: str = JOB) -> Story:
    """A story of a job over 100.00."""
    return parse(head + job + "".join(parts), "job.toml")


def plays(*parts: str, head: str = HEAD, job: str = JOB) -> Played:
    """The same, played."""
    return play(told(*parts, head=head, job=job))


def wrong(text: str) -> list[StoryError]:
    """Every problem of a story file, in the order of its lines."""
    with pytest.raises(StoryError) as raised:
        parse(text, "job.toml")
    return [raised.value, *raised.value.others]


def the_one(text: str) -> StoryError:
    """The only problem of a story file."""
    (only,) = wrong(text)
    return only


DISPUTED = PAID + step("1 day", "payee", "milestone.submit", 'milestone = "m1", deliverable = "a.zip"')
DISPUTED += step("2 days", "payer", "dispute.open", 'milestone = "m1", claim = "100.00", reason = "No."')
CONTESTED = DISPUTED + step("3 days", "payee", "dispute.contest", 'milestone = "m1", claim = "100.00", reply = "Yes."')
MEDIATED = CONTESTED + step("4 days", "platform", "mediation.assign", 'milestone = "m1", mediator = "mia"')
ARBITRATED = MEDIATED + step("5 days", "mediator", "mediation.fail", 'milestone = "m1", reason = "No way."')


# --- reading: where a mistake is, what it is, and a mend ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "what", "mend"),
    [
        (HEAD.replace("title", "titel") + JOB, 1, "a story knows no 'titel'", "Did you mean 'title'?"),
        (HEAD.replace('title = "A job"', "title = 5") + JOB, 1, "title: a text is needed", 'Write: title = "…"'),
        (HEAD.replace('title = "A job"\n', "") + JOB, None, "title: a text is needed", 'Write: title = "…"'),
        (HEAD.replace('"USD"', '""') + JOB, 4, "currency: a text is needed", 'Write: currency = "…"'),
        (HEAD + "about = 5\n" + JOB, 6, "about: a text is needed", 'Write: about = "…"'),
        (HEAD + "rail = []\n" + JOB, 6, "rail: a text is needed", 'Write: rail = "…"'),
        (HEAD.replace('"standard@1"', '"standart@1"') + JOB, 3, "no such rulebook", "`escrowkit rules`"),
        (HEAD.replace('"standard@1"', "1") + JOB, 3, "a name such as standard@1", "`escrowkit rules`"),
        (HEAD.replace("T09:00:00Z", "T09:00:00") + JOB, 5, "has no time zone", "Write: start = 2026-03-02T09:00:00Z"),
        (HEAD.replace("T09:00:00Z", "") + JOB, 5, "a date is no instant", "Write: start = 2026-03-02T09:00:00Z"),
        (HEAD.replace("2026-03-02T09:00:00Z", '"5 days"') + JOB, 5, "an instant is needed", "Write: start = 2026-"),
        (HEAD.replace("2026-03-02T09:00:00Z", "12") + JOB, 5, "start = 12: an instant is needed", "Write: start = "),
        (HEAD.replace("2026-03-02T09:00:00Z", "0001-01-01T00:00:00+09:00") + JOB, 5, "beyond the calendar", "Write: "),
        (HEAD + "parties = 5\n" + JOB, 6, "parties is a table", "Write: [parties]"),
        (HEAD + JOB + '\n[facts]\nbiled_before = "5.00"\n', 12, "facts knows no 'biled_before'", "'billed_before'"),
        (
            HEAD + JOB + '\n[rules]\n"milestone.review.within" = "soon"\n',
            12,
            "milestone.review.within",
            "`escrowkit rules`",
        ),
        (
            HEAD + JOB + '\n[rules]\n"milestone.reviw.within" = "1 day"\n',
            12,
            "milestone.reviw.within: no such rule",
            "every key",
        ),
        (HEAD + JOB + '\n[rules]\n"calendar.timezone" = "Mars/Base"\n', 12, "Mars/Base", "`escrowkit rules`"),
        (HEAD + 'refused = "not-yor-move"\n' + JOB, 6, "no refusal 'not-yor-move'", "Did you mean 'not-your-move'?"),
        (HEAD, None, "there is no milestone", "Write: [[milestone]]"),
        (HEAD + "milestone = 5\n", 6, "milestone is a list of tables", "Write each one as [[milestone]]."),
        (HEAD + '\n[milestone]\nid = "m1"\n', 7, "milestone is a list of tables", "Write each one as [[milestone]]."),
        (HEAD + '\n[[milestone]]\nid = "m1"\n', 7, "a milestone needs 'price'", 'Write: price = "…"'),
        (HEAD + '\n[[milestone]]\nprice = "5.00"\n', 7, "a milestone needs 'id'", 'Write: id = "…"'),
        (HEAD + JOB + 'prize = "1"\n', 10, "a milestone knows no 'prize'", "Did you mean 'price'?"),
        (HEAD + JOB + "due = 2026-03-09\n", 10, "due = 2026-03-09: a date is no instant", "T09:00:00Z"),
        (HEAD + JOB + 'rules = { "milestone.review.within" = "soon" }\n', 10, "rules of m1", "Write: rules = {"),
        (HEAD + JOB + "rules = 5\n", 10, "a table of overrides is needed", "Write: rules = {"),
        (
            HEAD + JOB + '\n[[step]]\nby = "payer"\ndo = "escrow.deposit"\n',
            11,
            "at = None: an instant",
            'at = "5 days"',
        ),
    ],
)
def test_a_mistake_is_told_with_its_file_its_line_and_a_mend(text: str, line: int | None, what: str, mend: str) -> None:
    problem = wrong(text)[0]
    assert (problem.file, problem.line) == ("job.toml", line)
    assert what in problem.what
    assert mend in problem.mend
    assert str(problem).startswith(f"job.toml:{line}: " if line else "job.toml: ")
    assert problem.mend in str(problem)


@pytest.mark.parametrize(
    ("more", "line", "what", "mend"),
    [
        (step("soon", "payer", "escrow.lift"), 12, "at = 'soon': an instant is needed", 'Write: at = "5 days"'),
        (step("5 day 3", "payer", "escrow.lift"), 12, "at = '5 day 3': an instant is needed", 'Write: at = "5 days"'),
        (step("5 moons", "payer", "escrow.lift"), 12, "at = '5 moons': an instant is needed", 'Write: at = "5 days"'),
        (step("0 moons", "payer", "escrow.lift"), 12, "at = '0 moons': an instant is needed", 'Write: at = "5 days"'),
        (step("200 years", "payer", "escrow.lift"), 12, "at = '200 years'", 'Write: at = "5 days"'),
        (step("1 day", "payer", "escrow.deposite"), 14, "no command 'escrow.deposite'", "mean 'escrow.deposit'?"),
        (step("1 day", "payer", "jump"), 14, "there is no command 'jump'", "Machines: milestone, escrow, dispute,"),
        (step("1 day", "payer", "escrow.lift", more='whit = "x"'), 16, "a step knows no 'whit'", "mean 'with'?"),
        (
            step("1 day", "payer", "escrow.lift", more="zzz = 1"),
            16,
            "a step knows no 'zzz'",
            "It knows: actor, at, by,",
        ),
        (step("1 day", "payer", "escrow.deposit"), 15, "escrow.deposit needs amount", "Write: with = { amount = … }"),
        (
            step("1 day", "payer", "escrow.deposit", 'amuont = "1"', 'refused = "bad-argument"'),
            15,
            "escrow.deposit knows no 'amuont'",
            "Did you mean 'amount'?",
        ),
        (step("1 day", "payer", "escrow.lift", 'milestone = "m2"'), 15, "no milestone 'm2'", "There are: m1."),
        (step("1 day", "payer", "escrow.lift", 'milestone = "web"'), 15, "no milestone 'web'", "There are: m1."),
        (step("1 day", "payer", "escrow.lift", "milestone = []"), 15, "there is no milestone []", "There are: m1."),
        (
            step("1 day", "payer", "milestone.propose", 'milestone = "m2", price = "1.00", due = "soon"'),
            15,
            "due = 'soon': an instant is needed",
            "Write: due",
        ),
        (
            step("1 day", "payer", "escrow.lift", more='refused = "no"'),
            16,
            "no refusal 'no'",
            "There are: key-conflict",
        ),
        (step("1 day", "payer", "escrow.lift", more="refused = false"), 16, "refused = False", "refused = true"),
        (step("1 day", "payer", "escrow.lift", more="refused = 5"), 16, "refused = 5: a code, true", "refused = true"),
        (
            step("1 day", "payer", "escrow.lift", more='refused = { kode = "not-now" }'),
            16,
            "refused knows no 'kode'",
            "Did you mean 'code'?",
        ),
        (
            step("1 day", "payer", "escrow.lift", more='refused = { code = "not-nov" }'),
            16,
            "no refusal 'not-nov'",
            "Did you mean 'not-now'?",
        ),
        ('\n[[step]]\nat = "1 day"\nby = "payer"\n', 11, "a step needs 'do'", 'Write: do = "…"'),
        ('\n[[step]]\nat = "1 day"\nby = 5\ndo = "escrow.lift"\n', 13, "a step needs 'by'", 'Write: by = "…"'),
        (
            '\n[[step]]\nat = "1 day"\nby = "payer"\ndo = "escrow.lift"\nwith = 5\n',
            15,
            "`with` is a table",
            'Write: with = { milestone = "m1" }',
        ),
        (expect('statee = { "milestone.m1" = "active" }'), 12, "expect knows no 'statee'", "Did you mean 'state'?"),
        (expect('state = "active"'), 12, "state = 'active': a table is needed", "Write: state = {"),
        (expect('warns = "late"'), 12, "warns = 'late': a list is needed", "Write: warns = ["),
        (expect("held = 5"), 12, "held = 5: an amount or a table is needed", 'Write: held = "20.00"'),
        (expect('state = { "milestone.m9" = "active" }'), 12, "no milestone 'm9'", "There are: m1."),
        (
            expect('state = { "milestoen.m1" = "active" }'),
            12,
            "state knows no 'milestoen'",
            "Did you mean 'milestone'?",
        ),
        (expect('silence = { m3 = "payer" }'), 12, "there is no milestone 'm3'", "There are: m1."),
        (expect('outcome = { m3 = { code = "awarded" } }'), 12, "there is no milestone 'm3'", "There are: m1."),
        (expect('outcome = { m1 = { kode = "awarded" } }'), 12, "outcome of m1 knows no 'kode'", "mean 'code'?"),
        (expect('outcome = { m1 = "awarded" }'), 12, "outcome of m1 = 'awarded': a table", "Write: outcome = {"),
        (expect('due = { whom = "payer" }'), 12, "due knows no 'whom'", "Did you mean 'who'?"),
        (expect('due = { by = "later" }'), 12, "by = 'later': an instant is needed", 'Write: by = "5 days"'),
        (expect('totals = { agred = "1.00" }'), 12, "totals knows no 'agred'", "Did you mean 'agreed'?"),
        (expect('balance = { "escrov:m1" = "1.00" }'), 12, "balance knows no 'escrov'", "Did you mean 'escrow'?"),
        (expect('balance = { "deposit:m2/1:payer" = "1.00" }'), 12, "no milestone 'm2'", "There are: m1."),
        (expect('net = { arbitator = "1.00" }'), 12, "net knows no 'arbitator'", "Did you mean 'arbitrator'?"),
        (expect('net.USD = { pyaer = "1.00" }'), 12, "net knows no 'pyaer'", "Did you mean 'payer'?"),
        (expect('state = { "conduct.pyaer" = "good" }'), 12, "conduct knows no 'pyaer'", "Did you mean 'payer'?"),
        (expect('standing = { pyaer = "good" }'), 12, "standing knows no 'pyaer'", "Did you mean 'payer'?"),
        (expect('standing = { payer = "suspendet" }'), 12, "knows no 'suspendet'", "Did you mean 'suspended'?"),
        (expect("standing = { payer = 5 }"), 12, "standing of the payer = 5: a table", "Write: standing = {"),
        (expect("standing = { payer = { strikse = 1 } }"), 12, "knows no 'strikse'", "Did you mean 'strikes'?"),
        (expect('standing = { payer = { strikes = "one" } }'), 12, "strikes = 'one': it cannot", "Write: standing = {"),
        (expect('standing = { payer = { feedback = { m3 = "none" } } }'), 12, "no milestone 'm3'", "There are: m1."),
        (expect("stats = { payer = { contrcats = 1 } }"), 12, "knows no 'contrcats'", "Did you mean 'contracts'?"),
        (expect("stats = { payer = 1 }"), 12, "stats of the payer = 1: a table is needed", "Write: stats = {"),
        (expect('held = "1.00"', at="yesterday"), 12, "at = 'yesterday': an instant", 'Write: at = "5 days"'),
    ],
)
def test_a_mistake_in_a_step_or_an_expectation_is_told_with_its_line(
    more: str, line: int, what: str, mend: str
) -> None:
    problem = the_one(HEAD + JOB + more)
    assert problem.line == line
    assert what in problem.what
    assert mend in problem.mend


def test_every_mistake_is_told_at_once_in_the_order_of_the_lines() -> None:
    text = HEAD.replace("title", "titel") + JOB + step("soon", "payer", "escrow.lift") + expect("held = 5")
    problems = wrong(text)
    assert [p.line for p in problems] == [1, 12, 19, None]
    assert len(problems[0].others) == 3


def test_a_cut_file_is_told_with_the_line_where_it_ends() -> None:
    text = HEAD + JOB + '\n[[step]]\nat = "0 da'
    assert the_one(text).line == 12
    assert "not TOML" in the_one(text).what
    assert the_one(HEAD + JOB + "\n[[step").line == 11


@pytest.mark.parametrize("text", ["x = " + "9" * 5000, "x = " + "[" * 5000, "a = 1\na = 2", "\0"])
def test_what_is_no_toml_is_a_story_error_and_nothing_else(text: str) -> None:
    assert "not TOML" in the_one(text).what


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "job.toml"
    file.write_bytes(HEAD.encode().replace(b"A job", b"A j\xf6b"))
    with pytest.raises(StoryError, match="not UTF-8") as raised:
        read(file)
    assert raised.value.mend == "Save the file as UTF-8."


def test_a_story_that_is_not_there_is_told_with_the_nearest_name() -> None:
    with pytest.raises(StoryError, match="there is no such story") as raised:
        read("smooth-jop")
    assert raised.value.mend == "Did you mean smooth-job?"
    with pytest.raises(StoryError) as raised:
        read("xyz")
    assert raised.value.mend.startswith("Shipped stories: ")
    assert all(name in raised.value.mend for name in shipped())


def test_a_story_is_read_by_name_or_by_path(tmp_path: Path) -> None:
    assert read("smooth-job").title == "The work is changed once, approved, and paid"
    file = tmp_path / "job.toml"
    file.write_text(HEAD + JOB)
    assert read(file) == read(str(file))
    assert read(file).file == str(file)


def test_a_rulebook_is_found_beside_the_story(tmp_path: Path) -> None:
    own = Path(story.__file__).parent.parent / "rulebooks" / "standard@1.toml"
    (tmp_path / "mine.toml").write_text(own.read_text().replace('id = "standard"', 'id = "mine"'))
    (tmp_path / "job.toml").write_text(HEAD.replace("standard@1", "mine.toml") + JOB)
    assert read(tmp_path / "job.toml").rulebook.name == "mine@1"


def test_parties_may_be_left_out() -> None:
    assert told().parties == {"payer": "payer", "payee": "payee"}
    assert told().rail == "instant"


# --- instants -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0 days", START),
        ("0 business days", START),
        ("5 days", START + timedelta(days=5)),
        ("1 day 30 minutes", START + timedelta(days=1, minutes=30)),
        ("2 weeks", START + timedelta(days=14)),
        ("5 business days", START + timedelta(days=7)),
        ("soon", None),
        ("", None),
        ("5", None),
        ("-5 days", None),
        ("5 days, 3 hours", None),
        ("0 moons", None),
        ("5 moons", None),
        ("40000 days", None),
    ],
)
def test_a_time_since_the_start_is_read_part_by_part(text: str, at: datetime | None) -> None:
    assert since(START, text, Calendar()) == at


def test_business_days_are_counted_in_the_calendar_of_the_story() -> None:
    rules = '\n[rules]\n"calendar.holidays" = [2026-03-03]\n'
    claim = expect('due = { who = "both", clock = "escrow.dormancy", by = "365 days" }', at="1 business day")
    assert told(PAID, claim).expects[0].at == START + timedelta(days=1)
    assert told(PAID, claim, rules).expects[0].at == START + timedelta(days=2)


def test_an_instant_may_be_written_out_in_any_zone() -> None:
    one = told(PAID.replace('"0 days"', "2026-03-02T11:00:00+01:00"))
    assert one.steps[0].at == START + timedelta(hours=1)


# --- playing ------------------------------------------------------------------------------------------------------

DUE_LATER = "2027-03-02 09:00:00+00:00"
OUTSIDE = 'balance = { "world:payer" = "-100.00" }'
#: Each kind of expectation, met and not met; what a failure says.
CLAIMS = [
    (
        'state = { "milestone.m1" = "active" }',
        'state = { "milestone.m1" = "agreed" }',
        "should be agreed, but is active",
    ),
    ('state = { "escrow.m1" = "held" }', 'state = { "dispute.m1/1" = "opened" }', "should be opened, but is None"),
    ('net = { payer = "-100.00" }', 'net = { payer = "-90" }', "net of payer should be -90.00 USD, but is -100.00 USD"),
    ('net = { broker = "0.00" }', 'net = { payee = "much" }', "net of payee should be much, but is 0.00 USD"),
    ('net.USD = { payer = "-100.00" }', 'net.USD = { payer = "0.00" }', "should be 0.00 USD, but is -100.00 USD"),
    ('held = "100.00"', 'held = "99.00"', "everything held should be 99.00 USD, but is 100.00 USD"),
    ('held = { USD = "100.00" }', 'held = { USD = "1.00" }', "everything held should be 1.00 USD, but is 100.00 USD"),
    ('held = "100.00 USD"', 'held = "100.00 EUR"', "everything held should be 100.00 EUR, but is 100.00 USD"),
    ("outcome = {}", 'outcome = { m1 = { code = "awarded" } }', "outcome of m1, code should be awarded, but is None"),
    ('due = { who = "both" }', 'due = { who = "payer" }', "next deadline, who should be payer, but is both"),
    ('due = { clock = "escrow.dormancy" }', 'due = { clock = "dispute.answer" }', "but is escrow.dormancy"),
    ('due = { by = "365 days" }', 'due = { by = "364 days" }', f"2027-03-01 09:00:00+00:00, but is {DUE_LATER}"),
    ("due = { by = 2027-03-02T09:00:00Z }", "due = { by = 2027-03-02T09:00:01Z }", f"but is {DUE_LATER}"),
    ('balance = { "escrow:m1" = "100.00" }', 'balance = { "clearing:m1" = "1.00" }', "but is 0.00 USD"),
    (OUTSIDE, 'balance = { "payable:payer" = "1.00 EUR" }', "of payable:payer should be 1.00 EUR, but is 0.00 EUR"),
    (
        'totals = { agreed = "100.00", funded = "100.00" }',
        'totals = { unprotected = "1.00" }',
        "total unprotected should",
    ),
    ('silence = { m1 = "payer" }', 'silence = { m1 = "payee" }', "m1 by silence should be payee, but is payer"),
    ('owed = { "payee>payer" = "0.00" }', 'owed = { "payee>payer" = "5.00" }', "should be 5.00 USD, but is 0.00 USD"),
    (
        'standing = { payer = "good" }',
        'standing = { payee = "warned" }',
        "conduct of the payee should be warned, but is good",
    ),
    (
        "standing = { payee = { strikes = 0 } }",
        "standing = { payee = { strikes = 1 } }",
        "strikes of the payee should be 1",
    ),
    ("standing = { payer = { lacks = [] } }", 'standing = { payer = { lacks = ["rating"] } }', "but is []"),
    (
        'standing = { payer = { feedback = { m1 = "none" } } }',
        'standing = { payer = { feedback = { m1 = "allowed" } } }',
        "feedback on m1 of the payer should be allowed, but is none",
    ),
    (
        "stats = { payer = { running = 1 } }",
        "stats = { payee = { contracts = 1 } }",
        "record of the payee should be 1, but is 0",
    ),
    ("warns = []", 'warns = ["unfunded-work"]', "warning unfunded-work should be True, but is False"),
]


@pytest.mark.parametrize(("met", "unmet", "what"), CLAIMS)
def test_an_expectation_holds_or_says_what_it_found_and_on_which_line(met: str, unmet: str, what: str) -> None:
    assert plays(PAID, expect(met)).failures == ()
    (failure,) = plays(PAID, expect(unmet)).failures
    assert failure.startswith("job.toml:17: after 0 minutes, ")
    assert what in failure


def test_every_kind_of_claim_is_tested_both_ways() -> None:
    kinds = {met.split()[0].split(".")[0] for met, _, _ in CLAIMS}
    assert kinds == set(KNOWN) == set(CHECKS) == set(EXAMPLES)


def test_a_failed_expectation_says_when() -> None:
    (failure,) = plays(PAID, expect('held = "1.00"', at="3 days 4 hours")).failures
    assert failure == "job.toml:17: after 3 days 4 hours, everything held should be 1.00 USD, but is 100.00 USD"


def test_an_outcome_is_compared_key_by_key() -> None:
    done = PAID + step("1 day", "payer", "escrow.release", 'milestone = "m1", amount = "100.00"')
    good = 'outcome = { m1 = { kind = "agreement", code = "payer_released", to = "payee" } }'
    assert plays(done, expect(good)).failures == ()
    bad = 'outcome = { m1 = { kind = "merits", code = "payer_released", to = "payer" } }'
    assert [f.partition(", ")[2] for f in plays(done, expect(bad)).failures] == [
        "outcome of m1, kind should be merits, but is agreement",
        "outcome of m1, to should be payer, but is payee",
    ]


def test_a_debt_and_a_warning_are_seen() -> None:
    back = step("9 days", "provider", "escrow.charge_back", 'milestone = "m1", amount = "100.00", reference = "c"')
    release = step("1 day", "payer", "escrow.release", 'milestone = "m1", amount = "100.00"')
    assert plays(PAID, release, back, expect('owed = { "payee>platform" = "90.00" }')).failures == ()
    submitted = step("1 day", "payee", "milestone.submit", 'milestone = "m1", deliverable = "a"')
    assert plays(PAID, submitted, expect('warns = ["notices-unsent"]', at="45 days")).failures == ()


def test_what_is_claimed_of_a_milestone_before_it_is_proposed_does_not_hold() -> None:
    claims = expect('state = { "milestone.m2" = "proposed" }\nbalance = { "escrow:m2" = "0.00" }', at="23 hours")
    (failure,) = plays(PROPOSED, claims).failures
    assert "milestone.m2 should be proposed, but is There is no milestone 'm2' here" in failure


def test_when_nothing_is_due_the_difference_says_so() -> None:
    (failure,) = plays(expect('due = { who = "payer" }')).failures
    assert failure.endswith("next deadline, who should be payer, but is None")


def test_an_expectation_sees_every_step_at_or_before_its_time_wherever_it_stands() -> None:
    early = expect('held = "0.00"', at="23 hours")
    on_time = expect('held = "100.00"', at="1 day")
    late = expect('held = "40.00"')
    paid = PAID.replace("0 days", "1 day")
    refund = step("2 days", "payee", "escrow.refund", 'milestone = "m1", amount = "60.00"')
    assert plays(late, on_time, early, paid, refund).failures == ()


def test_an_expectation_without_a_time_is_met_after_the_last_step_and_before_any_further_deadline() -> None:
    assert plays(DISPUTED, expect('state = { "dispute.m1" = "opened" }')).failures == ()


def test_a_story_without_a_step_can_be_expected_of() -> None:
    assert plays(expect('state = { "milestone.m1" = "agreed" }')).failures == ()


def test_time_passes_turn_by_turn() -> None:
    played = plays(DISPUTED, expect('state = { "dispute.m1" = "defaulted" }', at="9 days"))
    assert played.failures == ()
    assert [turn.at - START for turn in played.turns[-2:]] == [timedelta(days=2), timedelta(days=9)]
    assert played.turns[-1].step is None


def test_a_play_can_stop_at_an_instant() -> None:
    one = told(DISPUTED, expect('held = "0.00"', at="30 days"), expect('held = "1.00"', at="1 day"))
    half = play(one, until=START + timedelta(days=1))
    assert len(half.failures) == 1
    assert half.agreement is not None
    assert half.agreement.state("dispute.m1") is None
    whole = play(told(DISPUTED), until=START + timedelta(days=9))
    assert whole.agreement is not None
    assert whole.agreement.state("dispute.m1") == "defaulted"


# --- refusals -----------------------------------------------------------------------------------------------------

TOO_MUCH = 'milestone = "m1", amount = "100.01"'


@pytest.mark.parametrize(
    "refused",
    [
        'refused = "over-held"',
        "refused = true",
        'refused = { code = "over-held" }',
        'refused = { code = "over-held", most = "100.00" }',
        'refused = { most = "100" }',
    ],
)
def test_a_refused_step_is_as_expected_in_each_form(refused: str) -> None:
    played = plays(PAID, step("1 day", "payer", "escrow.release", TOO_MUCH, refused))
    assert played.failures == ()
    assert played.turns[-1].refused is not None
    assert played.turns[-1].records == ()


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ('refused = "not-now"', "is refused as over-held (most 100.00 USD), not as not-now"),
        ('refused = { code = "over-held", most = "99.00" }', "(most 100.00 USD), not as over-held (most 99.00)"),
        ('refused = { code = "over-held", most = "much" }', "not as over-held (most much)"),
        ('refused = { most = "1.00 EUR" }', "not as anything (most 1.00 EUR)"),
    ],
)  # fmt: skip
def test_another_refusal_than_expected_is_a_failure_that_names_both(refused: str, said: str) -> None:
    (failure,) = plays(PAID, step("1 day", "payer", "escrow.release", TOO_MUCH, refused)).failures
    assert failure.startswith("job.toml:17: escrow.release by payer ")
    assert said in failure


def test_a_refusal_without_a_most_is_told_without_one() -> None:
    one = step("1 day", "payee", "escrow.release", 'milestone = "m1", amount = "1.00"', 'refused = "not-now"')
    (failure,) = plays(PAID, one).failures
    assert failure == "job.toml:17: escrow.release by payee is refused as not-your-move, not as not-now"


def test_a_refusal_that_nobody_expected_is_a_failure_in_words() -> None:
    (failure,) = plays(PAID, step("1 day", "payer", "escrow.release", TOO_MUCH)).failures
    assert failure.startswith("job.toml:17: escrow.release by payer is refused: [over-held] ")


@pytest.mark.parametrize(
    ("refused", "said"), [('"over-held"', "over-held"), ("true", "anything"), ('{ code = "not-now" }', "not-now")]
)
def test_a_step_that_should_be_refused_and_is_not_is_a_failure(refused: str, said: str) -> None:
    fine = step("1 day", "payer", "escrow.release", 'milestone = "m1", amount = "1.00"', f"refused = {refused}")
    (failure,) = plays(PAID, fine).failures
    assert failure == f"job.toml:17: escrow.release by payer should be refused ({said}), but was accepted"


def test_a_refused_step_may_lack_what_its_command_needs_or_name_no_milestone_that_there_is() -> None:
    nothing = step("1 day", "payer", "escrow.release", "", 'refused = "bad-argument"')
    no_sum = step("1 day", "payer", "escrow.release", 'milestone = "m1"', 'refused = "bad-argument"')
    nowhere = step("1 day", "payer", "milestone.approve", 'milestone = "m9"', 'refused = "unknown-milestone"')
    listed = step("1 day", "payer", "milestone.approve", "milestone = []", 'refused = "bad-argument"')
    assert plays(PAID, nothing, no_sum, nowhere, listed).failures == ()


def test_a_step_in_the_past_is_refused() -> None:
    back = PAID.replace("0 days", "2 days") + step(
        "1 day", "payer", "escrow.lift", more='refused = "time-runs-backwards"'
    )
    assert plays(back, expect('held = "100.00"')).failures == ()


def test_nobodys_role_is_not_your_move() -> None:
    for by in ("stranger", "clock", "rules", "witness", "client"):
        one = step("1 day", by, "escrow.release", 'milestone = "m1", amount = "1.00"', 'refused = "not-your-move"')
        assert plays(PAID, one).failures == ()


SAME = HEAD + '\n[parties]\npayer = "ada"\npayee = "ada"\n'


def test_an_opening_may_have_to_be_refused() -> None:
    def opening(refused: str) -> Played:
        return play(parse(HEAD + refused + '\n[parties]\npayer = "ada"\npayee = "ada"\n' + JOB, "job.toml"))

    for right in ('refused = "bad-terms"', "refused = true", 'refused = { code = "bad-terms" }'):
        assert opening(right).failures == ()
        assert opening(right).agreement is None
        assert opening(right).refused is not None
    (failure,) = opening('refused = "not-now"').failures
    assert failure == "job.toml: the opening is refused as bad-terms, not as not-now"
    (failure,) = opening("").failures
    assert failure.startswith("job.toml: the opening is refused: [bad-terms] ")


def test_an_opening_that_should_be_refused_and_is_not_is_a_failure() -> None:
    (failure,) = plays(head=HEAD + 'refused = "bad-terms"\n').failures
    assert failure == "job.toml: the opening should be refused (bad-terms), but was not"


def test_a_story_whose_opening_is_refused_needs_no_milestone() -> None:
    assert play(parse(HEAD + 'refused = "bad-argument"\n', "job.toml")).failures == ()


def test_a_currency_or_a_rail_that_does_not_exist_is_a_refused_opening() -> None:
    for head in (HEAD.replace("USD", "XXQ"), HEAD + 'rail = "pigeon"\n'):
        (failure,) = plays(head=head).failures
        assert "the opening is refused: [bad-argument]" in failure


# --- what a consent consents to -----------------------------------------------------------------------------------

OFFERED = CONTESTED + step("4 days", "payee", "dispute.offer", 'milestone = "m1", to_payee = "70.00"')
RECOMMENDED = MEDIATED + step(
    "5 days", "mediator", "mediation.recommend", 'milestone = "m1", to_payee = "70.00", reasons = "So."'
)
PROPOSED = PAID + step("1 day", "payee", "milestone.propose", 'milestone = "m2", price = "13.00", title = "Logo"')
LOGO = '{ price = "13.00", title = "Logo" }'
ASKED = PAID + step("1 day", "payer", "milestone.request_cancel", 'milestone = "m1", refund = "60.00"')
SUBMITTED = PAID + step("1 day", "payee", "milestone.submit", 'milestone = "m1", deliverable = "a.zip"')
CONSENTS = [
    (PROPOSED, "payer", "milestone.accept", 'milestone = "m2"', f"terms = {LOGO}", 'terms = { price = "12.00" }'),
    (SUBMITTED, "payer", "milestone.approve", 'milestone = "m1"', 'deliverable = "a.zip"', 'deliverable = "b.zip"'),
    (ASKED, "payee", "milestone.agree_cancel", 'milestone = "m1"', 'refund = "60.00"', 'refund = "59.00"'),
    (DISPUTED, "payee", "dispute.concede", 'milestone = "m1"', 'claim = "100.00"', 'claim = "99.00"'),
    (OFFERED, "payer", "dispute.accept_offer", 'milestone = "m1"', 'to_payee = "70.00"', 'to_payee = "69.00"'),
    (OFFERED, "payer", "dispute.decline_offer", 'milestone = "m1"', 'to_payee = "70.00"', 'to_payee = "69.00"'),
    (RECOMMENDED, "payer", "mediation.accept", 'milestone = "m1"', 'to_payee = "70.00"', 'to_payee = "69.00"'),
    (RECOMMENDED, "payee", "mediation.reject", 'milestone = "m1"', 'to_payee = "70.00"', 'to_payee = "69.00"'),
]  # fmt: skip


@pytest.mark.parametrize(("before", "by", "do", "of", "standing", "other"), CONSENTS)
def test_the_object_of_a_consent_is_filled_in_or_compared(
    before: str, by: str, do: str, of: str, standing: str, other: str
) -> None:
    assert plays(before, step("6 days", by, do, of)).failures == ()
    assert plays(before, step("6 days", by, do, f"{of}, {standing}")).failures == ()
    assert plays(before, step("6 days", by, do, f"{of}, {other}", 'refused = "terms-changed"')).failures == ()


@pytest.mark.parametrize(("before", "by", "do", "of", "standing", "other"), CONSENTS)
def test_a_consent_to_what_does_not_stand_is_refused_and_not_a_crash(
    before: str, by: str, do: str, of: str, standing: str, other: str
) -> None:
    for who in (by, "stranger", "mediator"):
        assert plays(PROPOSED, step("6 days", who, do, 'milestone = "m1"', "refused = true")).failures == ()
        assert plays(step("6 days", who, do, 'milestone = "m1"', "refused = true")).failures == ()
        assert plays(MEDIATED, step("6 days", who, do, 'milestone = "m1"', "refused = true")).failures == ()


def test_the_arbitration_fee_is_filled_in_with_the_share_that_is_due() -> None:
    for by in ("payer", "payee"):
        pay = step("6 days", by, "arbitration.pay_fee")
        assert plays(ARBITRATED, pay, expect(f'balance = {{ "deposit:m1/1:{by}" = "5.00" }}')).failures == ()
    platform = step("6 days", "platform", "arbitration.pay_fee", more='refused = "not-your-move"')
    nowhere = step("6 days", "payer", "arbitration.pay_fee", more='refused = "no-such-move"')
    assert plays(ARBITRATED, platform).failures == plays(PAID, nowhere).failures == ()


def test_a_party_may_be_named_by_its_id() -> None:
    head = HEAD + '\n[parties]\npayer = "ada"\npayee = "lin"\n'
    assert plays(OFFERED, step("5 days", "ada", "dispute.accept_offer"), head=head).failures == ()
    assert plays(DISPUTED, step("5 days", "lin", "dispute.concede"), head=head).failures == ()


# --- milestones with rules and currencies of their own, keys, actors ------------------------------------------------


def test_a_milestone_may_have_rules_of_its_own() -> None:
    quick = JOB + 'rules = { "dispute.answer.payee.within" = "2 days" }\n'
    assert plays(DISPUTED, expect('due = { clock = "dispute.answer", by = "4 days" }'), job=quick).failures == ()
    assert plays(DISPUTED, expect('due = { clock = "dispute.answer", by = "9 days" }')).failures == ()


def test_rules_of_the_story_hold_for_every_milestone() -> None:
    rules = '\n[rules]\n"escrow.service_fee" = { model = "flat", rate = "50%" }\n"escrow.clearing" = "none"\n'
    release = step("1 day", "payer", "escrow.release", 'milestone = "m1", amount = "100.00"')
    assert plays(PAID, release, rules, expect('net = { payee = "50.00", platform = "50.00" }')).failures == ()


def test_what_was_billed_before_is_a_fact() -> None:
    facts = '\n[facts]\nbilled_before = "500.00"\n'
    tiers = '{ model = "tiered", tiers = [{ up_to = "500.00 USD", rate = "20%" }, { rate = "10%" }] }'
    rules = f'\n[rules]\n"escrow.service_fee" = {tiers}\n"escrow.clearing" = "none"\n'
    release = step("1 day", "payer", "escrow.release", 'milestone = "m1", amount = "100.00"')
    assert plays(PAID, release, rules, facts, expect('net = { platform = "10.00" }')).failures == ()
    assert plays(PAID, release, rules, expect('net = { platform = "20.00" }')).failures == ()


def test_a_milestone_may_have_a_currency_of_its_own() -> None:
    job = JOB + '\n[[milestone]]\nid = "m2"\nprice = "50.00"\ncurrency = "EUR"\n'
    dollars = step(
        "1 day", "payer", "escrow.deposit", 'milestone = "m2", amount = "50.00 USD"', 'refused = "wrong-currency"'
    )
    euros = step("1 day", "payer", "escrow.deposit", 'milestone = "m2", amount = "50.00 EUR"')
    claims = (
        'net.EUR = { payer = "-50.00" }',
        'net.USD = { payer = "-100.00" }',
        'held = { EUR = "50.00", USD = "100.00" }',
        'balance = { "escrow:m2" = "50.00", "world:payer" = "-50.00 EUR" }',
    )
    assert plays(PAID, dollars, euros, expect("\n".join(claims)), job=job).failures == ()
    (failure,) = plays(PAID, euros, expect('net.EUR = { payer = "0.00" }'), job=job).failures
    assert "net of payer should be 0.00 EUR, but is -50.00 EUR" in failure


def test_a_key_repeats_its_answer_and_an_actor_is_recorded() -> None:
    half = 'milestone = "m1", amount = "50.00"'
    twice = step("0 days", "payer", "escrow.deposit", half, 'key = "k"\nactor = "shop"\nnote = "first"')
    other = step("0 days", "payer", "escrow.deposit", half.replace("5", "4"), 'key = "k"\nrefused = "key-conflict"')
    played = plays(twice, twice, other, expect('held = "50.00"'))
    assert played.failures == ()
    assert played.turns[1].records[0].event.actor == "shop"
    assert played.turns[1].step is not None
    assert played.turns[1].step.note == "first"
    assert played.turns[2].records == ()


def test_a_date_in_an_argument_may_be_a_time_since_the_start() -> None:
    propose = 'milestone = "m2", price = "13.00", title = "Logo", due = "9 days"'
    played = plays(
        step("1 day", "payee", "milestone.propose", propose),
        step("2 days", "payer", "milestone.accept", 'milestone = "m2"'),
    )
    assert played.failures == ()
    assert played.agreement is not None
    assert played.agreement.pot("m2").milestone.due == START + timedelta(days=9)


def test_a_milestone_may_be_due_some_time_after_the_start() -> None:
    played = plays(job=JOB + 'due = "9 days"\n')
    assert played.agreement is not None
    assert played.agreement.pot("m1").milestone.due == START + timedelta(days=9)


def test_the_agreement_itself_has_commands_without_a_milestone() -> None:
    end = step("1 day", "payer", "agreement.end", 'reason = "Enough."')
    assert plays(end, expect('state = { "milestone.m1" = "cancelled" }')).failures == ()
    mute = 'role = "payee", right = "writing", reason = "Insults.", until = "9 days"'
    assert plays(step("1 day", "platform", "agreement.restrict", mute)).failures == ()


@pytest.mark.parametrize("engine", ["compiled", "stock"])
def test_a_story_plays_alike_on_both_engines(engine: str) -> None:
    assert (
        play(told(DISPUTED, expect('state = { "dispute.m1" = "defaulted" }', at="9 days")), engine=engine).failures
        == ()
    )


def test_every_command_of_every_machine_can_be_told() -> None:
    assert len(set(story.COMMANDS.values())) == len(story.COMMANDS)
    assert {name.partition(".")[0] for name in story.COMMANDS} == {*MACHINES, "agreement"}
