"""The timer of an erasure: what the person asked in and what they said anywhere, a hundred conversations a commit."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import attrs

from ..core.batch import Gone, Lease
from ..core.explain import said_in
from ..core.facts import WantConversation, WantDesk, WantPlaced, WantProfile, WantRecord
from ..core.model import Code, Conversation, ConversationId, ErasureScope, Message, MessageId, TextId
from ..core.operations import erasing
from ..core.operations.overlay import Overlay
from ..core.records import Erasure
from ..core.timers import ErasureLook, erase_key
from ..errors import Conflict
from ..ports import Conversations, Page, Texts
from .asks import Ask, AskHistory, AskQuery, Context
from .handling import decided, learn

__all__ = ["erase"]

OPEN = (True, False, True)
"""Which conversations are gone through: open ones, closed ones, and those that somebody else opened again meanwhile."""
AT_ONCE = 100
"""How many conversations one commit goes through."""
MOST = 2000
"""How many texts one commit empties, unless a single conversation has more."""


def erase(context: Context, overlay: Overlay, lease: Lease, look: ErasureLook) -> Generator[Ask, Any, int]:
    """Go on with an erasure, and arm the timer that goes on from there. Returns how many conversations it went through.

    The conversations of each profile come first, as `OPEN` says, and at last the texts that the person owns.
    """
    want = WantRecord(Code(Erasure.tag), look.erasure_id)
    yield from learn(overlay, (WantDesk(context.desk.revision), want))
    erasure = overlay.record(Erasure.tag, look.erasure_id)
    overlay.consumed.append(lease)
    if not isinstance(erasure, Erasure) or erasure.finished_at is not None or erasure.turn != look.turn:
        return 0
    if look.place < len(OPEN) * len(erasure.profiles):
        return (yield from _conversations(context, overlay, erasure, look))
    return (yield from _own_texts(overlay, erasure, look))


# --- what they asked in ---


def _conversations(
    context: Context, overlay: Overlay, erasure: Erasure, look: ErasureLook
) -> Generator[Ask, Any, int]:
    profile, turn = divmod(look.place, len(OPEN))
    view = Conversations(
        open=OPEN[turn], requester=erasure.profiles[profile], after=look.after or None, limit=AT_ONCE
    )
    page: Page = yield AskQuery(overlay.desk.workspace, view)
    anew = yield from _wrote_anew(overlay, erasure)
    due: list[tuple[Conversation, Sequence[TextId]]] = []
    texts = 0
    for seen, each in enumerate(page.items):
        if texts >= MOST:  # the rest comes with the next commit
            page = yield AskQuery(overlay.desk.workspace, attrs.evolve(view, limit=seen))
            break
        if not erasure.has_emptied(each) and not (anew and each.opened_at > erasure.asked_at):
            due.append((yield from _said_in(overlay, erasure, each.id)))
            texts += len(due[-1][1])

    def decide() -> int:
        for conversation, said in due:
            erasing.end(overlay, erasure, conversation, said, muted=context.muted)
        if due:
            erasing.advance(overlay, erasure, len(due), texts, finished=False)
        further = page.next is not None
        place, after = (look.place, page.next or "") if further else (look.place + 1, "")
        overlay.arm(erase_key(erasure.id, erasure.turn, place, after), overlay.at)
        return len(due)

    return (yield from decided(overlay, decide))


def _wrote_anew(overlay: Overlay, erasure: Erasure) -> Generator[Ask, Any, bool]:
    """Whether anybody of them has been met again since the erasure was asked for.

    If not, all that was read before this is older, whatever the clocks of those who wrote it said.
    """
    wants = tuple([WantProfile(each) for each in erasure.profiles])
    yield from learn(overlay, wants)
    return any(overlay.fact(want) is not None for want in wants)


def _said_in(
    overlay: Overlay, erasure: Erasure, id: ConversationId
) -> Generator[Ask, Any, tuple[Conversation, Sequence[TextId]]]:
    """A conversation, and the texts of its history that the erasure reaches."""
    yield from learn(overlay, (WantConversation(id),))
    conversation = overlay.conversation(id)
    entries = yield AskHistory(overlay.desk.workspace, id)
    if conversation is None or not entries or entries[-1].seq != conversation.version:
        raise Conflict([("conversation", id)])  # somebody wrote in between
    whole = erasure.scope is ErasureScope.CONVERSATIONS
    return conversation, said_in(
        entries, None if whole else frozenset((*erasure.profiles, *erasure.customers))
    )


# --- what they said anywhere ---


def _own_texts(overlay: Overlay, erasure: Erasure, look: ErasureLook) -> Generator[Ask, Any, int]:
    """Empty what they own elsewhere: words among others', and what was on record of them before."""
    owners = tuple([Code(each) for each in (*erasure.profiles, *erasure.customers)])
    view = Texts(owners=owners, after=look.after or None, limit=MOST)
    page: Page = yield AskQuery(overlay.desk.workspace, view)
    anew = yield from _wrote_anew(overlay, erasure)
    introduced = {each.removeprefix("p") for each in erasure.profiles}  # whoever wrote since begins anew
    ids = [id for id in page.items if _source(id) not in introduced]
    wants = {id: WantPlaced(MessageId(f"m{_source(id)}")) for id in ids}
    yield from learn(overlay, tuple(dict.fromkeys(wants.values())))
    gone: list[TextId] = []
    places: dict[ConversationId, Conversation] = {}
    for id in ids:
        message, conversation = _placed(overlay, wants[id])
        if anew and message is not None and message.received_at > erasure.asked_at:
            continue
        gone.append(id)
        if conversation is not None and not conversation.is_open:
            places[conversation.id] = conversation
    overlay.take_away(Gone(erased=tuple(gone)))
    for conversation in places.values():
        erasing.empty(overlay, conversation)
    finished = page.next is None
    if gone or finished:
        erasing.advance(overlay, erasure, 0, len(gone), finished=finished)
    if page.next is not None:
        overlay.arm(erase_key(erasure.id, erasure.turn, look.place, page.next), overlay.at)
    return len(places)


def _source(text: TextId) -> str:
    """What the id of a text says of where it comes from: the id of a message, say, without its first letter."""
    return text[1:].partition(".")[0]


def _placed(overlay: Overlay, want: WantPlaced) -> tuple[Message | None, Conversation | None]:
    found: tuple[Message | None, Conversation | None] = overlay.fact(want)
    return found
