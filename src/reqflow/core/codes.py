"""Codes: the short words that a desk makes for itself, such as names of tags, fields, statuses and quick answers."""

from __future__ import annotations

import re
from unicodedata import normalize

from .model import Code

__all__ = ["MAX_CODE", "code_of"]

MAX_CODE = 64
"""How many characters a code may have."""

_CODE = re.compile(r"[\w./-]+")


def code_of(given: object) -> Code:
    """A word of the desk's own, written in one way: ``VIP`` and ``vip`` are the same.

    Letters, digits and ``_ . / -``, no blanks: codes stand in history for ever, wordings belong in texts. Raises
    ValueError saying what a code must be.
    """
    if not isinstance(given, str):
        raise ValueError(f"must be a short word, not {type(given).__name__}")
    word = normalize("NFKC", given.strip()).casefold()
    if not _CODE.fullmatch(word) or len(word) > MAX_CODE:
        raise ValueError(
            f"must be a word of 1 to {MAX_CODE} letters, digits, '_', '.', '/' or '-', not {given[:80]!r}"
        )
    return Code(word)
