"""Recognises a message that is nothing but thanks: such a one reopens nothing (unless a channel says so)."""

from __future__ import annotations

import re

__all__ = ["is_thanks"]

_WORDS = re.compile(r"[^\W\d_]+")
_THANKS = frozenset(
    "thanks thank thx ty tysm cheers merci danke gracias obrigado obrigada grazie bedankt takk tack".split()
)
_AROUND = frozenset(
    """a again all amazing and appreciate appreciated awesome beaucoup bye cool day everyone everybody fixed
    for good great guys have help helping hi hello i it is its just lot many mille much muchas mucho muy
    nice now ok okay perfect quick resolved so solved sorted super sure team that thats the this to very
    vielen welcome well works working worked you your yes yep""".split()
)
_LONGEST = 160


def is_thanks(text: str) -> bool:
    """True for "Thanks!", "ok great, thank you all": thanks among courtesies, without a question or digits."""
    if len(text) > _LONGEST or "?" in text or any(each.isdigit() for each in text):
        return False
    words = [word.lower() for word in _WORDS.findall(text.replace("'", ""))]
    return any(word in _THANKS for word in words) and all(
        word in _THANKS or word in _AROUND for word in words
    )
