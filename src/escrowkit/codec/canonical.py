"""Documents as bytes, and back: one document, one sequence of bytes.

UTF-8 without escapes that are not needed, keys in order, no blanks, whole numbers only. What JSON allows and exactness
does not (a key said twice, a number with a point, `NaN`, half of a surrogate pair) is refused.
"""

from __future__ import annotations

import json
from typing import Any

from escrowkit.codec.wrong import Odd, Wrong

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def to_bytes(document: Any) -> bytes:
    """The canonical bytes of a document that was written here, or read as plain: nothing in it has no bytes."""
    return _ENCODER.encode(document).encode()


def parse(data: bytes | str) -> Any:
    """The document that some JSON says. Raises `Wrong`; what is odd inside is left to whoever knows its place."""
    try:
        return _DECODER.decode(data if isinstance(data, str) else data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Wrong(f"it is not UTF-8: {error.reason} at byte {error.start}", "documents are UTF-8") from None
    except json.JSONDecodeError as error:
        what = f"it is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise Wrong(what, "one whole JSON object is needed") from None
    except ValueError:
        raise Wrong("a number has too many digits", "amounts are texts") from None
    except RecursionError:
        raise Wrong("it is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    twice = next(name for name in names if names.count(name) > 1)
    return Odd(f"an object that says {twice!r} twice")


def _number(text: str) -> Odd:
    return Odd(f"the number {text[:40]}")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_constant=_number)
