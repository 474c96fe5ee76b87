"""Mails: one raw mail to one `Inbound`, and files of one mail each.

What is believed of a mail is little. The sender is the one address of the one From field (Reply-To never is),
no other field changes anything, and the time is the one that the receiving server wrote.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ...core.commands import Inbound
from ...core.model import ChannelId, Code
from ...errors import InvalidInput
from .lines import read_whole
from .mail_fields import (
    Fields,
    Mailbox,
    decode_words,
    moment_of,
    native_of,
    parse_mailbox,
    replies_of,
    split_addresses,
    split_fields,
)
from .mail_parts import content_type, plain_text
from .reads import Ignored, Read, Unusable
from .texts import one_line, shown

__all__ = ["parse_mail", "read_mail"]

MAX_MAIL = 25 * 2**20
MAX_RECIPIENTS = 100
MAX_SUBJECT = 998

_RECIPIENTS = ("to", "cc", "bcc")
_ANSWERED_BY_MACHINE = ("x-autoreply", "x-autorespond", "x-autoresponse")
_DAEMON = re.compile(r"\b(?:mailer-daemon\b|postmaster@)", re.IGNORECASE)
_PRECEDENCE = {"bulk": "list", "list": "list", "junk": "list", "auto_reply": "auto_reply"}


def parse_mail(
    raw: bytes, *, channel: str | None = None, where: str = "mail", arrived_at: datetime | None = None
) -> Read:
    """Read one mail in any condition; never raises for its content.

    ``channel`` is the desk's (``mail:support@desk.test``); without one it is the address that the mail was
    delivered to. ``sent_at`` is the time in the topmost Received field, else the mail's own Date, else
    ``arrived_at``. Mails from machines (RFC 3834) are `Ignored`: nobody may answer them. A mail without a
    plain text part has a blank text.

    Raises `InvalidInput` for a ``channel`` that is no ``mail:`` channel.
    """
    if channel is not None and not channel.startswith("mail:"):
        raise InvalidInput(f"channel must be 'mail:' and the desk's address, not {channel!r}")
    if len(raw) > MAX_MAIL:
        return Unusable("too_big", f"more than {MAX_MAIL} bytes").told(where)
    content = raw.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        fields, body = split_fields(content)
        if (mark := _machine_mark(fields)) is not None:
            return Ignored(where, mark)
        _check_recipients(fields)
        sender = _sender(fields)
        native = native_of(fields, content)
        return Inbound(
            channel=ChannelId(channel or f"mail:{_desk_address(fields)}"),
            author=f"mail:{sender.address}",
            native=native,
            sent_at=_sent_at(fields, arrived_at),
            text=plain_text(content, fields, body),
            replies_to=replies_of(fields, native),
            name=shown(sender.name) or None,
            subject=one_line(decode_words(fields.first("subject")), MAX_SUBJECT) or None,
        )
    except Unusable as problem:
        return problem.told(where)


def read_mail(path: Path, channel: str | None = None) -> Iterator[Read]:
    """Read a file of one mail."""
    try:
        with path.open("rb") as file:
            raw = read_whole(file, MAX_MAIL)
    except Unusable as problem:
        yield problem.told(str(path))
        return
    yield parse_mail(raw, channel=channel, where=str(path))


def _machine_mark(fields: Fields) -> Code | None:
    """By what a mail shows that no person wrote it to us; None if by nothing (RFC 3834, 5230, 3464)."""
    kind = content_type(fields)
    if kind.name == "multipart/report":
        return Code("bounce" if kind.report in ("", "delivery-status") else "report")
    returned = [each for each in fields.all("return-path") if each in ("", "<>")]
    if returned or fields.all("x-failed-recipients") or _DAEMON.search(fields.first("from")):
        return Code("bounce")
    submitted = fields.first("auto-submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no") or any(fields.all(name) for name in _ANSWERED_BY_MACHINE):
        return Code("auto_reply")
    if found := _PRECEDENCE.get(fields.first("precedence").lower()):
        return Code(found)
    return Code("list") if fields.all("list-id") else None


def _check_recipients(fields: Fields) -> None:
    listed = [each for name in _RECIPIENTS for each in fields.all(name)]
    # Counting commas is cheap and never too low; only what it calls too many is looked at closely.
    if sum(each.count(",") + 1 for each in listed) <= MAX_RECIPIENTS:
        return
    count = sum(1 for each in listed for _ in split_addresses(each))
    if count > MAX_RECIPIENTS:
        raise Unusable("too_many_recipients", f"{count} recipients; at most {MAX_RECIPIENTS} are read")


def _sender(fields: Fields) -> Mailbox:
    given = fields.all("from")
    if len(given) != 1:
        raise Unusable("ambiguous_sender", f"{len(given)} From fields; one is needed")
    members = list(split_addresses(given[0]))
    sender = parse_mailbox(members[0]) if len(members) == 1 else None
    if sender is None:
        raise Unusable("ambiguous_sender", "From must name one address, in one way of reading it")
    return sender


def _desk_address(fields: Fields) -> str:
    for name in ("delivered-to", "x-original-to", "to"):
        for member in split_addresses(fields.first(name)):
            if (desk := parse_mailbox(member)) is not None:
                return desk.address
    raise Unusable("no_recipient", "delivered to no address that can be read; say which channel it came to")


def _sent_at(fields: Fields, arrived_at: datetime | None) -> datetime:
    stamped = fields.first("received").rpartition(";")[2]
    found = moment_of(stamped) or moment_of(fields.first("date")) or arrived_at
    if found is None:
        raise Unusable("no_time", "neither Received nor Date says when")
    return found
