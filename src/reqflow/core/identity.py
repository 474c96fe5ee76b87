"""Who somebody is: e-mail addresses and phone numbers in one way of writing, and the keys made of them.

An identity is the exact address. Letters that only look alike stay different, domains are not translated, nothing is
guessed: what is not recognised can be linked by hand, what is recognised wrongly shows one person's words to another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from .ids import digest_of
from .model import Code

__all__ = ["company_key", "email_key", "found_by", "normal_email", "normal_phone", "phone_key"]

MAX_EMAIL = 320
"""How long an e-mail address may be (RFC 3696)."""

# ASCII only: str.lower() makes letters of look-alikes (the Kelvin sign), and so somebody else's address
_LOWER: Mapping[int, int] = MappingProxyType({upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)})
_EMAIL = re.compile(r"[^\s@<>()\[\]\\,;:\"]+@[^\s@<>()\[\]\\,;:\".]+(?:\.[^\s@<>()\[\]\\,;:\".]+)*")
_BETWEEN_DIGITS = re.compile(r"[\s()./-]")
_PHONE = re.compile(r"\+?[0-9]{5,20}")


def normal_email(given: str) -> str | None:
    """An e-mail address in ASCII lower case and otherwise as it was written; None for what is none."""
    address = given.strip()
    if len(address) > MAX_EMAIL or not address.isprintable() or not _EMAIL.fullmatch(address):
        return None
    return address.translate(_LOWER)


def normal_phone(given: str) -> str | None:
    """A phone number as digits, with a ``+`` before those with a country code (``00`` counts as ``+``).

    None for what is none.
    """
    number = _BETWEEN_DIGITS.sub("", given.strip())
    if number.startswith("00"):
        number = f"+{number[2:]}"
    return number if _PHONE.fullmatch(number) else None


def email_key(given: str, salt: bytes) -> Code:
    """What a customer with this e-mail address is found by, however it is written."""
    return _key("email", normal_email(given) or given, salt)


def phone_key(given: str, salt: bytes) -> Code:
    """What a customer with this phone number is found by, however it is written."""
    return _key("phone", normal_phone(given) or given, salt)


def company_key(given: str, salt: bytes) -> Code:
    """What the customers with this company as a label are found by; letters in any case, blanks in any number."""
    return _key("company", " ".join(given.casefold().split()), salt)


def _key(kind: str, content: str, salt: bytes) -> Code:
    return Code(digest_of(f"{kind}\0{content}".encode("utf-8", "surrogatepass"), key=salt).hex())


def found_by(address: str, email: str | None, salt: bytes) -> Iterator[tuple[str, Code]]:
    """The keys, by their names, that a customer who is this author would have.

    ``address`` is ``transport:name``; a name that is an e-mail address or a phone number with a country code counts,
    as does the ``email`` that came with the message.
    """
    name = address.partition(":")[2]
    for given in (email, name):
        if given and normal_email(given) is not None:
            yield "email", email_key(given, salt)
            break
    if name.startswith("+") and normal_phone(name) is not None:
        yield "phone", phone_key(name, salt)
