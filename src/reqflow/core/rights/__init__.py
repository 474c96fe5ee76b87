"""Who may do what, who sees what, and therefore which actions a surface may offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .permissions import check
    from .visibility import Principal, granted, sees
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".permissions": "check",
            ".visibility": "Principal granted sees",
        },
    )

__all__ = ["Principal", "check", "granted", "sees"]
