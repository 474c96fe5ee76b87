"""Quick answers' placeholders: flat names in doubled braces, and nothing that could be carried out.

A placeholder is ``{{name}}``: letters, digits and ``_``. There are no attributes, calls, defaults or conditions, and
what is put in is not looked at again, so a customer who is called ``{{secret}}`` stays just that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["filled", "misspelt", "placeholders"]

_BRACES = re.compile(r"\{\{[^{}]{0,100}\}\}")
_PLACEHOLDER = re.compile(r"\{\{\s{0,8}(\w{1,64})\s{0,8}\}\}")


def placeholders(text: str) -> tuple[str, ...]:
    """The names that a quick answer asks for, in the order in which they first stand there."""
    return tuple(dict.fromkeys(found[1] for found in _PLACEHOLDER.finditer(text)))


def misspelt(text: str) -> tuple[str, ...]:
    """What stands in doubled braces and is no placeholder, such as ``{{customer.name}}``."""
    return tuple(found[0] for found in _BRACES.finditer(text) if not _PLACEHOLDER.fullmatch(found[0]))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each value where its placeholder stands; what has no value is left visible."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
