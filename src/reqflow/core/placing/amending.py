"""What becomes of a message that was changed or taken away outside, after it was placed.

That has happened: it is recorded or ignored with a reason, never refused. History keeps what was said before. What a
message says now is not judged anew: whoever turns a remark into a question has it promoted, and a question that is
turned into a remark stays a request until somebody closes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import commands as c
from .. import events as e
from ..automations import Automation
from ..decisions import conclude
from ..facts import Outcome, OutcomeKind
from ..history import fold
from ..ids import make_text
from ..model import Code, CommandKey, Message, Reason, Request, Resolution, Side
from ..operations.overlay import Overlay
from ..operations.step import Step
from .barring import drop, is_barred

__all__ = ["amend"]


def amend(
    overlay: Overlay,
    change: c.MessageEdit | c.MessageDeletion,
    key: CommandKey,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> Outcome:
    """Record a change. One that comes again, or late after a newer one, is ignored."""
    if overlay.desk.channel(change.channel) is None:
        return _ignored("unknown_channel")
    author = overlay.desk.author(change.author)
    message, conversation = overlay.written(change.channel, change.native)
    place = (
        conversation.version if conversation is not None else 0
    )  # a message may be changed again and again
    cause = e.Cause(kind=e.CauseKind.INBOUND, key=CommandKey(f"{key}.{place}"))
    step = Step(overlay, author.actor, cause, muted=muted)
    if is_barred(step, author):
        outcome = drop(step, author.profile)
        step.finish()
        return outcome
    if message is None or conversation is None:
        return _ignored("unknown_message")
    if message.deleted_at is not None:
        return _ignored("deleted")
    if conversation.erased is not None:
        return _ignored("erased")
    ignored = (
        _edit(step, message, change) if isinstance(change, c.MessageEdit) else _delete(step, message, change)
    )
    if ignored is not None:
        return _ignored(ignored)
    conclude(step, rules)
    return Outcome(
        kind=OutcomeKind.DONE,
        conversation_id=message.conversation_id,
        request_id=message.request_id,
        message_id=message.id,
    )


def _ignored(code: str) -> Outcome:
    return Outcome(kind=OutcomeKind.IGNORED, code=Code(code))


def _edit(step: Step, message: Message, change: c.MessageEdit) -> str | None:
    """Let the message say something else, or say why not."""
    edited_at = min(change.edited_at, step.at)
    if message.edited_at is not None and edited_at < message.edited_at:
        return "older"
    part = f"body.{int(edited_at.timestamp() * 1_000_000)}.{step.cause.key.rpartition('.')[2]}"
    # whoever changed it, it stays its author's text
    text = make_text(change.text, message.id, part, message.audience, message.author.id, step.desk.salt)
    if message.text is not None and message.text.digest == text.ref.digest:
        return "same"
    step.texts.append(text)
    edited = e.MessageEdited(message_id=message.id, text=text.ref, edited_at=edited_at, previous=message.text)
    step.revise(message, edited)
    return None


def _delete(step: Step, message: Message, change: c.MessageDeletion) -> str | None:
    """Take the message away, and with it a request that nobody has worked on if there is nothing else to it."""
    withdrawn = _only_word_of(step, message)
    deleted_at = min(change.deleted_at, step.at)
    deleted = e.MessageDeleted(message_id=message.id, deleted_at=deleted_at, previous=message.text)
    step.revise(message, deleted)
    if withdrawn is not None:
        closed = e.RequestClosed(
            request_id=withdrawn.id,
            resolution=Resolution.WITHDRAWN,
            reason=Reason(Code("deleted"), message_id=message.id),
        )
        step.emit(message.conversation_id, closed)
    return None


def _only_word_of(step: Step, message: Message) -> Request | None:
    """The open request that came of this message by itself and of nothing else, if nobody has touched it."""
    if message.request_id is None or not message.detected:
        return None
    request, conversation = step.overlay.request(message.request_id)
    if request is None or conversation is None or not request.is_open:
        return None
    if request.touched or request.opener != message.id:
        return None
    folded = fold(step.overlay.entries_of(conversation.id))
    if folded is None or folded.moved:  # what was taken in belongs to it
        return None
    for each in folded.messages:
        said = each.side is Side.REQUESTER and each.deleted_at is None
        if said and each.request_id == request.id and each.id != message.id:
            return None
    return request
