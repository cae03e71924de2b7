"""What is coming, and what it is worth: pure functions of an agreement at an instant. Nothing here moves money.

`due` and `if_silent` say who must act and what happens if nobody does; `options` what a role could do now; `stakes` and
`plays` what going on is worth; `explain` why the money is where it is; `exposure` what stands without protection.
"""

from escrowkit.foresight.deadlines import ACTS, Due, due
from escrowkit.foresight.forecast import Forecast, if_silent, silence
from escrowkit.foresight.options import Argument, Option, option, options
from escrowkit.foresight.outcomes import Exposure, Outcome, ended, exposure, outcome, outcomes
from escrowkit.foresight.seeing import FOREVER

__all__ = [
    "ACTS",
    "FOREVER",
    "Argument",
    "Due",
    "Exposure",
    "Forecast",
    "Option",
    "Outcome",
    "due",
    "ended",
    "exposure",
    "if_silent",
    "option",
    "options",
    "outcome",
    "outcomes",
    "silence",
]
