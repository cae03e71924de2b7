"""Side by side: rulebooks, question by question, and one story under several of them. It decides nothing.

>>> from escrowkit.rulebook import load
>>> same = compare([load("upwork@2018"), load("standard@1")])
>>> next(row.cells[1].text for row in same.rows if row.question == "Nobody pays the fee")
'half each, after 7 days'
"""

from escrowkit.comparison.rulebooks import Cell, Comparison, Row, compare, newest, pick
from escrowkit.comparison.stories import Column, Left, Stopped, StoryComparison, Taken, under

__all__ = [
    "Cell",
    "Column",
    "Comparison",
    "Left",
    "Row",
    "Stopped",
    "StoryComparison",
    "Taken",
    "compare",
    "newest",
    "pick",
    "under",
]
