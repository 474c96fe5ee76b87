"""Words to search by. Only keyed digests of them are kept, so that an index says nothing by itself."""

from __future__ import annotations

import re
from unicodedata import combining, normalize

from ..errors import Refused
from .ids import digest_of
from .model import Code
from .settings import Desk

__all__ = ["MOST", "digest_words", "need_searchable", "words_of"]

MOST = 500
"""How many different words of one conversation can be searched; the first ones count."""

_WORD = re.compile(r"\w+")
_LENGTH = 6  # bytes: two of a thousand million words share a digest now and then, and one more row is read


def words_of(text: str) -> tuple[str, ...]:
    """The different words of a text, in their order, without case and accents."""
    plain = "".join(each for each in normalize("NFKD", text.casefold()) if not combining(each))
    return tuple(dict.fromkeys(_WORD.findall(plain)))


def digest_words(words: tuple[str, ...], salt: bytes) -> tuple[Code, ...]:
    """What stands for each word, in their order."""
    return tuple([Code(digest_of(f"word {word}".encode(), key=salt)[:_LENGTH].hex()) for word in words])


def need_searchable(desk: Desk) -> None:
    """Raise `Refused` where nothing is ever made searchable: an empty page would look like an answer."""
    if not any(settings.searchable for settings in desk.channels.values()):
        raise Refused("not_searchable", "no channel of this desk has the setting searchable = true")
