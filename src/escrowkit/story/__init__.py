"""Story files: a life of an agreement as TOML, which is documentation, test and bug report in one.

`read` gives a `Story` or raises `StoryError` (file, line, what, and a mend; `others` holds the further ones). `play`
plays it and compares it with its `expect` parts. `written` writes one: a life that a program found.
"""

from escrowkit.story.consents import command_of
from escrowkit.story.model import COMMANDS, Expect, Step, Story
from escrowkit.story.playing import Played, Turn, play
from escrowkit.story.reading import parse, read, shipped, since
from escrowkit.story.writing import Said, opening, rulebook_file, written

__all__ = [
    "COMMANDS",
    "Expect",
    "Played",
    "Said",
    "Step",
    "Story",
    "Turn",
    "command_of",
    "opening",
    "parse",
    "play",
    "read",
    "rulebook_file",
    "shipped",
    "since",
    "written",
]
