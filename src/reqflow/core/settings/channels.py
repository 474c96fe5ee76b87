"""Everything that can differ from channel to channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any

import attrs

from ..model import AgentId, AttachmentKind, ChannelId, Code, QueueId, TeamId
from ..values import value
from .notices import AutoReply, UnseenBy
from .words import ChannelKind, DetectionMode, GroupingMode, RequestsPerConversation, Visibility

__all__ = ["KIND_DEFAULTS", "ChannelSettings"]


@value(kw_only=True)
class ChannelSettings:
    """Everything that can differ from channel to channel, merged and ready. Zero spans mean off.

    Attributes:
        kind: how conversations are told apart; decides the other defaults.
        detection: what makes a request of a message.
        requests_per_conversation: whether later messages join the one request.
        grouping_within: gap up to which messages of one author join one group (120 s; Thena).
        grouping_mode: what that gap is measured from.
        owner: agent who gets every request of the channel by itself (Thena's CSM).
        responder_teams: authors in these teams stand on the team's side.
        queue: where new requests wait.
        assign_first_response: an agent who answers first gets the request (Thena).
        notify_assignee: tell an agent about what was assigned to them.
        reopen_within: span after closing in which a customer's message reopens.
        thanks_reopen: whether a mere "thanks" reopens too.
        unknown_opens: whether a message that no classifier could judge opens a request.
        close_with_last_request: whether a conversation ends with its last open request.
        auto_close_after: span without activity after which open requests expire (30 days; Thena).
        auto_close_assigned_only: narrows that to assigned ones.
        nudge_after: span after which the assignee is asked to close, again and again (1 day; Thena).
        inactivity_close_after: span without a customer's message that ends a conversation (Audite).
        inactivity_only_when_answered: count only while the last word is ours.
        triage: room of the team, such as ``slack:C024TRIAGE``, where each request is announced and kept up to date
            (Thena).
        notify_team: tell the teams of a request's queue, or else the responder teams, that it waits (OneDesk).
        assignees_follow: whether the holder and the assignees are told of each message like those who follow.
        offer_actions: show the actions of a request to the colleague whose answer got them it (Thena).
        status_emoji: put an emoji on the message that opened a request when it is assigned, another when it is done
            (Thena).
        emoji_assigned: the one for assigned requests.
        emoji_done: the one for done requests.
        status_text: tell the customer of changes of status in words (Thena).
        status_texts: other words for them, by ``assigned``, ``on_hold``, ``woken``, ``closed``, ``reopened``;
            ``{agent}`` is the assignee's name.
        auto_reply: words that a bot answers a customer with (OneDesk).
        auto_reply_on: to which request of a conversation it does.
        auto_reply_every: a profile gets no second one within this span, in whatever conversation or channel.
        auto_reply_most: at most so many of them in an hour in one channel.
        unseen_through: mail channel through which messages go to those who have not seen them; answers to it come
            back to the conversation (OneDesk).
        unseen_after: span after which they do (1 minute; OneDesk).
        unseen_by: who gets them.
        visibility: who sees a conversation that somebody works on (Audite: its holder).
        carries: what may be attached to what goes out through the channel (Audite).
        tickets: address of an e-mail-based ticket tool, such as ``mail:tickets@tool.example``, to which requests can
            be sent; without one nobody can (Thena).
        escalate_emoji: emoji that send a request to specialists when a colleague puts one on any of its messages, each
            with the theme that it stands for (Slack).
        shipped_text: what customers are told when the issue that they wait for is done; empty tells them nothing
            (Slack).
        purge_closed_after: span after which closed conversations are purged, with all that was said in them and all
            that is on record of them but the figures of their requests; never, where it is zero.
        searchable: whether closed conversations are searched by words; each costs one more commit (Audite).
    """

    kind: ChannelKind = ChannelKind.CHAT
    detection: DetectionMode = DetectionMode.CLASSIFIER
    requests_per_conversation: RequestsPerConversation = RequestsPerConversation.MANY
    grouping_within: timedelta = timedelta(seconds=120)
    grouping_mode: GroupingMode = GroupingMode.SLIDING
    owner: AgentId | None = None
    responder_teams: frozenset[TeamId] = frozenset()
    queue: QueueId | None = None
    assign_first_response: bool = True
    notify_assignee: bool = True
    reopen_within: timedelta = timedelta(days=7)
    thanks_reopen: bool = False
    unknown_opens: bool = True
    close_with_last_request: bool = True
    auto_close_after: timedelta = timedelta(days=30)
    auto_close_assigned_only: bool = False
    nudge_after: timedelta = timedelta(days=1)
    inactivity_close_after: timedelta = timedelta(0)
    inactivity_only_when_answered: bool = False
    visibility: Visibility = Visibility.CHANNEL
    searchable: bool = False
    purge_closed_after: timedelta = timedelta(0)
    carries: frozenset[AttachmentKind] = frozenset(AttachmentKind)
    tickets: ChannelId | None = None
    escalate_emoji: Mapping[str, Code] = attrs.field(default=MappingProxyType({}), hash=False)
    shipped_text: str = "What you reported is done now. If anything is missing, just write here."
    triage: Code | None = None
    notify_team: bool = True
    assignees_follow: bool = False
    offer_actions: bool = True
    status_emoji: bool = True
    emoji_assigned: Code = Code("eyes")
    emoji_done: Code = Code("white_check_mark")
    status_text: bool = False
    status_texts: Mapping[str, str] = attrs.field(default=MappingProxyType({}), hash=False)
    auto_reply: str | None = None
    auto_reply_on: AutoReply = AutoReply.FIRST
    auto_reply_every: timedelta = timedelta(hours=24)
    auto_reply_most: int = 240
    unseen_through: ChannelId | None = None
    unseen_after: timedelta = timedelta(seconds=60)
    unseen_by: frozenset[UnseenBy] = frozenset(UnseenBy)

    @cached_property
    def by_profile(self) -> bool:
        """True when a profile's messages continue its open conversation."""
        return self.kind is ChannelKind.DIRECT

    @cached_property
    def forwards(self) -> bool:
        """True when what is not seen is sent by mail."""
        return self.unseen_through is not None and bool(self.unseen_after) and bool(self.unseen_by)

    @cached_property
    def greets(self) -> bool:
        """True when a bot answers requests with a text."""
        return self.auto_reply is not None and self.auto_reply_on is not AutoReply.OFF

    @cached_property
    def groups(self) -> bool:
        """True when messages of one author that follow each other closely belong together."""
        return bool(self.grouping_within) and self.kind in (ChannelKind.CHAT, ChannelKind.MAIL)


_SHOWN = frozenset({AttachmentKind.IMAGE, AttachmentKind.VIDEO, AttachmentKind.EMOTICON})
_ONE_BY_ONE: Mapping[str, Any] = {
    "status_emoji": False,  # there is nothing to put it on
    "offer_actions": False,
    "detection": DetectionMode.ALWAYS,
    "requests_per_conversation": RequestsPerConversation.ONE,
}
KIND_DEFAULTS: Mapping[ChannelKind, Mapping[str, Any]] = {
    ChannelKind.DIRECT: {
        **_ONE_BY_ONE,
        "close_with_last_request": False,
        "inactivity_close_after": timedelta(hours=24),
        "visibility": Visibility.HOLDER,
    },
    ChannelKind.PUBLIC: {
        **_ONE_BY_ONE,
        "inactivity_close_after": timedelta(hours=24),
        "visibility": Visibility.HOLDER,
        "carries": _SHOWN,  # comments of networks take pictures and no files
    },
    ChannelKind.CHAT: {},
    ChannelKind.MAIL: _ONE_BY_ONE,
    ChannelKind.FORM: {**_ONE_BY_ONE, "carries": _SHOWN | {AttachmentKind.DOCUMENT}},
}
