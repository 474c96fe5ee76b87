"""What every decision asks: to know, to have a message judged, to store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.model import Workspace
from ...core.values import value

if TYPE_CHECKING:
    from ...core.batch import Batch
    from ...core.commands import Inbound
    from ...core.facts import Want

__all__ = ["AskCommit", "AskConsult", "AskRecall", "AskStranger"]


@value
class AskStranger:
    """Root of what is asked of strangers, who may take too long; never made by itself."""


@value
class AskRecall:
    """Answer these wants, in order."""

    workspace: Workspace
    wants: tuple[Want, ...]


@value
class AskConsult(AskStranger):
    """Let the classifier judge this message, outside any transaction. Answer: `Detection`."""

    inbound: Inbound


@value
class AskCommit:
    """Store this batch. No answer; a failure is thrown in."""

    batch: Batch
