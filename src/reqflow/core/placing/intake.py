"""Where an inbound message belongs, and what that makes happen.

An inbound message is an observation: it is placed or ignored with a reason, never refused. The order of
questions is fixed: which conversation (thread, profile, group), which side, which request, and only then
whether it is a request of its own.
"""

from __future__ import annotations

from datetime import datetime

from .. import asking, decisions, notices, placing
from .. import events as e
from ..batch import Adopted, ThreadKey
from ..commands import Inbound
from ..evolution import find_request
from ..facts import Neighbours, Outcome, OutcomeKind
from ..ids import conversation_id as conversation_id_of
from ..ids import make_text, message_id, request_id
from ..model import (
    Audience,
    Code,
    Conversation,
    ConversationId,
    Detection,
    HoldReason,
    Lane,
    LinkKind,
    Message,
    MessageId,
    Reason,
    Request,
    RequestId,
    RequestState,
    Resolution,
    Side,
    TextRef,
)
from ..operations.step import Step
from ..settings import Agent, Author, ChannelSettings, DetectionMode, Right
from ..values import changed
from .barring import drop, is_barred
from .detecting import NeedsDetection, is_request, is_themed, opens_more, stands_apart
from .grouping import predecessor
from .introductions import introduce
from .recognition import recognised_as_barred
from .routing import meant_request, reopens, responds_in, side_of

__all__ = ["FIRST", "Intake", "NeedsDetection"]


FIRST = MessageId("")
"""Sorts before every message: what was sent at the same moment counts as coming after."""


# What every message is compared with; CPython 3.11 finds a name of its own five times sooner than a member.
_REQUESTER, _TEAM = Side.REQUESTER, Side.TEAM
_PLACED = OutcomeKind.PLACED
_UNASSIGNED, _CUSTOMER = RequestState.UNASSIGNED, HoldReason.CUSTOMER
_INTERNAL = Audience.INTERNAL
_ALWAYS = DetectionMode.ALWAYS


class Intake:
    """Places one inbound message in a step. ``judged`` is False of one that no classifier is to be asked about."""

    begins = False  # a conversation

    def __init__(
        self,
        step: Step,
        inbound: Inbound,
        author: Author,
        detection: Detection | None,
        *,
        judged: bool = True,
    ) -> None:
        self.step = step
        self.overlay = step.overlay
        self.inbound = inbound
        self.channel = inbound.channel
        self.detection = detection
        self.judged = judged
        self.author, self.profile = author, author.profile
        self.received_at = inbound.received_at or step.at
        self.sent_at = inbound.sent_at
        if self.received_at < self.sent_at:
            self.sent_at = self.received_at
        # The id comes from the claim, so that a redelivery with a later receipt makes the same id.
        self.id = message_id(step.cause.key, inbound.sent_at)
        self.top = not inbound.replies_to and inbound.request_id is None
        self.group_at: datetime | None = None
        self.detected = self.unreviewed = False
        self.opened: ConversationId | None = None

    def place(self) -> Outcome:
        """Emit what the message makes happen; say where it went."""
        settings = self.step.desk.channel(self.channel)
        if settings is None:
            return Outcome(kind=OutcomeKind.IGNORED, code=Code("unknown_channel"))
        self.settings: ChannelSettings = settings
        if is_barred(self.step, self.author):
            return drop(self.step, self.profile)
        agent = None if self.inbound.bot else self.author.agent
        responds = responds_in(agent, settings)
        named = None if self.inbound.request_id is None else self._named(self.inbound.request_id)
        found = named or self._threaded()
        if self.inbound.bot:
            if found is None:
                return Outcome(kind=OutcomeKind.IGNORED, code=Code("bot"))
            return self._say(found, self._meant(found, None), _TEAM)
        side = side_of(self.profile, responds, found)
        if side is _TEAM and agent is not None:
            return self._from_team(found, agent)
        if found is not None and not found.is_open and found.channel_id != self.channel:
            return self._begin(found, _REQUESTER)  # it went on by mail, where it was not to be seen
        return self._from_requester(found)

    # --- which conversation ---

    def _named(self, request: RequestId) -> Conversation | None:
        """The conversation of the request that the message names, in the same channel."""
        _, conversation = self.overlay.request(request)
        if conversation is None or conversation.channel_id != self.channel:
            return None
        return self.overlay.continued(conversation)

    def _threaded(self) -> Conversation | None:
        """The conversation that the message answers in; for one that arrives after its answers, theirs."""
        natives = (self.inbound.native, *self.inbound.replies_to)
        return self.overlay.continued(self.overlay.thread(self.channel, natives))

    # --- which request ---

    def _pointed(self, found: Conversation) -> Request | None:
        """The request, open or closed, that the message names or answers; None where one can but be meant."""
        named = self.inbound.request_id
        if named is None and self.inbound.replies_to and len(found.requests) + len(found.closed) > 1:
            named = self.overlay.replied_request(self.channel, self.inbound.replies_to)
        return None if named is None else self._held(found, named)

    def _held(self, found: Conversation, request_id: RequestId) -> Request | None:
        """The conversation's request of this id, though its state may have let go of it."""
        known = find_request(found, request_id)
        if known is None:
            known = self.overlay.request(request_id)[0]
        if known is not None and known.into is not None:  # what was merged stands for what it was merged into
            target, home = decisions.led_on(self.overlay, known, found)
            known = target if home.id == found.id else known
        return known if known is not None and known.conversation_id == found.id else None

    def _meant(self, found: Conversation, agent: Agent | None) -> Request | None:
        """The open request that a colleague's or bot's message means, if any."""
        pointed = self._pointed(found)
        if pointed is None:
            return meant_request(found, agent.id if agent is not None else None)
        return pointed if pointed.is_open else None

    # --- from the team ---

    def _from_team(self, found: Conversation | None, agent: Agent) -> Outcome:
        self.unreviewed = Right.PUBLISH not in agent.rights and self._audience(found) is not _INTERNAL
        if found is not None:
            request = self._meant(found, agent)
            outcome = self._say(found, request, _TEAM)
            self._first_response(found, request, agent)
        else:
            outcome = self._talk(agent) if self.top else self._begin(None, _TEAM)
        if self.unreviewed and outcome.conversation_id is not None:
            self.step.emit(outcome.conversation_id, e.MessageUnreviewed(message_id=self.id, agent=agent.id))
        return outcome

    def _talk(self, agent: Agent) -> Outcome:
        """A colleague writes in the channel, not in a thread: only the last open request counts. (Thena)"""
        last = self.overlay.last_open(self.channel)
        request = None
        if last is not None:
            last = self.step.conversation(last.id)
            request = last.requests[-1] if last is not None and last.requests else None
        if last is None or request is None or not self._answers(request, agent):
            return self._begin(None, _TEAM)
        outcome = self._say(last, request, _TEAM)
        self._first_response(last, request, agent)
        return outcome

    def _answers(self, request: Request, agent: Agent) -> bool:
        if self.inbound.audience is _INTERNAL:
            return False
        if request.assignee == agent.id:
            return True
        return self.settings.assign_first_response and request.state is _UNASSIGNED and not self.unreviewed

    def _first_response(self, conversation: Conversation, request: Request | None, agent: Agent) -> None:
        if (
            request is not None
            and request.state is _UNASSIGNED
            and not self.unreviewed
            and self.settings.assign_first_response
            and self._audience(conversation) is conversation.audience  # a note answers nobody
        ):
            reason = Reason(Code("first_response"), message_id=self.id)
            self.step.emit(conversation.id, decisions.assigned(request, agent.id, reason))

    # --- from the requester's side ---

    def _from_requester(self, found: Conversation | None) -> Outcome:
        joined: RequestId | None = None
        neighbours = Neighbours()
        if self.settings.by_profile and (found is None or not found.is_open or found.is_quiet):
            latest = self.overlay.lane(self.channel, self.profile)[2]
            if latest is not None and latest.is_open:
                found = latest
            elif found is not None and not found.is_open:
                found = None  # after it is closed, the next message begins a new one (Audite)
        elif self.settings.groups and self.top:
            neighbours = self.overlay.neighbours(self.channel, self.profile, self.sent_at, FIRST)
            apart = stands_apart(self.step.desk, self.inbound.theme, self.detection)
            before = None if apart else predecessor(neighbours, self.sent_at, self.settings)
            if before is not None:
                self.group_at = before.group_at
                joined = before.request_id
                group = self.overlay.continued(self.overlay.conversation(before.conversation_id))
                earlier, found = found, group
                outcome = self._in_conversation(found, joined)
                if earlier is not None and found is not None and earlier.id != found.id:
                    self._absorption().absorb(found.id, outcome.request_id, (earlier.id,))
                self._reach(outcome, neighbours)
                return outcome
        outcome = self._in_conversation(found, joined)
        self._reach(outcome, neighbours)
        return outcome

    def _in_conversation(self, found: Conversation | None, joined: RequestId | None) -> Outcome:
        if found is None:
            return self._begin(None, _REQUESTER)
        pointed = self._pointed(found) or (self._held(found, joined) if joined is not None else None)
        request = pointed or meant_request(found, None) or (found.closed or (None,))[-1]
        if request is None:
            return self._ask(found) if found.is_open else self._restart(found)
        if request.is_open:
            another = pointed is None and opens_more(self.settings) and self._is_request()
            return self._ask(found) if another else self._join(found, request)
        if request.resolution is Resolution.NOT_A_REQUEST:
            return self._ask(found) if found.is_open else self._restart(found)
        if not self.settings.thanks_reopen and placing.is_thanks(self.inbound.text):
            return self._say(found, request, _REQUESTER)
        if reopens(self.settings, request, self.sent_at):
            return self._reopen(found, request)
        return self._ask(found) if found.is_open else self._begin(found, _REQUESTER)

    def _is_request(self) -> bool:
        themed = is_themed(self.step.desk, self.inbound.theme)
        return themed or is_request(self.settings, self.detection, judged=self.judged)

    def _reach(self, outcome: Outcome, neighbours: Neighbours) -> None:
        """A message that arrived late may reach younger neighbours."""
        if self.group_at is not None and neighbours.after:
            self._absorption().pull(outcome, neighbours)

    def _absorption(self) -> placing.Absorption:
        group_at = self.group_at or self.sent_at
        step, settings = self.step, self.settings
        return placing.Absorption(step, settings, self.channel, self.profile, self.id, self.sent_at, group_at)

    # --- what happens ---

    def _subject(self) -> TextRef | None:
        """What the conversation that it begins is called, if it says so."""
        words, audience = self.inbound.subject, self.inbound.audience
        return decisions.write_subject(self.step, words, self.id, audience) if words else None

    def _begin(self, before: Conversation | None, side: Side) -> Outcome:
        """Begin a conversation with this message; ``before`` is the closed one that it follows up."""
        if side is _REQUESTER and recognised_as_barred(self.step, self.inbound, self.author):
            return drop(self.step, self.profile)
        opens = side is _REQUESTER and self._is_request()
        leads = side is _REQUESTER and self.settings.by_profile
        conversation = conversation_id_of(self.id)
        self.step.emit(
            conversation,
            e.ConversationOpened(
                conversation_id=conversation,
                channel_id=self.channel,
                requester=self.profile,
                audience=self.inbound.audience,
                opened_at=self.sent_at,
                lane_version=self.overlay.lane_place(self.channel, self.profile) if leads else 0,
                subject=self._subject(),
                level=self.inbound.level,
            ),
        )
        self.begins = True
        if leads:
            self.opened = conversation
        if before is not None:
            self.step.emit(before.id, e.ConversationLinked(kind=LinkKind.FOLLOW_UP, other=conversation))
            self.step.emit(conversation, e.ConversationLinked(kind=LinkKind.FOLLOW_UP, other=before.id))
        elif self._answers_unseen():  # whoever answers the same comes here, and so does what they answer
            self.step.threads.extend(
                ThreadKey(self.channel, native, conversation) for native in self.inbound.replies_to
            )
        return self._maybe_open(conversation, side, opens)

    def _answers_unseen(self) -> bool:
        """Whether the message came before all that it answers, and before all other answers to that."""
        answered = self.inbound.replies_to
        return bool(answered) and self.overlay.thread(self.channel, (self.inbound.native, *answered)) is None

    def _ask(self, found: Conversation) -> Outcome:
        """A message in an open conversation where no request is open."""
        first = self.settings.detection is not _ALWAYS or found.is_quiet
        opens = self._is_request() if first else not placing.is_thanks(self.inbound.text)
        place = 0
        begun_by_colleague = opens and self.settings.by_profile and found.is_quiet
        if begun_by_colleague and self.overlay.lane(self.channel, self.profile)[1] != found.id:
            place = self.overlay.lane_place(self.channel, self.profile)
            self.opened = found.id
        outcome = self._maybe_open(found.id, _REQUESTER, opens, place)
        if opens and found.messages and found.active_at >= self.sent_at and outcome.request_id:
            adopted = e.MessageAdopted(request_id=outcome.request_id, since_at=self.sent_at)
            self.step.emit(found.id, adopted)
            self.step.adopted.append(Adopted(found.id, outcome.request_id, self.sent_at))
        return outcome

    def _maybe_open(
        self, conversation: ConversationId, side: Side, opens: bool, lane_version: int = 0
    ) -> Outcome:
        self.detected = opens
        if opens and self.top and self.settings.groups:
            self.group_at = self.sent_at
        request = request_id(self.id) if opens else None
        outcome = self._write(conversation, request, side)
        if request is None:
            return outcome
        code = "detected" if self.detection is not None else "first_message"
        opened = e.RequestOpened(
            request_id=request,
            opener=self.id,
            requester=self.profile,
            opened_at=self.sent_at,
            queue=self.settings.queue,
            lane_version=lane_version,
            reason=Reason(Code(code), message_id=self.id),
        )
        if is_themed(self.step.desk, self.inbound.theme):
            self.step.emit(conversation, *asking.asked_in_form(self.step, self.inbound, opened))
            return outcome
        self.step.emit(conversation, opened)
        owner = self.settings.owner
        if owner is not None:
            self.step.emit(
                conversation,
                e.RequestAssigned(request_id=request, assignee=owner, reason=Reason(Code("channel_owner"))),
            )
        return outcome

    def _join(self, found: Conversation, request: Request) -> Outcome:
        """The message belongs to an open request; one that waits for the customer wakes."""
        outcome = self._say(found, request, _REQUESTER)
        if request.hold_reason is _CUSTOMER:
            reason = Reason(Code("customer_wrote"), message_id=self.id)
            self.step.emit(found.id, decisions.woken(request, reason))
        return outcome

    def _reopen(self, found: Conversation, last: Request) -> Outcome:
        reason = Reason(Code("customer_wrote"), message_id=self.id)
        self.step.bring_back(found, last)
        self.step.emit(found.id, *decisions.reopened(found, last, self.step.desk, reason))
        return self._say(found, last, _REQUESTER)

    def _restart(self, found: Conversation) -> Outcome:
        """A closed conversation that never held a request goes on when its thread does."""
        self.step.emit(found.id, e.ConversationReopened(reason=Reason(Code("customer_wrote"))))
        return self._ask(found)

    def _say(self, found: Conversation, request: Request | None, side: Side) -> Outcome:
        return self._write(found.id, request.id if request else None, side)

    def _write(self, conversation: ConversationId, request: RequestId | None, side: Side) -> Outcome:
        """The message itself, its text, its author's profile and lane."""
        step, inbound = self.step, self.inbound
        actor = step.actor
        found = step.conversation(conversation)
        audience = self._audience(found)
        # what it begins is called by its subject, and answers only repeat one
        titled = inbound.subject and not self.begins and not inbound.replies_to
        body = f"{inbound.subject}\n\n{inbound.text}" if titled else inbound.text
        text = make_text(body, self.id, "body", audience, actor.id, step.desk.salt)
        step.texts.append(text)
        message = Message(  # the first two without their names: beyond 15 keywords a call costs twice as much
            self.id,
            inbound.native,
            conversation_id=conversation,
            request_id=request,
            channel_id=self.channel,
            author=actor,
            profile_id=self.profile,
            side=side,
            audience=audience,
            sent_at=self.sent_at,
            received_at=self.received_at,
            text=text.ref,
            thread=inbound.replies_to[0] if inbound.replies_to else None,
            detected=self.detected,
            top=self.top and side is _REQUESTER,
            group_at=self.group_at,
        )
        if self.unreviewed:
            message = changed(message, unreviewed=True)
        if inbound.attachments:
            message = changed(
                message,
                attachments=placing.attached(step, inbound.attachments, self.id, audience, actor),
            )
        step.message = message
        version, latest, _ = self.overlay.lane(self.channel, self.profile)
        step.lane = Lane(self.channel, self.profile, version + 1, self.opened or latest)
        if not version:
            introduce(step, self.profile, inbound.author, inbound.name, inbound.email)
        step.emit(conversation, e.MessageReceived(message=message, detection=self.detection))
        if found is not None and found.follow_ups and side is _REQUESTER:
            decisions.call_off(step, found, self.id)
        if self.detection is not None:
            decisions.describe(step, conversation, self.detection)
        return Outcome(
            kind=_PLACED,
            conversation_id=conversation,
            request_id=request,
            message_id=self.id,
        )

    def _audience(self, conversation: Conversation | None) -> Audience:
        """Whoever writes in an internal conversation writes internally."""
        if conversation is not None and conversation.audience is _INTERNAL:
            return _INTERNAL
        if conversation is not None and conversation.channel_id != self.channel:
            return notices.audience_of_answer(self.overlay, self.inbound, self.author)
        return self.inbound.audience
