"""What a commit takes away for good, in memory."""

from __future__ import annotations

from ...core.model import Code, ConversationId, ProfileId, Text
from ...ports import Gone
from .reading import chained
from .space import Space

__all__ = ["take_away"]


def take_away(space: Space, gone: Gone) -> None:
    """Take away all that is named and there."""
    for text in gone.erased:
        known = space.texts.get(text)
        if known is not None:
            space.texts[text] = Text(known.ref, "")
    for text in gone.texts:
        space.texts.pop(text, None)
    for profile in gone.profiles:
        _forget(space, profile)
    for kind, id in gone.records:
        space.drop_record(kind, id)
    for conversation, last in gone.conversations:
        _purge(space, conversation, last)


def _forget(space: Space, profile: ProfileId) -> None:
    space.profiles.pop(profile, None)
    for lane in [lane for lane in space.lanes if lane[1] == profile]:
        del space.lanes[lane]
    for place in tuple(space.inbox.known.values()):
        if place.lane.endswith(f" {profile}"):
            space.inbox.drop(place)


def _purge(space: Space, conversation: ConversationId, last: int) -> None:
    for request in tuple(space.requests_of.get(conversation, ())):
        space.drop_request(request)
    space.forget_conversation(conversation)
    for key in space.threads_of.pop(conversation, ()):
        del space.threads[key]
    for place in space.effects_of.pop(conversation, ()):
        if place.id in space.outbox.known:
            space.outbox.drop(place)
        space.effects.remove(place)
    stream = Code(conversation)
    digests = [each.digest for each in chained(space, stream) if each.seq <= last]
    if digests:
        space.cut[stream] = digests[-1]
        space.streams[stream] = space.streams[stream][len(digests) :]
        kept = space.kept.get(stream, {})
        for seq in [each for each in kept if each <= last]:
            del kept[seq]
