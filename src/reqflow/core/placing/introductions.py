"""Putting people on record: the profile behind an address, when it is met for the first time."""

from __future__ import annotations

from ..ids import make_text
from ..model import Audience, Profile, ProfileId
from ..operations.step import Step

__all__ = ["introduce"]


def introduce(
    step: Step, profile: ProfileId, address: str, name: str | None, email: str | None = None
) -> None:
    """Make sure that a profile is on record with its address and, where they are told, its name and e-mail address."""
    salt, internal = step.desk.salt, Audience.INTERNAL
    written = make_text(address, profile, "address", internal, profile, salt)
    named = make_text(name, profile, "name", internal, profile, salt) if name else None
    mailed = make_text(email, profile, "email", internal, profile, salt) if email else None
    step.texts.extend(text for text in (written, named, mailed) if text)
    step.profiles.append(
        Profile(profile, written.ref, named.ref if named else None, mailed.ref if mailed else None)
    )
