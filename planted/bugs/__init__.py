"""The bugs, class by class: importing this registers them all."""

from __future__ import annotations

from planted.bugs import books, consent, deciding, disputes, milestones, rounding, stuck, time, twice
from planted.bugs.elsewhere import NOT_PLANTED
from planted.canary import CANARIES, Canary

_CLASSES = (twice, stuck, rounding, time, deciding, consent, disputes, milestones, books)

__all__ = ["CANARIES", "NOT_PLANTED", "Canary"]
