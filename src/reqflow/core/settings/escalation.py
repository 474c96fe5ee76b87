"""Where hard questions go: themes with their specialists, severities, and the menu that people begin at. (Slack)"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import attrs

from ..model import ChannelId, Code, QueueId, TeamId
from ..values import value

__all__ = ["Menu", "MenuOption", "OptionKind", "Severity", "Theme"]


@value(kw_only=True)
class Theme:
    """A product theme, and the specialists whom its questions go to. (Slack's #help-ce: theme picks the channel)

    Attributes:
        name: what commands, forms and history call it.
        title: what people read.
        queue: where its requests wait to be claimed.
        team: whose work they are; by default nobody's in particular but the queue's.
        destination: the specialists' room, such as ``slack:C0MONEY``, where each of its requests is shown on a card.
        room: the channel that internal conversations about it are kept in; by default that of what was asked.
        level: the tier of its specialists: agents are 0, specialists 1, product specialists 2, engineering 3.
    """

    name: Code
    title: str
    queue: QueueId
    team: TeamId | None = None
    destination: Code | None = None
    room: ChannelId | None = None
    level: int = 1


@value(kw_only=True)
class Severity:
    """How much is broken. (Slack)

    An ``immediate`` one pages whoever is at ``destination`` at once; another files a bug in the tracker there.
    """

    name: Code
    destination: Code
    immediate: bool = False


class OptionKind(StrEnum):
    """What an option of a menu does when it is chosen."""

    GUIDANCE = "guidance"
    """Its words are shown; nothing else happens."""
    CHANNEL = "channel"
    """People are pointed to a channel to search, ``place``; nothing else happens."""
    BUG = "bug"
    """A request, and an item in the tracker at ``place``, whose number becomes a link of kind ``issue``."""
    TICKET = "ticket"
    """A request with ``fields`` filled in, and a ticket in the tool at ``place`` where one is named."""
    QUEUE = "queue"
    """A request that waits in ``queue``."""
    FORM = "form"
    """The escalation form of ``theme`` opens, after what may help already was offered."""


@value(kw_only=True)
class MenuOption:
    """One thing to choose in a menu; which of the fields count is a matter of its kind."""

    name: Code
    title: str
    kind: OptionKind
    text: str = ""
    place: Code | None = None
    queue: QueueId | None = None
    theme: Code | None = None
    fields: Mapping[Code, str | int | float | bool] = attrs.field(default=MappingProxyType({}), hash=False)


@value(kw_only=True)
class Menu:
    """One entry point for everybody who needs something. (Slack)"""

    name: Code
    title: str
    options: tuple[MenuOption, ...]

    def option(self, name: str) -> MenuOption | None:
        """The option of this name."""
        return next((each for each in self.options if each.name == name), None)
