"""``decide`` for links: what a conversation is hung on, and taken off; and a request that goes to a ticket tool."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind, WantRecords
from ..ids import digest_of
from ..model import ChannelId, Code, Conversation, ConversationId, ExternalId, LinkTarget, Request
from ..operations.step import Step
from ..records import Issue, LinkRecord, issue_id
from ..rights.permissions import need_seen
from ..timers import loop_key
from .finding import conversation_of, need_open, relied_on, request_of

__all__ = [
    "DECISIONS",
    "MAX_ABOVE",
    "MAX_LINKS",
    "link_id",
    "send_to_tool",
    "ticket_reported",
    "was_sent",
]

MAX_LINKS = 100
"""On how many things one conversation may hang."""
MAX_ABOVE = 100
"""How many conversations may stand above one, as parents and their parents: a new parent is checked against all."""
_DEEPEST = 6
"""How many parents of parents are looked at for a circle, and so how deep they may stand."""
_LINK = LinkRecord.tag


def link_id(conversation_id: ConversationId, kind: LinkTarget, target: str) -> Code:
    """A link is what it links: the same again is the same record."""
    return Code(f"l_{digest_of(f'{conversation_id}|{kind}|{target}'.encode()).hex()}")


def _links(step: Step, id: ConversationId) -> list[LinkRecord]:
    found: Any = step.overlay.records(_LINK, "conversation", id, top=MAX_LINKS)
    return list(found)


def _outcome(conversation: Conversation, link: str, request: Request | None = None) -> Outcome:
    return Outcome(
        kind=OutcomeKind.DONE,
        conversation_id=conversation.id,
        request_id=None if request is None else request.id,
        record_id=Code(link),
    )


def _add(step: Step, command: c.Link) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    links = _links(step, conversation.id)
    known = next((each for each in links if (each.kind, each.target) == (command.kind, command.target)), None)
    if known is not None:
        return _outcome(conversation, known.id)
    if len(links) >= MAX_LINKS:
        raise Refused("too_many", f"{conversation.id} hangs on {MAX_LINKS} things already")
    if command.kind is LinkTarget.PARENT:
        _need_parent(step, conversation, ConversationId(command.target))
    id = link_id(conversation.id, command.kind, command.target)
    step.record(LinkRecord, id)  # it may have been there before
    if command.kind is LinkTarget.ISSUE:
        _wait_for(step, command.target)
    step.emit(conversation.id, e.LinkAdded(link_id=id, kind=command.kind, target=command.target))
    return _outcome(conversation, id)


def _wait_for(step: Step, issue: ExternalId) -> None:
    """Let nobody miss that an issue is done: who hangs on it from now on is told, even if it was finished before."""
    id = issue_id(issue)
    if relied_on(step, Issue, id) is not None:
        step.overlay.arm(loop_key(id), step.at)


def _need_parent(step: Step, child: Conversation, parent: ConversationId) -> None:
    """Let only another conversation be a parent, and never one that serves its own child."""
    above = need_seen(step, step.conversation(parent), f"no conversation {parent}")
    overlay, seen, ahead = step.overlay, {above.id}, [above.id]
    for _ in range(_DEEPEST):
        if child.id in seen:
            raise Refused("circle", f"{parent} is {child.id} itself, or serves it")
        if len(seen) > MAX_ABOVE:
            raise Refused("circle", f"more than {MAX_ABOVE} conversations would stand above {child.id}")
        overlay.recall(ahead)
        overlay.facts(*[WantRecords(Code(_LINK), "conversation", each, MAX_LINKS) for each in ahead])
        above_them: dict[ConversationId, None] = {}
        for here in ahead:
            overlay.hold_conversation(
                conversation_of(step, here)
            )  # or a circle could be closed in two places at once
            for each in _links(step, here):
                if each.kind is LinkTarget.PARENT and each.target is not None:
                    above_them[ConversationId(each.target)] = None
        ahead = [each for each in above_them if each not in seen]
        if not ahead:
            return
        seen.update(ahead)
    raise Refused("circle", f"{parent} stands {_DEEPEST} parents deep already")


def _remove(step: Step, command: c.Unlink) -> Outcome:
    conversation = conversation_of(step, command.conversation_id)
    for each in _links(step, conversation.id):
        if (each.kind, each.target) == (command.kind, command.target):
            step.record(LinkRecord, each.id)
            removed = e.LinkRemoved(link_id=each.id, kind=each.kind, target=each.target)
            step.emit(conversation.id, removed)
            return _outcome(conversation, each.id)
    raise UnknownId(f"{conversation.id} does not hang on {command.kind} {command.target}")


# --- tickets ---


def _create_ticket(step: Step, command: c.CreateTicket) -> Outcome:
    request, conversation = request_of(step, command.request_id)
    need_open(request)
    tool = step.desk.settings(conversation.channel_id).tickets
    if tool is None:
        raise Refused(
            "no_tickets", f"no ticket tool is configured for {conversation.channel_id} (setting `tickets`)"
        )
    sent = was_sent(step, conversation, request, LinkTarget.TICKET)
    if sent is not None:
        raise Refused(
            "has_ticket", f"{request.id} was sent already: {sent.target or 'its number is not known yet'}"
        )
    id = send_to_tool(step, conversation, request, tool, LinkTarget.TICKET, command.text)
    return _outcome(conversation, id, request)


def was_sent(step: Step, conversation: Conversation, request: Request, kind: LinkTarget) -> LinkRecord | None:
    """The link to what the request became in a tool, if it was sent to one."""
    links = _links(step, conversation.id)
    return next((each for each in links if each.kind is kind and each.request_id == request.id), None)


def send_to_tool(
    step: Step,
    conversation: Conversation,
    request: Request,
    tool: str,
    kind: LinkTarget,
    text: str = "",
) -> Code:
    """Send a request to a ticket tool or tracker, with these words of the actor; returns the link's id.

    Raises `Refused` where the conversation hangs on as many things as it can.
    """
    if len(_links(step, conversation.id)) >= MAX_LINKS:
        raise Refused("too_many", f"{conversation.id} hangs on {MAX_LINKS} things already")
    id = link_id(conversation.id, kind, request.id)
    step.record(LinkRecord, id)  # it may have failed before
    opener = step.message  # the step may be about what opens it
    if opener is None or opener.id != request.opener:
        opener, _ = step.overlay.placed(request.opener)
    texts = [] if opener is None or opener.text is None else [opener.text]
    if text.strip():
        texts.append(step.write(text, id, f"note.{step.key}"))
    requested = e.TicketRequested(
        link_id=id, request_id=request.id, tool=ChannelId(tool), texts=tuple(texts), kind=kind
    )
    step.emit(conversation.id, requested)
    return id


def ticket_reported(step: Step, reported: c.TicketReported) -> None:
    """Record what the ticket tool said; a number that it told becomes what the conversation hangs on."""
    id = link_id(reported.conversation_id, reported.kind, reported.request_id)
    conversation, link = step.conversation(reported.conversation_id), step.record(LinkRecord, id)
    if conversation is None or link is None or link.removed_at is not None:
        return
    if reported.code is not None:
        event: e.Event = e.TicketFailed(link_id=id, request_id=reported.request_id, code=reported.code)
    else:
        target = None if reported.native is None else ExternalId(reported.native)
        if target is not None and link.kind is LinkTarget.ISSUE:
            _wait_for(step, target)
        event = e.TicketCreated(link_id=id, request_id=reported.request_id, target=target)
    step.emit(conversation.id, event)


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {c.Link: _add, c.Unlink: _remove, c.CreateTicket: _create_ticket}
)
