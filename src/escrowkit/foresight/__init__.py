"""What is coming, and what it is worth: pure functions of an agreement at an instant. Nothing here moves money.

`due` and `if_silent` say who must act and what happens if nobody does; `options` what a role could do now; `stakes` and
`plays` what going on is worth; `explain` why the money is where it is; `exposure` what stands without protection.
"""

from escrowkit.foresight.deadlines import ACTS, Due, due
from escrowkit.foresight.explain import (
    Could,
    Explanation,
    Missed,
    Rule,
    Step,
    cited,
    clock_parts,
    explain,
    missed_lines,
    row_of,
    worth_words,
)
from escrowkit.foresight.forecast import Forecast, if_silent, silence
from escrowkit.foresight.game import Chance, Game, Play, chance_of
from escrowkit.foresight.options import Argument, Option, option, options
from escrowkit.foresight.outcomes import Exposure, Outcome, ended, exposure, outcome, outcomes
from escrowkit.foresight.plays import plays
from escrowkit.foresight.seeing import FOREVER
from escrowkit.foresight.stakes import Path, Stakes, percent, stakes

__all__ = [
    "ACTS",
    "FOREVER",
    "Argument",
    "Chance",
    "Could",
    "Due",
    "Explanation",
    "Exposure",
    "Forecast",
    "Game",
    "Missed",
    "Option",
    "Outcome",
    "Path",
    "Play",
    "Rule",
    "Stakes",
    "Step",
    "chance_of",
    "cited",
    "clock_parts",
    "due",
    "ended",
    "explain",
    "exposure",
    "if_silent",
    "missed_lines",
    "option",
    "options",
    "outcome",
    "outcomes",
    "percent",
    "plays",
    "row_of",
    "silence",
    "stakes",
    "worth_words",
]
