"""All effects."""

from __future__ import annotations

from . import TAGS, Effect, effect_of

__all__ = ["EFFECTS"]

EFFECTS: tuple[type[Effect], ...] = tuple(filter(None, map(effect_of, " ".join(TAGS.values()).split())))
