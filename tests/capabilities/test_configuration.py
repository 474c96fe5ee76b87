"""Two scopes of settings, and which of them decides. (Thena)"""

from __future__ import annotations

import asyncio
import json
import tomllib
from datetime import timedelta

import attrs
import pytest

from reqflow import AsyncEngine, compile_desk
from reqflow.core.configuration import Layer, explain_setting
from reqflow.core.settings import ChannelSettings
from reqflow.errors import InvalidSettings, UsageError
from reqflow.plugins.memory import MemoryStore
from reqflow.testing.desks import Story

TOML = """
workspace = "desk"
[settings]
grouping_within = "5m"
nudge_after = "2d"
[channels."chat:*"]
kind = "chat"
[channels."chat:vip"]
grouping_within = 0
"""


@pytest.mark.row("92")
def test_a_channels_own_settings_win_over_the_workspaces() -> None:
    story = Story(desk={**tomllib.loads(TOML)})
    first = story.say("cara", "Where is it?", channel="chat:lobby")
    second = story.say("cara", "Anybody?", channel="chat:lobby", after=200)
    assert first.request_id == second.request_id  # five minutes for everybody
    one = story.say("dan", "Where is it?", channel="chat:vip")
    two = story.say("dan", "Anybody?", channel="chat:vip", after=1)
    assert one.request_id != two.request_id  # ... but no grouping at all for this channel


@pytest.mark.row("92")
def test_every_layer_can_be_told_from_the_others() -> None:
    story = Story(desk=tomllib.loads(TOML))
    told = story.engine.explain_setting("chat:vip", "grouping_within")
    assert (told.content, told.layer, told.where) == (
        timedelta(0),
        Layer.CHANNEL,
        "channels.chat:vip.grouping_within",
    )
    assert told.overridden == (
        (Layer.WORKSPACE, timedelta(minutes=5)),
        (Layer.DEFAULT, timedelta(seconds=120)),
    )
    assert story.engine.explain_setting("chat:lobby", "nudge_after").where == "settings.nudge_after"
    assert story.engine.explain_setting("chat:lobby", "auto_close_after").layer is Layer.DEFAULT
    direct = {"channels": {"dm:*": {"kind": "direct"}}}
    assert explain_setting(direct, "dm:1", "detection").where == "kind direct"


@pytest.mark.row("92")
def test_what_explains_a_setting_is_what_decides_it() -> None:
    """One merge for both: every setting of every channel is what its explanation says."""
    given = {
        "settings": {"nudge_after": "1h", "thanks_reopen": True},
        "channels": {"a:*": {"kind": "mail"}, "b:*": {"kind": "direct", "nudge_after": 0}, "c:1": {}},
    }
    desk = compile_desk(given)
    for channel in ("a:x", "b:x", "c:1"):
        settings = desk.settings(channel)
        for field in attrs.fields(ChannelSettings):
            told = explain_setting(given, channel, field.name)
            assert told.content == getattr(settings, field.name), (channel, field.name)


def test_unknown_names_are_told_with_what_was_meant() -> None:
    story = Story(desk=tomllib.loads(TOML))
    with pytest.raises(UsageError, match="setting 'grouping' is unknown; did you mean grouping_"):
        story.engine.explain_setting("chat:lobby", "grouping")
    with pytest.raises(UsageError, match=r"no channel 'mail:x' on this desk; known are chat:\*, chat:vip"):
        story.engine.explain_setting("mail:x", "nudge_after")


def test_every_problem_is_listed_with_its_path() -> None:
    with pytest.raises(InvalidSettings) as caught:
        compile_desk(
            {
                "settings": {"nudge_after": "soon"},
                "roles": {"clerk": ["fly"]},
                "agents": {"ana": {"role": "pilot", "queues": ["none"], "capacity": 0}},
                "channels": {"nowhere": {"colour": "red"}},
            }
        )
    paths = [problem.partition(": ")[0] for problem in caught.value.problems]
    assert {"settings.nudge_after", "roles.clerk", "agents.ana.role", "agents.ana.queues"} <= set(paths)
    assert {"agents.ana.capacity", "channels.nowhere", "channels.nowhere.colour"} <= set(paths)


def test_a_dump_can_be_loaded_again() -> None:
    story = Story(desk=tomllib.loads(TOML))
    dumped = json.dumps(story.engine.settings())
    again = Story(desk=json.loads(dumped))
    assert again.engine.settings() == story.engine.settings()
    assert again.engine.desk.channels == story.engine.desk.channels
    assert story.engine.configure(json.loads(dumped)).revision == 1  # the same content changes nothing


def test_an_async_engine_tells_the_same() -> None:
    async def told() -> str:
        engine = AsyncEngine(MemoryStore(), tomllib.loads(TOML))
        return (await engine.explain_setting("chat:vip", "grouping_within")).where

    assert asyncio.run(told()) == "channels.chat:vip.grouping_within"
