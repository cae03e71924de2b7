"""The definitions that the JSON Schemas of single values name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from escrowkit.codec.form import ref

DEFINITIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "words": {
        "description": "What somebody wrote; once it is erased, the salted SHA-256 that stood for it in the chain.",
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {"sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
                "required": ["sha256"],
                "additionalProperties": False,
            },
        ],
    },
    "money": {
        "description": 'An amount with its currency and all its decimals: "150.00 USD".',
        "type": "string",
        "pattern": "^-?(0|[1-9][0-9]*)(\\.[0-9]+)? [A-Z]{3}$",
    },
    "amount": {
        "description": 'An amount as a command says it, with its currency or in the milestone\'s: "150.00".',
        "type": "string",
        "pattern": "^-?[0-9]+(\\.[0-9]+)?( [A-Z]{3})?$",
    },
    "instant": {
        "description": "An instant in UTC, to the microsecond.",
        "type": "string",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$",
    },
    "period": {
        "description": 'A length of time: "14 days", "72 hours", "5 business days".',
        "type": "string",
        "pattern": "^[0-9]+ (business day|week|day|hour|minute|second)s?$",
    },
    "condition": {
        "description": "A release condition.",
        "oneOf": [
            {
                "properties": {"signed": {"enum": ["payer", "payee"]}},
                "required": ["signed"],
                "additionalProperties": False,
            },
            {
                "properties": {"attested": {"type": "string"}, "by": {"type": "string"}},
                "required": ["attested"],
                "additionalProperties": False,
            },
            {
                "properties": {"elapsed": ref("period"), "since": {"type": "string"}},
                "required": ["elapsed"],
                "additionalProperties": False,
            },
            *(
                {
                    "properties": {name: {"type": "array", "items": ref("condition"), "minItems": 1}},
                    "required": [name],
                    "additionalProperties": False,
                }
                for name in ("all", "any")
            ),
            {
                "properties": {
                    "at_least": {"type": "integer", "minimum": 1},
                    "of": {"type": "array", "items": ref("condition"), "minItems": 1},
                },
                "required": ["at_least", "of"],
                "additionalProperties": False,
            },
        ],
        "type": "object",
    },
}
