"""All items of a view, page by page."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from attrs import evolve

from ..core.model import Workspace
from ..ports import Page, View
from .asks import Ask, AskQuery

__all__ = ["everything"]


def everything(workspace: Workspace, view: View) -> Generator[Ask, Any, list[Any]]:
    """All items of a view, whatever its pages hold."""
    items: list[Any] = []
    after: str | None = None
    while True:
        page: Page = yield AskQuery(workspace, evolve(view, after=after))
        items += page.items
        if page.next is None:
            return items
        after = page.next
