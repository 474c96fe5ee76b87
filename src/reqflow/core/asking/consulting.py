"""What becomes of a request once the specialists who were consulted about it have closed theirs. (Slack)"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import events as e
from ..evolution import find_request
from ..model import Code, Conversation, HoldReason, Reason, Request, RequestId
from ..settings import ChannelSettings

if TYPE_CHECKING:
    from ..operations.step import Step

__all__ = ["bring_answer"]


def bring_answer(
    step: Step, conversation: Conversation, event: e.RequestClosed, settings: ChannelSettings
) -> None:
    """Tell the request that they were consulted about; once nothing is asked any more, its hold for that ends.

    What was said among specialists stays in their conversation. Raises `Missing` while the request is not known.
    """
    child = find_request(conversation, event.request_id)
    if child is None or child.parent is None:
        return
    parent, home = _held(step, child.parent)
    if parent is None or home is None or not parent.is_open:
        return  # it was settled without them
    answered = e.ConsultAnswered(request_id=parent.id, child=child.id, resolution=event.resolution)
    step.emit(home.id, answered)
    waits = [each for each in parent.consults if each != child.id]
    if parent.hold_reason is HoldReason.THIRD_PARTY and not waits:
        reason = Reason(Code("consult_answered"))
        if parent.assignee is None:
            woken: e.Event = e.RequestRequeued(request_id=parent.id, previous=None, reason=reason)
        else:
            woken = e.RequestWoken(request_id=parent.id, reason=reason)
        step.emit(home.id, woken)


def _held(step: Step, named: RequestId) -> tuple[Request | None, Conversation | None]:
    """The request as this step has made it, and its conversation."""
    known, home = step.overlay.request(named)
    if known is None or home is None:
        return None, None
    home = step.conversation(home.id) or home
    return find_request(home, named) or known, home
