"""What tells a question from others, so that one that is escalated again and again is seen. (Slack)"""

from __future__ import annotations

from collections.abc import Callable

from ..searching import words_of

__all__ = ["Signature", "by_words"]

Signature = Callable[[str], str]
"""The same string for the same question, an empty one where there is none; only a keyed digest of it is kept."""


def by_words(text: str) -> str:
    """The words of a question without those that hold a digit, such as numbers of orders, each once, in any order."""
    return " ".join(sorted({word for word in words_of(text) if not any(map(str.isdigit, word))}))
