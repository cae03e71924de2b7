"""The laws of the public test kit, under the name that the tests use."""

from __future__ import annotations

from escrowkit.testing.chosen import START as AT
from escrowkit.testing.laws import (
    Books,
    check,
    decide,
    frozen_is_frozen,
    inside,
    scheduler_changes_nothing,
    silence_ends,
    whole,
)

__all__ = [
    "AT",
    "Books",
    "check",
    "decide",
    "frozen_is_frozen",
    "inside",
    "scheduler_changes_nothing",
    "silence_ends",
    "whole",
]
