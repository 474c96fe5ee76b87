"""What a command or observation may name, and say: mostly what is there, sometimes what never was.

Hypothesis chooses which steps a run has, and leaves out what a failure does not need; within a step a seeded `Random`
chooses, which mixes better and is quicker than asking hypothesis for every word.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from ...core.commands import Enclosure, Inbound
from ...core.model import (
    Actor,
    ActorKind,
    AttachmentKind,
    Audience,
    ChannelId,
    Code,
    ConversationState,
    IdentityLevel,
    LinkTarget,
    Message,
    ProfileId,
    RequestState,
)
from ...core.records import Contact, Draft, DraftNote, LinkRecord, Note
from ..desks import Story
from .desk import CHANNELS, COLLEAGUES, WRITERS
from .world import World

__all__ = ["DRAFT", "LATER", "SECRET", "SPANS", "Chooser", "Draws"]

T = TypeVar("T")

SECRET = "Between us: "
"""What every text begins with that no customer may ever read."""
DRAFT, LATER = "Drafted: ", "Later: "
"""What texts begin with that customers may read once they were published, or sent."""

SPANS = (
    timedelta(0),
    timedelta(seconds=30),
    timedelta(seconds=120),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=8),
    timedelta(days=31),
)

_SAYINGS = ("Is it broken?", "Where is it?", "more about it", "and a detail", "thanks!")

NEWEST = 6
"""Among how many of a kind is chosen, the newest ones: what was touched lately is more telling."""

_BUSY = ("ana", "ana", "bo", "sue", "sue", "adam", "adam", "machine", "machine", "machine")
_LEVELS = (*[IdentityLevel.DECLARED] * 2, *IdentityLevel)


class Chooser(Protocol):
    """What chooses: a `random.Random`, or something like it."""

    def choice(self, seq: Sequence[T], /) -> T:
        """One of these."""
        ...


class Draws:
    """Chooses from what a desk holds now; ``posted`` are the native ids of what its transport has posted.

    ``channels``, ``colleagues`` and ``writers`` are those of the desk that `DeskMachine` plays, unless others are
    given.
    """

    def __init__(
        self,
        story: Story,
        world: World,
        chance: Chooser,
        posted: Sequence[str] = (),
        *,
        channels: Sequence[str] = CHANNELS,
        colleagues: Sequence[str] = COLLEAGUES,
        writers: Sequence[str] = WRITERS,
    ) -> None:
        self.story = story
        self.world = world
        self.posted = posted
        self._chance = chance
        self._channels = channels
        self._colleagues = colleagues
        self._busy = [each for each in _BUSY if each == "machine" or each in colleagues]
        self._writers = writers

    def one(self, *among: T) -> T:
        """One of these."""
        return self._chance.choice(among)

    def _id(self, things: Sequence[Any], stranger: str) -> Any:
        ids = [each if isinstance(each, str) else each.id for each in things[-NEWEST:]]
        return self.one(*ids * (1 + 12 // (len(ids) or 1)), stranger)

    # --- who ---

    def by(self) -> Actor:
        """Who gives a command: a colleague of any role, most often; or a stranger, a customer, a machine."""
        word = self.one(*self._colleagues, *self._busy, "nobody", "customer")
        if word == "customer":
            return Actor(ActorKind.CUSTOMER, Code(self.profile()))
        if word == "machine":
            kind = self.one(ActorKind.PLUGIN, ActorKind.AUTOMATION, ActorKind.EXTERNAL, ActorKind.BOT)
            return Actor(kind, Code("acme"))
        return Actor(ActorKind.AGENT, Code(word))

    def admin(self) -> Actor:
        """Who gives a command that only few may give: one of them, most often."""
        return self.one(*[Actor(ActorKind.AGENT, Code("adam"))] * 3, self.by())

    def agent(self) -> Any:
        """A colleague, or one who has left."""
        return self.one(*self._colleagues, *self._colleagues[:2], "nobody")

    def profile(self) -> ProfileId:
        """Whoever has written."""
        return ProfileId(self._id(self.world.profiles, "p_none"))

    # --- what ---

    def conversation(self, *states: ConversationState) -> Any:
        """A conversation, most often one in these states; by default, an open one."""
        wanted = states or [each for each in ConversationState if each is not ConversationState.CLOSED]
        fit = [each for each in self.world.conversations if each.state in wanted]
        return self._id([*self.world.conversations[-2:], *fit], "c_none")

    def request(self, *states: RequestState) -> Any:
        """A request, most often one in these states; by default, an open one."""
        wanted = states or [each for each in RequestState if each is not RequestState.CLOSED]
        fit = [each for each in self.world.requests if each.state in wanted]
        return self._id([*self.world.requests[-2:], *fit], "r_none")

    def of_conversation(self) -> dict[str, Any]:
        """A conversation, and a request of it, of another one, or none."""
        conversation = self.conversation()
        own = [each.id for each in self.world.requests if each.conversation_id == conversation]
        return {"conversation_id": conversation, "request_id": self.one(None, None, *own, self.request())}

    def message(self) -> Message | None:
        """A message that is on record, if there is any."""
        return self.one(*self.world.messages[-NEWEST:]) if self.world.messages else None

    def message_id(self) -> Any:
        """A message."""
        return self._id(self.world.messages, "m_none")

    def messages_of(self, request: str) -> list[Any]:
        """Some messages, of that request where it has any."""
        own = [each.id for each in self.world.messages if each.request_id == request]
        among = own or [each.id for each in self.world.messages]
        if not among:
            return ["m_none"]
        return [self.one(*among) for _ in range(self.one(1, 1, 2, 3))]

    def of_draft(self) -> dict[str, Any]:
        """A draft, and who does something to it: a reviewer as likely as its author."""
        draft = self._one_of(self.world.drafts)
        if not isinstance(draft, Draft):
            return {"draft_id": "d_none"}
        author = Actor(ActorKind.AGENT, Code(draft.author))
        reviewer = Actor(ActorKind.AGENT, Code(self.one("rex", "sue", "adam")))
        return {"draft_id": draft.id, "by": self.one(author, reviewer, self.by())}

    def of_note(self) -> dict[str, Any]:
        """A note, in its conversation."""
        note = self._one_of(self.world.of(Note))
        if note is None:
            return {"conversation_id": self.conversation(), "note_id": "n_none"}
        return {"conversation_id": note.conversation_id, "note_id": note.id}

    def of_draft_note(self) -> dict[str, Any]:
        """A note, on its draft."""
        note = self._one_of(self.world.of(DraftNote))
        if note is None:
            return {**self.of_draft(), "note_id": "n_none"}
        return {"draft_id": note.draft_id, "note_id": note.id}

    def of_follow_up(self) -> dict[str, Any]:
        """A follow-up, in its conversation."""
        found = [(each.id, waits.id) for each in self.world.conversations for waits in each.follow_ups]
        conversation, follow_up = self.one(*found, (self.conversation(), "u_none"))
        return {"conversation_id": conversation, "follow_up_id": follow_up}

    def of_entry(self) -> dict[str, Any]:
        """One of the last entries of a conversation."""
        conversation = self.conversation()
        last = len(self.world.history.get(conversation, ()))
        return {"conversation_id": conversation, "seq": self.one(last, last, last - 1, 1, last + 1)}

    def customer(self, *, barred: bool = False, merged: bool = False) -> Any:
        """A customer on record, most often one that is barred or merged, where that is asked for."""
        fit = [
            each
            for each in self.world.customers
            if (each.barred_at is not None or not barred) and (each.merged_into is not None or not merged)
        ]
        return self._id(fit or self.world.customers, "k_none")

    def linked(self) -> Any:
        """A profile that belongs to a customer, where there is one."""
        found = [each.id for each in self.world.of(Contact) if each.customer_id is not None]
        return self._id(found or self.world.profiles, "p_none")

    def barred(self) -> Any:
        """A profile that is barred, where there is one."""
        return self._id(sorted(self.world.barred) or self.world.profiles, "p_none")

    def _one_of(self, things: Sequence[Any]) -> Any:
        return self.one(*things[-NEWEST:]) if things else None

    # --- words, places, moments ---

    def words(self, audience: Audience = Audience.CUSTOMER) -> str:
        """Something to say, which tells whom it is for."""
        said = self.one(*_SAYINGS)
        return said if audience is Audience.CUSTOMER else SECRET + said

    def audience(self) -> Audience:
        """For customers, or for colleagues."""
        return self.one(*[Audience.CUSTOMER] * 3, Audience.INTERNAL)

    def speech(self) -> dict[str, Any]:
        """What a reply says, with what is attached, to whom."""
        audience = self.audience()
        text = self.one(self.words(audience), self.words(audience), "")
        return {"audience": audience, "text": text, "attachments": self.enclosures(audience)}

    def enclosures(self, audience: Audience = Audience.CUSTOMER, mark: str = "") -> tuple[Enclosure, ...]:
        """Nothing that comes along, most often; else a picture, or a file."""
        mark = SECRET if audience is Audience.INTERNAL else mark
        kind = self.one(None, None, None, AttachmentKind.IMAGE, AttachmentKind.DOCUMENT)
        if kind is None:
            return ()
        return (Enclosure(kind=kind, name=f"{mark}a name", address=f"{mark}https://files.example/1", size=9),)

    def channel(self) -> ChannelId:
        """A channel."""
        return ChannelId(self.one(*self._channels))

    def moment(self) -> datetime:
        """Now, or later."""
        return self.story.now + self.one(*SPANS)

    def letter(self) -> Inbound:
        """What somebody writes: by itself, as an answer, late, by a machine, from a form, between colleagues."""
        channel, who = self.channel(), self.one(*self._writers, "cara", "cara", "dan")
        here = [each.native for each in self.world.messages if each.channel_id == channel]
        audience = self.one(*[Audience.CUSTOMER] * 5, Audience.INTERNAL)
        return self.story.letter(
            who,
            self.words(audience),
            channel=channel,
            to=self.one(None, None, *here[-NEWEST:], *self.posted[-NEWEST:], "never-seen"),
            ago=self.one(0, 0, 0, 60, 120, 121, 3600),
            bot=self.one(*[False] * 9, True),
            audience=audience,
            level=self.one(*_LEVELS),
            email=self.one(None, None, f"{who}@mail.example"),
            name=self.one(None, who.title()),
            subject=self.one(None, None, "About a parcel"),
            theme=self.one(None, None, None, Code("money"), Code("none")),
            attachments=self.enclosures(audience),
        )

    def link(self, *, known: bool = False) -> dict[str, Any]:
        """A thing outside that a conversation hangs on, or may be hung on."""
        links = [
            each
            for each in self.world.of(LinkRecord)
            if known and each.target is not None and each.removed_at is None
        ]
        if links:
            link = self.one(*links[-NEWEST:])
            return {"conversation_id": link.conversation_id, "kind": link.kind, "target": link.target}
        return {
            "conversation_id": self.conversation(),
            "kind": self.one(*LinkTarget),
            "target": self.one("X-1", "X-2"),
        }

    def particulars(self) -> dict[str, Any]:
        """Who a customer is: nothing that a customer is shown."""
        return {
            "first_name": f"{SECRET}Cara",
            "last_name": f"{SECRET}Smith",
            "email": self.one("cara@mail.example", "dan@mail.example", None),
            "phone": self.one("+49 30 123456", None),
            "company": self.one(f"{SECRET}Acme", None),
        }
