"""Drafts: handed in, reviewed, published or given back. (SentiOne)

Nobody reviews what they wrote themselves. A draft belongs to whoever holds the conversation as much as to its author:
it stays when the holder changes, and is withdrawn when nobody holds the conversation any more (see the couplings).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import Forbidden, Refused, UnknownId
from .. import commands as c
from .. import events as e
from ..facts import Outcome, OutcomeKind
from ..ids import make_text
from ..model import (
    Actor,
    ActorKind,
    Audience,
    Code,
    Conversation,
    ConversationId,
    ConversationState,
    DraftState,
    MessageId,
    Reason,
    RequestId,
)
from ..operations.step import Step
from ..placing.attaching import attached, need_carried
from ..records import Draft, DraftNote
from ..rights.permissions import principal_of
from ..rights.visibility import Principal, may_accept
from ..settings import Right
from .conversations import accepting
from .replies import answerable, answered, message_key, post
from .requests import agent_of

__all__ = ["DECISIONS", "MAX_DRAFTS"]

MAX_DRAFTS = 20
"""How many drafts of one conversation may wait at once: its state names them all."""

_AGENT, _CUSTOMER, _INTERNAL = ActorKind.AGENT, Audience.CUSTOMER, Audience.INTERNAL


def _submit(step: Step, command: c.SubmitDraft) -> Outcome:
    conversation = _reviewable(step, command.conversation_id, command)
    author = agent_of(command.by, step.desk)
    request = answered(conversation, command.request_id, author)
    draft_id = step.new_id("d")
    text = step.write(command.text, draft_id, "body.0")
    files = attached(step, command.attachments, _wording(draft_id, 0), _INTERNAL, step.actor)
    _accept(step, conversation)
    step.emit(
        conversation.id,
        e.DraftSubmitted(
            draft_id=draft_id,
            channel_id=conversation.channel_id,
            author=author,
            text=text,
            request_id=request.id if request else None,
            attachments=files,
        ),
    )
    return _done(conversation.id, draft_id, request.id if request else None)


def _revise(step: Step, command: c.ReviseDraft) -> Outcome:
    draft = _draft(step, command)
    if step.actor != Actor(_AGENT, Code(draft.author)):
        raise Forbidden("not_author", f"draft {draft.id} is {draft.author}'s to word anew")
    _need_unended(draft)
    conversation = _reviewable(step, draft.conversation_id, command, waits=draft.id)
    text = step.write(command.text, draft.id, f"body.{draft.version}")
    source = _wording(draft.id, draft.version)
    files = attached(step, command.attachments, source, _INTERNAL, step.actor)
    _accept(step, conversation)
    step.emit(conversation.id, e.DraftRevised(draft_id=draft.id, text=text, attachments=files))
    return _done(conversation.id, draft.id)


def _approve(step: Step, command: c.ApproveDraft) -> Outcome:
    draft = _to_review(step, command)
    if command.version is not None and command.version != draft.version:
        raise Refused("revised", f"draft {draft.id} was revised since: its version is {draft.version} now")
    conversation = answerable(step, draft.conversation_id, _CUSTOMER)
    body, enclosures = _told(step, draft)
    body = body if command.text is None else command.text
    if not body.strip() and not enclosures:
        raise Refused("empty", "there is nothing to publish")
    need_carried(step.desk, conversation.channel_id, enclosures)
    author = Actor(_AGENT, Code(draft.author))
    key = message_key(step)
    owner = draft.author if command.text is None else step.actor.id
    text = make_text(body, key, "body", _CUSTOMER, owner, step.desk.salt)
    step.texts.append(text)
    files = attached(step, enclosures, key, _CUSTOMER, author)
    open_one = any(each.id == draft.request_id for each in conversation.requests)
    request = answered(conversation, draft.request_id if open_one else None, draft.author)
    approved = e.DraftApproved(
        draft_id=draft.id,
        author=draft.author,
        message_id=key,
        text=draft.text,
        edited=command.text is not None,
    )
    step.emit(conversation.id, approved)
    post(step, conversation, request, key, text.ref, author, attachments=files)
    return _done(conversation.id, draft.id, request.id if request else None, key)


def _reject(step: Step, command: c.RejectDraft) -> Outcome:
    draft = _to_review(step, command)
    if not command.reason.strip():
        raise Refused("empty", "a rejection needs a reason: its author is to correct the draft")
    note = step.write(command.reason, draft.id, f"reason.{draft.version}")
    reason = Reason(Code("reviewed"), note=note)
    rejected = e.DraftRejected(draft_id=draft.id, author=draft.author, reason=reason)
    step.emit(draft.conversation_id, rejected)
    return _done(draft.conversation_id, draft.id)


def _withdraw(step: Step, command: c.WithdrawDraft) -> Outcome:
    draft = _draft(step, command)
    principal = principal_of(step.actor, step.desk, step.author)
    if not _is_author(principal, draft) and not principal.has(Right.REVIEW):
        raise Forbidden("not_author", f"draft {draft.id} is {draft.author}'s to withdraw, or a reviewer's")
    _need_unended(draft)
    withdrawn = e.DraftWithdrawn(draft_id=draft.id, author=draft.author, reason=Reason(Code("asked")))
    step.emit(draft.conversation_id, withdrawn)
    return _done(draft.conversation_id, draft.id)


def _add_note(step: Step, command: c.AddDraftNote) -> Outcome:
    draft = _draft(step, command)
    if not command.text.strip():
        raise Refused("empty", "a note needs some text")
    note_id = step.new_id("n")
    text = step.write(command.text, note_id, "body")
    step.emit(draft.conversation_id, e.DraftNoteAdded(draft_id=draft.id, note_id=note_id, text=text))
    return _done(draft.conversation_id, note_id)


def _delete_note(step: Step, command: c.DeleteDraftNote) -> Outcome:
    draft = _draft(step, command)
    note = step.record(DraftNote, command.note_id)
    if note is None or note.draft_id != draft.id or note.deleted_at is not None:
        raise UnknownId(f"no note {command.note_id} on draft {draft.id}")
    deleted = e.DraftNoteDeleted(draft_id=draft.id, note_id=note.id, text=note.text)
    step.emit(draft.conversation_id, deleted)
    return _done(draft.conversation_id, note.id)


# --- what several of them ask ---


def _draft(step: Step, command: Any) -> Draft:
    """The draft that a command names. Raises `UnknownId`."""
    draft = step.record(Draft, command.draft_id)
    if draft is None:
        raise UnknownId(f"no draft {command.draft_id}")
    return draft


def _is_author(principal: Principal, draft: Draft) -> bool:
    return principal.agent is not None and principal.agent.id == draft.author


def _need_unended(draft: Draft) -> None:
    if draft.state not in (DraftState.WAITING, DraftState.REJECTED):
        raise Refused("ended", f"draft {draft.id} is {draft.state} already")


def _to_review(step: Step, command: c.ApproveDraft | c.RejectDraft) -> Draft:
    """A waiting draft, for anybody but its author, or a rule of theirs, to judge.

    Raises `UnknownId`, `Forbidden` or `Refused`.
    """
    draft = _draft(step, command)
    if _is_author(principal_of(step.actor, step.desk, step.author), draft):
        raise Forbidden("own_draft", f"draft {draft.id} is your own: somebody else must review it")
    if draft.state is not DraftState.WAITING:
        raise Refused("not_waiting", f"draft {draft.id} is {draft.state}, it does not wait for review")
    return draft


def _wording(draft_id: Code, version: int) -> MessageId:
    """What the texts of one wording's attachments are named by."""
    return MessageId(f"{draft_id}.{version}")


def _told(step: Step, draft: Draft) -> tuple[str, tuple[c.Enclosure, ...]]:
    """What a draft says and brings along, as it was handed in."""
    refs = [draft.text]
    refs += [ref for each in draft.attachments for ref in (each.name, each.address) if ref is not None]
    bodies = dict(zip(refs, step.overlay.said(refs), strict=True))
    enclosures = [
        c.Enclosure(
            kind=each.kind,
            name=None if each.name is None else bodies[each.name],
            address=None if each.address is None else bodies[each.address],
            media_type=each.media_type,
            size=each.size,
        )
        for each in draft.attachments
    ]
    return bodies[draft.text], tuple(enclosures)


def _reviewable(
    step: Step,
    conversation_id: ConversationId,
    command: c.SubmitDraft | c.ReviseDraft,
    *,
    waits: Code | None = None,
) -> Conversation:
    """The conversation, if one more draft (or ``waits``, another wording of it) may wait there for review."""
    conversation = answerable(step, conversation_id, _CUSTOMER)
    if not command.text.strip() and not command.attachments:
        raise Refused("empty", "a draft needs some text, or something attached")
    need_carried(step.desk, conversation.channel_id, command.attachments)
    if waits not in conversation.drafts and len(conversation.drafts) >= MAX_DRAFTS:
        raise Refused("too_many_drafts", f"{MAX_DRAFTS} drafts wait in {conversation.id}: review some first")
    return conversation


def _accept(step: Step, conversation: Conversation) -> None:
    """Who hands in a draft speaks in the conversation, where nobody did."""
    if conversation.state is not ConversationState.PENDING:
        return
    agent = step.desk.agents[agent_of(step.actor, step.desk)]
    if not may_accept(step.desk, agent, conversation):
        raise Forbidden(
            "no_grant", f"{agent.id} may not accept {conversation.id}, as handing in a draft would"
        )
    step.emit(conversation.id, *accepting(conversation, agent.id, Reason(Code("draft_submitted"))))


def _done(
    conversation_id: ConversationId,
    record_id: Code,
    request_id: RequestId | None = None,
    message_id: MessageId | None = None,
) -> Outcome:
    return Outcome(
        kind=OutcomeKind.DONE,
        conversation_id=conversation_id,
        request_id=request_id,
        message_id=message_id,
        record_id=record_id,
    )


DECISIONS: Mapping[type[c.Command], Any] = MappingProxyType(
    {
        c.SubmitDraft: _submit,
        c.ReviseDraft: _revise,
        c.ApproveDraft: _approve,
        c.RejectDraft: _reject,
        c.WithdrawDraft: _withdraw,
        c.AddDraftNote: _add_note,
        c.DeleteDraftNote: _delete_note,
    }
)
