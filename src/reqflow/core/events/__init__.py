"""What can happen, in the past tense. The word in ``tag`` is arrow label, wire tag and history row in one.

Events carry whatever the decision knew (the chosen agent, the moment, the reason), because `evolve`
takes no facts: history alone must be able to say why, years later. Each module holds the events of one subject.
"""

from __future__ import annotations

from .answers import ANSWER_EVENTS, AnswerDefined, AnswerRetired
from .attention import (
    ATTENTION_EVENTS,
    AgentMentioned,
    AgentNotified,
    ConversationFollowed,
    ConversationUnfollowed,
    MessageForwarded,
)
from .contacts import (
    CONTACT_EVENTS,
    ContactLinked,
    ContactUnlinked,
    CustomerAbsorbed,
    CustomerBarred,
    CustomerChanged,
    CustomerCreated,
    CustomerMerged,
    CustomerRestored,
    CustomerSeparated,
    CustomerUnbarred,
    ProfileBarred,
    ProfileUnbarred,
)
from .conversations import (
    CONVERSATION_EVENTS,
    ConversationAccepted,
    ConversationClosed,
    ConversationHandedOver,
    ConversationOpened,
    ConversationQueued,
    ConversationReleased,
    ConversationReopened,
    ConversationReviewEnded,
    ConversationReviewStarted,
)
from .descriptions import DESCRIPTION_EVENTS, ConversationDescribed
from .desk import DESK_EVENTS, DeskChanged
from .drafts import (
    DRAFT_EVENTS,
    DRAFT_REMARKS,
    DraftApproved,
    DraftNoteAdded,
    DraftNoteDeleted,
    DraftRejected,
    DraftRevised,
    DraftSubmitted,
    DraftWithdrawn,
)
from .entry import Cause, CauseKind, Entry
from .escalation import (
    ESCALATION_EVENTS,
    ConsultAnswered,
    FormOpened,
    HelpOffered,
    IssueFinished,
    IssueTold,
    MessageFlagged,
    RequestEscalated,
    RequestPrioritized,
    RequestSeveritySet,
    ToolTouched,
    TrendNoted,
)
from .fields import FIELD_EVENTS, FieldCleared, FieldSet
from .follow_ups import FOLLOW_UP_EVENTS, FollowUpCancelled, FollowUpScheduled, FollowUpSent
from .host import (
    HOST_EVENTS,
    HostEffectQueued,
    HostRecorded,
    HostTimerCancelled,
    HostTimerFired,
    HostTimerSet,
)
from .links import LINK_EVENTS, LinkAdded, LinkRemoved, TicketCreated, TicketFailed, TicketRequested
from .messages import (
    MESSAGE_EVENTS,
    MessageAdopted,
    MessageDeleted,
    MessageDelivered,
    MessageEdited,
    MessageMoved,
    MessagePosted,
    MessageReceived,
    MessageUndelivered,
    MessageUnreviewed,
)
from .naming import NAMING_EVENTS, RequestStatusSet, SubjectSet
from .notes import NOTE_EVENTS, NoteAdded, NoteDeleted
from .remarks import (
    CONVERSATION_REMARKS,
    ConversationAbsorbed,
    ConversationLinked,
    EntryUndone,
    LoopStopped,
    RuleMatched,
    RuleRefused,
    RuleWaited,
)
from .requests import (
    REQUEST_EVENTS,
    RequestAssigned,
    RequestClosed,
    RequestHeld,
    RequestNudged,
    RequestOpened,
    RequestReopened,
    RequestRequeued,
    RequestRouted,
    RequestUnassigned,
    RequestWoken,
)
from .root import Event, Opaque
from .tags import TAG_EVENTS, TagAdded, TagDefined, TagRemoved, TagRetired

__all__ = [
    "ANSWER_EVENTS",
    "ATTENTION_EVENTS",
    "CONTACT_EVENTS",
    "CONVERSATION_EVENTS",
    "CONVERSATION_REMARKS",
    "DESCRIPTION_EVENTS",
    "DESK_EVENTS",
    "DRAFT_EVENTS",
    "DRAFT_REMARKS",
    "ESCALATION_EVENTS",
    "EVENTS",
    "FIELD_EVENTS",
    "FOLLOW_UP_EVENTS",
    "HOST_EVENTS",
    "LINK_EVENTS",
    "MESSAGE_EVENTS",
    "NAMING_EVENTS",
    "NOTE_EVENTS",
    "REQUEST_EVENTS",
    "TAG_EVENTS",
    "AgentMentioned",
    "AgentNotified",
    "AnswerDefined",
    "AnswerRetired",
    "Cause",
    "CauseKind",
    "ConsultAnswered",
    "ContactLinked",
    "ContactUnlinked",
    "ConversationAbsorbed",
    "ConversationAccepted",
    "ConversationClosed",
    "ConversationDescribed",
    "ConversationFollowed",
    "ConversationHandedOver",
    "ConversationLinked",
    "ConversationOpened",
    "ConversationQueued",
    "ConversationReleased",
    "ConversationReopened",
    "ConversationReviewEnded",
    "ConversationReviewStarted",
    "ConversationUnfollowed",
    "CustomerAbsorbed",
    "CustomerBarred",
    "CustomerChanged",
    "CustomerCreated",
    "CustomerMerged",
    "CustomerRestored",
    "CustomerSeparated",
    "CustomerUnbarred",
    "DeskChanged",
    "DraftApproved",
    "DraftNoteAdded",
    "DraftNoteDeleted",
    "DraftRejected",
    "DraftRevised",
    "DraftSubmitted",
    "DraftWithdrawn",
    "Entry",
    "EntryUndone",
    "Event",
    "FieldCleared",
    "FieldSet",
    "FollowUpCancelled",
    "FollowUpScheduled",
    "FollowUpSent",
    "FormOpened",
    "HelpOffered",
    "HostEffectQueued",
    "HostRecorded",
    "HostTimerCancelled",
    "HostTimerFired",
    "HostTimerSet",
    "IssueFinished",
    "IssueTold",
    "LinkAdded",
    "LinkRemoved",
    "LoopStopped",
    "MessageAdopted",
    "MessageDeleted",
    "MessageDelivered",
    "MessageEdited",
    "MessageFlagged",
    "MessageForwarded",
    "MessageMoved",
    "MessagePosted",
    "MessageReceived",
    "MessageUndelivered",
    "MessageUnreviewed",
    "NoteAdded",
    "NoteDeleted",
    "Opaque",
    "ProfileBarred",
    "ProfileUnbarred",
    "RequestAssigned",
    "RequestClosed",
    "RequestEscalated",
    "RequestHeld",
    "RequestNudged",
    "RequestOpened",
    "RequestPrioritized",
    "RequestReopened",
    "RequestRequeued",
    "RequestRouted",
    "RequestSeveritySet",
    "RequestStatusSet",
    "RequestUnassigned",
    "RequestWoken",
    "RuleMatched",
    "RuleRefused",
    "RuleWaited",
    "SubjectSet",
    "TagAdded",
    "TagDefined",
    "TagRemoved",
    "TagRetired",
    "TicketCreated",
    "TicketFailed",
    "TicketRequested",
    "ToolTouched",
    "TrendNoted",
]

EVENTS: tuple[type[Event], ...] = (
    MESSAGE_EVENTS
    + REQUEST_EVENTS
    + CONVERSATION_EVENTS
    + CONVERSATION_REMARKS
    + NOTE_EVENTS
    + LINK_EVENTS
    + TAG_EVENTS
    + NAMING_EVENTS
    + FIELD_EVENTS
    + ANSWER_EVENTS
    + DRAFT_EVENTS
    + DRAFT_REMARKS
    + HOST_EVENTS
    + FOLLOW_UP_EVENTS
    + DESCRIPTION_EVENTS
    + CONTACT_EVENTS
    + ATTENTION_EVENTS
    + ESCALATION_EVENTS
    + DESK_EVENTS
)
