"""The script: a Monday at the support desk of Harbor Analytics, who sell dashboards, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from ..core.commands import Close, Hold, Reply, Take, Unassign
from ..core.model import HoldReason
from .script import Deed, Did, Passes, Said, Scene, Step

__all__ = ["CHANNELS", "DAY", "DESK", "MONDAY", "PEOPLE", "STAR"]

HELP, KESTREL = "slack:C-HELP", "slack:C-KESTREL"
BILLING, WEB = "mail:billing@harbor.example", "chat:harbor.example"
CHANNELS: Mapping[str, str] = MappingProxyType(
    {HELP: "#help", KESTREL: "#kestrel-foods", BILLING: "billing@", WEB: "web chat"}
)
"""What people call the channels."""

PEOPLE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Ana": ("Ana Ruiz", "slack:U-ANA"),
        "Bo": ("Bo Lindqvist", "slack:U-BO"),
        "Dana": ("Dana Weiss", "slack:U-DANA"),
        "Chidi": ("Chidi Okafor", "mail:chidi@harbor.example"),
        "Mia": ("Mia Torres", "slack:U-MIA"),
        "Tom": ("Tom Hale", "slack:U-TOM"),
        "Jonas": ("Jonas Berg", "slack:U-JONAS"),
        "Yuki": ("Yuki Mori", "slack:U-YUKI"),
        "Priya": ("Priya Nair", "mail:priya@lakeside.example"),
        "Omar": ("Omar Haddad", "mail:omar@dunes.example"),
        "Elsa": ("Elsa Lund", "mail:elsa@fjordtravel.example"),
        "Lena": ("Lena Fischer", "chat:visitor-77"),
    }
)
"""Everybody by first name: the whole name, and the address they write from."""

STAR = "export"
"""The message whose request is explained in the end."""

DESK: Mapping[str, Any] = MappingProxyType(
    {
        "workspace": "main",
        "agents": {
            "ana": {"name": "Ana Ruiz", "teams": ["support"], "addresses": ["slack:U-ANA"]},
            "bo": {"name": "Bo Lindqvist", "teams": ["support", "billing"], "addresses": ["slack:U-BO"]},
            "chidi": {
                "name": "Chidi Okafor",
                "teams": ["billing"],
                "addresses": ["mail:chidi@harbor.example"],
            },
            "dana": {"name": "Dana Weiss", "teams": ["success"], "addresses": ["slack:U-DANA"]},
        },
        "queues": {"billing": {"teams": ["billing"], "policy": "fewest_open", "capacity": 1}},
        "channels": {
            HELP: {"kind": "chat", "responder_teams": ["support"]},
            KESTREL: {"kind": "chat", "owner": "dana"},
            BILLING: {"kind": "mail", "queue": "billing"},
            WEB: {"kind": "direct", "inactivity_close_after": "24h"},
        },
    }
)
"""The desk's settings, as they could stand in a TOML file."""

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def _at(clock: str, days: int = 0) -> datetime:
    """A time of day, in UTC, so many days after that Monday."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return MONDAY + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)


def _reply(text: str) -> Deed:
    return lambda by, request, conversation: Reply(by=by, conversation_id=conversation, text=text)


def _take() -> Deed:
    return lambda by, request, conversation: Take(by=by, request_id=request)


def _close() -> Deed:
    return lambda by, request, conversation: Close(by=by, request_id=request)


def _give_back() -> Deed:
    return lambda by, request, conversation: Unassign(by=by, request_id=request)


def _wait_for_customer() -> Deed:
    return lambda by, request, conversation: Hold(by=by, request_id=request, reason=HoldReason.CUSTOMER)


def _snooze(until: datetime) -> Deed:
    return lambda by, request, conversation: Hold(
        by=by, request_id=request, reason=HoldReason.SNOOZED, until_at=until
    )


DAY: Sequence[Step] = (
    Scene("Monday 2 March, 09:00. Slack wakes up"),
    Said(at=_at("9:00:10"), who="Mia", channel=HELP, text="Good morning everybody!"),
    Said(
        at=_at("9:01:00"),
        who="Mia",
        channel=HELP,
        name="export",
        text="Our nightly export has been failing since Friday. Can somebody take a look?",
    ),
    Said(
        at=_at("9:02:20"),
        who="Mia",
        channel=HELP,
        text="It stops at 80 percent with a timeout.",
        note="within two minutes of her last words: the same request",
    ),
    Said(
        at=_at("9:02:21"),
        who="Mia",
        channel=HELP,
        name="export",
        text="Our nightly export has been failing since Friday. Can somebody take a look?",
        again=True,
    ),
    Said(
        at=_at("9:05:00"),
        who="Ana",
        channel=HELP,
        answers="export",
        text="Morning Mia, I am looking into it.",
    ),
    Said(
        at=_at("9:08:00"),
        who="Tom",
        channel=KESTREL,
        name="admin",
        text="How do I add a second admin to our workspace?",
    ),
    Scene("09:10. Mail comes in, and a queue hands it out"),
    Said(
        at=_at("9:10:00"),
        who="Priya",
        channel=BILLING,
        name="invoice",
        text="Invoice 1042 lists ten seats, we have eight. Please correct it.",
    ),
    Said(
        at=_at("9:12:00"),
        who="Omar",
        channel=BILLING,
        name="card",
        text="Our card was declined although it is valid. What can we do?",
    ),
    Said(
        at=_at("9:15:00"),
        who="Elsa",
        channel=BILLING,
        name="receipt",
        text="I need the receipts of last year for our auditor.",
    ),
    Scene("10:00. Waiting, asking back, answering across the channel", board=True),
    Did(
        at=_at("10:00:00"),
        who="Ana",
        about="export",
        told="asks back: Which region is your workspace in?",
        deed=_reply("Which region is your workspace in?"),
    ),
    Did(
        at=_at("10:00:30"),
        who="Ana",
        about="export",
        told="puts it on hold until Mia answers",
        deed=_wait_for_customer(),
    ),
    Said(
        at=_at("10:20:00"),
        who="Jonas",
        channel=HELP,
        name="api",
        text="The reports API answers 502. Is it down?",
    ),
    Said(
        at=_at("10:24:00"), who="Bo", channel=HELP, text="Our provider is on it, I keep an eye on that one."
    ),
    Did(
        at=_at("10:26:00"),
        who="Bo",
        about="api",
        told="lets it rest until 14:00, when the provider knows more",
        deed=_snooze(_at("14:00")),
    ),
    Said(at=_at("10:40:00"), who="Mia", channel=HELP, answers="export", text="It is eu-north."),
    Scene("11:00. Work gets done, and capacity comes free"),
    Said(
        at=_at("11:05:00"),
        who="Lena",
        channel=WEB,
        name="plan",
        text="Hi! Can I change my plan in the middle of a month?",
    ),
    Did(
        at=_at("11:06:00"),
        who="Ana",
        about="plan",
        told="answers: Yes, at any time; we bill by the day.",
        deed=_reply("Yes, at any time; we bill by the day."),
    ),
    Did(
        at=_at("11:20:00"),
        who="Chidi",
        about="card",
        told="answers: The bank wants you to confirm it once more, I sent you the link.",
        deed=_reply("The bank wants you to confirm it once more, I sent you the link."),
    ),
    Did(at=_at("11:21:00"), who="Chidi", about="card", told="closes it", deed=_close()),
    Did(
        at=_at("11:25:00"),
        who="Bo",
        about="invoice",
        told="answers: Corrected, the new invoice is on its way.",
        deed=_reply("Corrected, the new invoice is on its way."),
    ),
    Did(at=_at("11:26:00"), who="Bo", about="invoice", told="closes it", deed=_close()),
    Did(
        at=_at("11:30:00"),
        who="Ana",
        about="export",
        told="answers: The worker in eu-north ran out of memory, it has more now.",
        deed=_reply("The worker in eu-north ran out of memory, it has more now."),
    ),
    Did(at=_at("11:31:00"), who="Ana", about="export", told="closes it", deed=_close()),
    Said(
        at=_at("11:40:00"),
        who="Mia",
        channel=HELP,
        answers="export",
        text="Thank you so much, it works again!",
        note="thanks alone reopens nothing",
    ),
    Scene("13:00. What does not go as planned", board=True),
    Said(
        at=_at("13:10:00"),
        who="Mia",
        channel=HELP,
        answers="export",
        text="It failed again just now, with the same timeout.",
    ),
    Said(
        at=_at("13:31:10"),
        who="Yuki",
        channel=HELP,
        name="totals",
        text="Could you refresh the totals of the sales page, please?",
    ),
    Said(
        at=_at("13:31:40"),
        who="Yuki",
        channel=HELP,
        name="dashboard",
        text="Our dashboard shows the numbers of yesterday. Why is that?",
        late=timedelta(seconds=70),
    ),
    Passes(until=_at("14:00:00")),
    Did(
        at=_at("14:20:00"),
        who="Bo",
        about="api",
        told="answers: The provider has mended it, all is green.",
        deed=_reply("The provider has mended it, all is green."),
    ),
    Did(at=_at("14:21:00"), who="Bo", about="api", told="closes it", deed=_close()),
    Did(
        at=_at("15:00:00"),
        who="Ana",
        about="export",
        told="answers: Found it, a second worker had the old setting.",
        deed=_reply("Found it, a second worker had the old setting."),
    ),
    Did(at=_at("15:01:00"), who="Ana", about="export", told="closes it for good", deed=_close()),
    Did(
        at=_at("15:10:00"),
        who="Chidi",
        about="receipt",
        told="asks back: Which of your two companies are they for?",
        deed=_reply("Which of your two companies are they for?"),
    ),
    Did(
        at=_at("15:11:00"),
        who="Chidi",
        about="receipt",
        told="puts it on hold until Elsa answers",
        deed=_wait_for_customer(),
    ),
    Did(at=_at("15:20:00"), who="Bo", about="dashboard", told="takes it", deed=_take()),
    Did(
        at=_at("16:45:00"),
        who="Bo",
        about="dashboard",
        told="has to leave early, and gives it back",
        deed=_give_back(),
    ),
    Did(at=_at("16:50:00"), who="Ana", about="dashboard", told="takes it", deed=_take()),
    Did(
        at=_at("17:10:00"),
        who="Ana",
        about="dashboard",
        told="answers: The nightly run was late today, your numbers are fresh now.",
        deed=_reply("The nightly run was late today, your numbers are fresh now."),
    ),
    Did(at=_at("17:11:00"), who="Ana", about="dashboard", told="closes it", deed=_close()),
    Scene("Tuesday. Nobody writes, and timers speak up", board=True),
    Passes(until=_at("11:30", days=1)),
    Said(
        at=_at("11:40", days=1),
        who="Dana",
        channel=KESTREL,
        answers="admin",
        text="Sorry, Tom! Settings, People, Invite: choose the role Admin there.",
        note="an answer of the one who has it",
    ),
    Did(at=_at("11:41", days=1), who="Dana", about="admin", told="closes it", deed=_close()),
    Scene("A month later"),
    Passes(until=_at("12:00", days=34)),
)
"""What happens, in order."""
