"""Output for programs (JSON on stdout) and complaints (one line on stderr)."""

from __future__ import annotations

import json
import sys
from typing import Any

from .words import clean, without_password

__all__ = ["complain", "print_json"]


def print_json(content: Any) -> None:
    """One JSON document, in characters that every terminal and every encoding takes."""
    print(json.dumps(content, indent=2, ensure_ascii=True))


def complain(text: str) -> None:
    """A line on stderr."""
    print(f"reqflow: {clean(without_password(text))}", file=sys.stderr)
