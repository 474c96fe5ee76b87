"""`Engine` and `AsyncEngine`: the flows, with a store, plugins and a clock. Thin on purpose."""

from __future__ import annotations

from ..core.operations.rehearsal import Rehearsal
from .awaiting import AsyncEngine
from .plain import Engine
from .wiring import SETUP, system_clock

__all__ = ["SETUP", "AsyncEngine", "Engine", "Rehearsal", "system_clock"]
