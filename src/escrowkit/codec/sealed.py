"""One record of a chain, with the words of people beside it; `escrowkit.chain` makes and checks them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from escrowkit.doors import needed
from escrowkit.errors import BadArgument, shown

SALT_BYTES: Final = 16
_SALT: Final = re.compile(f"[0-9a-f]{{{2 * SALT_BYTES}}}")


@frozen
class Head:
    """The end of a chain: how many records it has, and the hash of the last. Note it where nobody can change it."""

    length: int
    hash: str

    def __attrs_post_init__(self) -> None:
        if needed("length", self.length, int) < 0:
            raise BadArgument(f"length = {shown(self.length)}: a chain has no record, or some", key="length")
        needed("hash", self.hash, str)


@frozen
class Text:
    """What somebody wrote, and the salt (hex) with which it is digested. Raises `BadArgument` for another salt."""

    salt: str
    text: str = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.salt, str) or not _SALT.fullmatch(self.salt):
            raise BadArgument(f"a salt is {SALT_BYTES} bytes in hex", key="salt")
        needed("text", self.text, str)

    @property
    def digest(self) -> str:
        """SHA-256 over a version, the salt and the text: what stands for it in the chain."""
        said = self.text.encode("utf-8", "surrogatepass")
        return hashlib.sha256(b"escrowkit.text@1\n" + bytes.fromhex(self.salt) + said).hexdigest()


@frozen
class Sealed:
    """One record of a chain.

    `number` counts from 0. `body` is the record as canonical JSON, with digests in the place of words. `hash` is over
    the body, the number and `previous`, the hash before. `texts` holds the words by their place in the record
    (`$.event.reason`); what was erased is not there.
    """

    number: int
    previous: str
    hash: str
    body: bytes
    texts: Mapping[str, Text]

    def __attrs_post_init__(self) -> None:
        for name, kind in (("number", int), ("previous", str), ("hash", str), ("body", bytes), ("texts", Mapping)):
            needed(name, getattr(self, name), kind)
        for place, text in self.texts.items():
            needed("a place of texts", place, str)
            needed(f"texts[{place!r}]", text, Text)

    @property
    def head(self) -> Head:
        """The head of the chain that ends with this record."""
        return Head(self.number + 1, self.hash)

    def rehashed(self) -> str:
        """The hash that fits what this record says: SHA-256 over a version, its number, the hash before, its body."""
        before = f"escrowkit.record@1\n{self.number}\n{self.previous}\n"
        return hashlib.sha256(before.encode("utf-8", "surrogatepass") + self.body).hexdigest()
