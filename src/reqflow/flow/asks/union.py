"""All that a flow may ask, and what a flow is."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from .deciding import AskCommit, AskConsult, AskRecall
from .queues import (
    AskBacklog,
    AskDeliver,
    AskExtend,
    AskLease,
    AskNextDue,
    AskReceipt,
    AskRelease,
    AskRequeue,
    AskSettle,
)
from .reading import AskHistory, AskQuery, AskSuggest, AskTexts

__all__ = ["Ask", "Flow"]

Ask = (
    AskRecall
    | AskConsult
    | AskSuggest
    | AskCommit
    | AskQuery
    | AskHistory
    | AskTexts
    | AskLease
    | AskExtend
    | AskSettle
    | AskRelease
    | AskRequeue
    | AskBacklog
    | AskNextDue
    | AskDeliver
    | AskReceipt
)
Flow = Generator[Ask, Any, Any]
