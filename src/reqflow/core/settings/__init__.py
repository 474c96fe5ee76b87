"""What the engine knows without asking: roster, teams, queues, and settings merged per channel.

A `Desk` is one frozen value. `reqflow.core.configuration` compiles it from two layers, the workspace's
settings and each channel's own. Each module holds the settings of one subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rooms import window

if TYPE_CHECKING:
    from .channels import KIND_DEFAULTS, ChannelSettings
    from .content import Field, FieldOn, FieldType
    from .desk import Desk
    from .escalation import Menu, MenuOption, OptionKind, Severity, Theme
    from .notices import NOTICE_CODES, OWN_MEANS, AutoReply, NoticePreferences, UnseenBy
    from .people import ROLES, Agent, Author, Right
    from .queues import Queue
    from .rules import Action, Condition, Rule, RuleMode, Since
    from .words import ChannelKind, DetectionMode, GroupingMode, RequestsPerConversation, Visibility
else:
    __getattr__, __dir__ = window(
        __name__,
        {
            ".channels": "KIND_DEFAULTS ChannelSettings",
            ".content": "Field FieldOn FieldType",
            ".desk": "Desk",
            ".escalation": "Menu MenuOption OptionKind Severity Theme",
            ".notices": "NOTICE_CODES OWN_MEANS AutoReply NoticePreferences UnseenBy",
            ".people": "ROLES Agent Author Right",
            ".queues": "Queue",
            ".rules": "Action Condition Rule RuleMode Since",
            ".words": "ChannelKind DetectionMode GroupingMode RequestsPerConversation Visibility",
        },
    )

__all__ = [
    "KIND_DEFAULTS",
    "NOTICE_CODES",
    "OWN_MEANS",
    "ROLES",
    "Action",
    "Agent",
    "Author",
    "AutoReply",
    "ChannelKind",
    "ChannelSettings",
    "Condition",
    "Desk",
    "DetectionMode",
    "Field",
    "FieldOn",
    "FieldType",
    "GroupingMode",
    "Menu",
    "MenuOption",
    "NoticePreferences",
    "OptionKind",
    "Queue",
    "RequestsPerConversation",
    "Right",
    "Rule",
    "RuleMode",
    "Severity",
    "Since",
    "Theme",
    "UnseenBy",
    "Visibility",
]
