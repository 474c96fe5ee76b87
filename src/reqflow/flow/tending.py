"""What operators ask of the queues: how much there is to do, and to try again what was put aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..core.batch import LeaseQueue
from ..core.commands.checks import as_many, check_word, member
from ..core.model import Workspace
from .asks import AskBacklog, AskRequeue, Flow

__all__ = ["backlog", "requeue"]


def backlog(workspace: Workspace, now: datetime) -> Flow:
    """How much inbox, outbox and agenda have to do."""
    return (yield AskBacklog(workspace, now))


def requeue(workspace: Workspace, queue: LeaseQueue | str, ids: Sequence[str] | None) -> Flow:
    """Let parked items wait again, or all of the queue; returns the ids of those that do."""
    named = None if ids is None else tuple([check_word("id", id) for id in as_many(ids)])
    return (yield AskRequeue(workspace, member(LeaseQueue, queue), named))
