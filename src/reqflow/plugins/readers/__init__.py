"""Readers: files of messages from elsewhere to `Inbound` values.

`read_path` takes Slack exports, files of Slack event bodies, mails, mailbox files and lines of JSON.
Reading is total: whatever a file holds becomes `Inbound`, `Ignored` or `Rejected` values, and the rest goes
on. The ``parse_`` functions are the same for one item; adapters use them for what comes live.
"""

from __future__ import annotations

from .json_lines import parse_record
from .mail import parse_mail
from .paths import KINDS, read_path
from .reads import Ignored, Read, Rejected
from .slack_events import parse_event
from .slack_messages import parse_message

__all__ = [
    "KINDS",
    "Ignored",
    "Read",
    "Rejected",
    "parse_event",
    "parse_mail",
    "parse_message",
    "parse_record",
    "read_path",
]
