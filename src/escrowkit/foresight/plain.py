"""Values of foresight as plain data, for a page or a machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import attrs

from escrowkit.money import Money


def plain(value: Any) -> Any:
    """Amounts, fractions and instants as text, records as mappings, sequences as lists.

    >>> plain({"sum": Money(100, "USD"), "parts": (1, None)})
    {'sum': '1.00 USD', 'parts': [1, None]}
    """
    if value is None or isinstance(value, (bool, int)) or type(value) is str:
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(inner) for inner in value]
    if attrs.has(type(value)) and not isinstance(value, Money):
        return {field.name: plain(getattr(value, field.name)) for field in attrs.fields(type(value))}
    return str(value)
