"""Notices: who is told of what, and by which means.

`table` says it all in one place; `people` and `means` carry it out; `reacting` is what the loop calls. `greeting` is
the automatic answer to customers, `unseen` and `forwarding` are the mail about what nobody saw.
"""

from __future__ import annotations

from .reacting import Hearing, hearing
from .table import TABLE, Line
from .words import Notice, NoticeRule, Telling, Who

__all__ = ["TABLE", "Hearing", "Line", "Notice", "NoticeRule", "Telling", "Who", "hearing"]
