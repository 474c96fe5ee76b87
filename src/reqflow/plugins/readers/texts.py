"""Texts from outside, made fit to be stored and shown. Every function is total and linear in its input."""

from __future__ import annotations

import codecs
import re

__all__ = ["decode", "one_line", "readable", "shown", "storable"]

_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_SLACK = 8  # how much longer than its limit a text may be and still be looked at to its end
_SPACES = re.compile(r"\s+")
_CHARSETS = ("ascii", "utf", "iso", "cp", "koi8", "gb", "big5", "euc", "shift", "mac", "tis", "hz", "johab")
"""How the codecs of real mail are called. Others may be slow (punycode) or interpret escapes."""


def storable(text: str) -> str:
    """``text`` with NUL and lone surrogates replaced by U+FFFD: no store takes them."""
    text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def one_line(text: str, limit: int) -> str:
    """``text`` on one line, without control characters, at most ``limit`` characters of it."""
    folded = _SPACES.sub(" ", _CONTROLS.sub(" ", text[: limit * _SLACK])).strip()
    return storable(folded[:limit])


def shown(text: str, limit: int = 200) -> str:
    """A name or another short text as people may see it: one line, nothing invisible or reordering."""
    return one_line(_INVISIBLE.sub("", text[: limit * _SLACK]), limit)


def readable(content: bytes) -> str:
    """Bytes of no declared charset: UTF-8 if they are, else Latin-1, which takes anything."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def decode(content: bytes, charset: str) -> str:
    """Bytes of a declared charset. One that is unknown, or that they do not keep to, counts as undeclared."""
    try:
        known = codecs.lookup(charset).name if len(charset) <= 40 else ""
        if known.startswith(_CHARSETS) and known != "ascii":
            return content.decode(known)
    except UnicodeDecodeError as problem:
        return _guessed(content, problem.encoding)
    except (LookupError, ValueError):
        pass  # never heard of it
    return readable(content)


def _guessed(content: bytes, charset: str) -> str:
    """UTF-8 under a false name is common; else the declared charset, with U+FFFD where it fails."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode(charset, "replace")
