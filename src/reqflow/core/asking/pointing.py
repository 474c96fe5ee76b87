"""Pointing to what was answered before: only where whoever reads the pointer may read the answer, too. (Slack)"""

from __future__ import annotations

from ...errors import Refused, UnknownId
from ..model import Audience, ChannelId, Conversation, Pointer, Request, RequestId, RequestState, Resolution
from ..operations.step import Step
from ..rights.permissions import need_seen
from ..settings import ChannelKind, Desk

__all__ = ["is_resolved", "may_point", "pointed"]


def may_point(desk: Desk, home: Conversation, reader: ChannelId) -> bool:
    """Whether everybody in the channel ``reader`` may read the conversation, wherever a pointer leads them.

    So it is for public channels, and for the threads of the very channel that they are in. Other channels, and whatever
    one customer writes to the desk alone, are nobody else's to read.
    """
    if home.audience is not Audience.CUSTOMER:
        return False
    settings = desk.channel(home.channel_id)
    if settings is None:
        return False
    shared = settings.kind is ChannelKind.CHAT and home.channel_id == reader
    return settings.kind is ChannelKind.PUBLIC or shared


def is_resolved(request: Request) -> bool:
    """Whether there is an answer to point to."""
    return request.state is RequestState.CLOSED and request.resolution is Resolution.DONE


def pointed(step: Step, reader: ChannelId, named: RequestId) -> Pointer:
    """What an answer in a channel points to. Raises `UnknownId` or `Refused`."""
    request, home = step.overlay.request(named)
    home = need_seen(step, home, f"no request {named}")
    if request is None:
        raise UnknownId(f"no request {named}")
    if not may_point(step.desk, home, reader):
        raise Refused("private", f"{named} is in {home.channel_id}, which not everybody in {reader} may read")
    if not is_resolved(request):
        raise Refused("not_resolved", f"{named} was not resolved, so there is no answer to point to")
    opener, _ = step.overlay.placed(request.opener)
    if opener is None or opener.deleted_at is not None:
        raise Refused("not_resolved", f"what {named} asked was deleted")
    return Pointer(request.id, home.channel_id, opener.native)
