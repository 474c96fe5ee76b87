"""What is read for people, and for decisions that need to know more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.model import Audience, TextId, Workspace
from ...core.values import value
from .deciding import AskStranger

if TYPE_CHECKING:
    from ...core.settings import Theme
    from ...ports import View

__all__ = ["AskHistory", "AskQuery", "AskSuggest", "AskTexts"]


@value
class AskQuery:
    """One page of a view. Answer: `Page`."""

    workspace: Workspace
    view: View


@value
class AskHistory:
    """Entries of a stream. Answer: a sequence of `Entry`."""

    workspace: Workspace
    stream: str
    after: int = 0
    limit: int | None = None


@value
class AskTexts:
    """Bodies of texts, as far as this audience may read them. Answer: a mapping."""

    workspace: Workspace
    ids: tuple[TextId, ...]
    audience: Audience


@value
class AskSuggest(AskStranger):
    """Let a suggester say what may help, outside any transaction. Answer: a sequence of `Suggestion`."""

    name: str
    text: str
    theme: Theme
