"""`Engine` and `AsyncEngine`: the flows, with a store, plugins and a clock. Thin on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rooms import window

if TYPE_CHECKING:
    from .awaiting import AsyncEngine
    from .plain import Engine
    from .wiring import SETUP, system_clock
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".awaiting": "AsyncEngine",
            ".plain": "Engine",
            ".wiring": "SETUP system_clock",
        },
    )

__all__ = ["SETUP", "AsyncEngine", "Engine", "system_clock"]
