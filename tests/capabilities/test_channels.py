"""Whatever customers write from is a channel of one of five kinds. (Slack's desk, OneDesk, Audite, SentiOne)"""

from __future__ import annotations

import pytest

from reqflow.testing.desks import QUIET, Story, desk_with

DIRECT = {"app:shop", "phone:line1", "livechat:site", "messenger:page", "webchat:site", "whatsapp:desk"} | {
    "viber:desk",
    "twitter:dm",
}
PUBLIC = {"facebook:page", "twitter:replies", "instagram:mentions"}
THREADED = {"slack:C1": "chat", "mail:support": "mail"}
ALONE = {"portal:tickets", "webform:contact"}

CHANNELS = {
    **{key: {"kind": "direct"} for key in DIRECT},
    **{key: {"kind": "public"} for key in PUBLIC},
    **{name: {"kind": kind, "grouping_within": 0} for name, kind in THREADED.items()},
    **{key: {"kind": "form"} for key in ALONE},
}


@pytest.mark.row("8")
@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_each_kind_of_channel_tells_conversations_apart_in_its_own_way(channel: str) -> None:
    """A second message by itself, and one in answer to the first: which of them continue the conversation?"""
    story = Story(desk=desk_with(QUIET, channels=CHANNELS))
    first = story.say("cara", "Where is my parcel?", channel=channel)
    alone = story.say("cara", "Do you ship to Malta?", channel=channel, after=10)
    answer = story.say("cara", "It is the red one.", channel=channel, to=first, after=10)
    assert story.request(first).state == "unassigned"
    continued = alone.conversation_id == first.conversation_id
    assert continued is (channel in DIRECT)
    assert answer.conversation_id == first.conversation_id


@pytest.mark.row("8")
def test_a_channel_that_no_desk_knows_is_ignored_by_name() -> None:
    story = Story(desk=desk_with(QUIET, channels=CHANNELS))
    outcome = story.say("cara", "Hello?", channel="fax:1")
    assert (outcome.kind, outcome.code) == ("ignored", "unknown_channel")
