"""What can happen, in the past tense. The word in ``tag`` is arrow label, wire tag and history row in one.

Events carry whatever the decision knew (the chosen agent, the moment, the reason), because `evolve`
takes no facts: history alone must be able to say why, years later. Each module holds the events of one subject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...rooms import tagged, window

if TYPE_CHECKING:
    from .answers import ANSWER_EVENTS, AnswerDefined, AnswerRetired
    from .attention import (
        ATTENTION_EVENTS,
        AgentMentioned,
        AgentNotified,
        ConversationFollowed,
        ConversationUnfollowed,
        MessageForwarded,
    )
    from .catalogue import EVENTS
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
    from .erasure import ERASURE_EVENTS, ConversationErased, CustomerErased, ErasureAdvanced, ErasureAsked
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
    from .retention import RETENTION_EVENTS, ConversationPurged, RequestPurged
    from .root import Event, Opaque
    from .tags import TAG_EVENTS, TagAdded, TagDefined, TagRemoved, TagRetired
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".answers": "ANSWER_EVENTS AnswerDefined AnswerRetired",
            ".attention": (
                "ATTENTION_EVENTS AgentMentioned AgentNotified ConversationFollowed ConversationUnfollowed "
                "MessageForwarded"
            ),
            ".catalogue": "EVENTS",
            ".contacts": (
                "CONTACT_EVENTS ContactLinked ContactUnlinked CustomerAbsorbed CustomerBarred CustomerChanged "
                "CustomerCreated CustomerMerged CustomerRestored CustomerSeparated CustomerUnbarred "
                "ProfileBarred ProfileUnbarred"
            ),
            ".conversations": (
                "CONVERSATION_EVENTS ConversationAccepted ConversationClosed ConversationHandedOver "
                "ConversationOpened ConversationQueued ConversationReleased ConversationReopened "
                "ConversationReviewEnded ConversationReviewStarted"
            ),
            ".descriptions": "DESCRIPTION_EVENTS ConversationDescribed",
            ".desk": "DESK_EVENTS DeskChanged",
            ".drafts": (
                "DRAFT_EVENTS DRAFT_REMARKS DraftApproved DraftNoteAdded DraftNoteDeleted DraftRejected "
                "DraftRevised DraftSubmitted DraftWithdrawn"
            ),
            ".entry": "Cause CauseKind Entry",
            ".erasure": "ERASURE_EVENTS ConversationErased CustomerErased ErasureAdvanced ErasureAsked",
            ".escalation": (
                "ESCALATION_EVENTS ConsultAnswered FormOpened HelpOffered IssueFinished IssueTold "
                "MessageFlagged RequestEscalated RequestPrioritized RequestSeveritySet ToolTouched TrendNoted"
            ),
            ".fields": "FIELD_EVENTS FieldCleared FieldSet",
            ".follow_ups": "FOLLOW_UP_EVENTS FollowUpCancelled FollowUpScheduled FollowUpSent",
            ".host": "HOST_EVENTS HostEffectQueued HostRecorded HostTimerCancelled HostTimerFired HostTimerSet",
            ".links": "LINK_EVENTS LinkAdded LinkRemoved TicketCreated TicketFailed TicketRequested",
            ".messages": (
                "MESSAGE_EVENTS MessageAdopted MessageDeleted MessageDelivered MessageEdited MessageMoved "
                "MessagePosted MessageReceived MessageUndelivered MessageUnreviewed"
            ),
            ".naming": "NAMING_EVENTS RequestStatusSet SubjectSet",
            ".notes": "NOTE_EVENTS NoteAdded NoteDeleted",
            ".remarks": (
                "CONVERSATION_REMARKS ConversationAbsorbed ConversationLinked EntryUndone LoopStopped "
                "RuleMatched RuleRefused RuleWaited"
            ),
            ".requests": (
                "REQUEST_EVENTS RequestAssigned RequestClosed RequestHeld RequestNudged RequestOpened "
                "RequestReopened RequestRequeued RequestRouted RequestUnassigned RequestWoken"
            ),
            ".retention": "RETENTION_EVENTS ConversationPurged RequestPurged",
            ".root": "Event Opaque",
            ".tags": "TAG_EVENTS TagAdded TagDefined TagRemoved TagRetired",
        },
    )

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
    "ERASURE_EVENTS",
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
    "RETENTION_EVENTS",
    "TAGS",
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
    "ConversationErased",
    "ConversationFollowed",
    "ConversationHandedOver",
    "ConversationLinked",
    "ConversationOpened",
    "ConversationPurged",
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
    "CustomerErased",
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
    "ErasureAdvanced",
    "ErasureAsked",
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
    "RequestPurged",
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
    "event_of",
]

TAGS: Mapping[str, str] = {
    "messages": (
        "message.received message.posted message.adopted message.delivered message.undelivered "
        "message.unreviewed message.edited message.deleted message.moved"
    ),
    "requests": (
        "request.opened request.assigned request.unassigned request.routed request.held request.woken "
        "request.requeued request.closed request.reopened request.nudged"
    ),
    "conversations": (
        "conversation.opened conversation.accepted conversation.handed_over conversation.released "
        "conversation.queued conversation.review_started conversation.review_ended "
        "conversation.closed conversation.reopened"
    ),
    "remarks": (
        "conversation.linked conversation.absorbed entry.undone loop.stopped rule.refused "
        "rule.matched rule.waited"
    ),
    "notes": "note.added note.deleted",
    "links": "link.added link.removed ticket.requested ticket.created ticket.failed",
    "tags": "tag.defined tag.retired tag.added tag.removed",
    "naming": "subject.set request.status_set",
    "fields": "field.set field.cleared",
    "answers": "answer.defined answer.retired",
    "drafts": (
        "draft.submitted draft.revised draft.approved draft.rejected draft.withdrawn draft.note_added "
        "draft.note_deleted"
    ),
    "host": "host.recorded host.effect_queued host.timer_set host.timer_cancelled host.timer_fired",
    "follow_ups": "follow_up.scheduled follow_up.cancelled follow_up.sent",
    "descriptions": "conversation.described",
    "contacts": (
        "contact.linked contact.unlinked customer.created customer.changed customer.merged "
        "customer.absorbed customer.restored customer.separated customer.barred customer.unbarred "
        "profile.barred profile.unbarred"
    ),
    "attention": (
        "conversation.followed conversation.unfollowed agent.mentioned agent.notified message.forwarded"
    ),
    "escalation": (
        "request.escalated consult.answered message.flagged request.severity_set request.prioritized "
        "tool.touched trend.noted issue.finished issue.told help.offered form.opened"
    ),
    "erasure": "erasure.asked erasure.advanced customer.erased conversation.erased",
    "retention": "conversation.purged request.purged",
    "desk": "desk.changed",
}
"""The tags of all events, by the module that holds them."""

event_of: Callable[[str], type[Event] | None] = tagged(__name__, TAGS)
"""The class of events of a tag; None for a tag that this version does not know."""
