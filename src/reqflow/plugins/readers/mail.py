"""Mails: one raw mail to one `Inbound`, and files of one mail each.

What is believed of a mail is little. The sender is the one address of the one From field (Reply-To never is),
no other field changes anything, and the time is the one that the receiving server wrote.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from ...core.commands import Inbound
from ...core.model import ChannelId, Code, NativeId
from ...errors import InvalidInput
from .lines import read_whole
from .mail_fields import addresses_in, decode_words, ids_in, latest_ids, moment_of, sender_of
from .mail_parts import Part, parse, plain_text, split_mail, tolerant
from .reads import Ignored, Read, Unusable
from .texts import one_line, shown

__all__ = ["parse_mail", "read_mail"]

MAX_MAIL = 25 * 2**20
MAX_RECIPIENTS = 100
MAX_SUBJECT = 998

_RECIPIENTS = ("to", "cc", "bcc")
_DELIVERED = ("delivered-to", "x-original-to", "to")
_ANSWERED_BY_MACHINE = ("x-autoreply", "x-autorespond", "x-autoresponse")
_DAEMON = re.compile(r"\b(?:mailer-daemon\b|postmaster@)", re.IGNORECASE)
_PRECEDENCE = {"bulk": "list", "junk": "list", "auto_reply": "auto_reply"}


def parse_mail(
    raw: bytes, *, channel: str | None = None, where: str = "mail", arrived_at: datetime | None = None
) -> Read:
    """Read one mail in any condition; never raises for its content.

    ``channel`` is the desk's (``mail:support@desk.test``); without one it is the address that the mail was
    delivered to. ``sent_at`` is the time in the topmost Received field, else the mail's own Date, else
    ``arrived_at``. Mails from machines (RFC 3834) are `Ignored`: nobody may answer them. So are those of
    mailing lists, unless they name the desk of a ``channel`` that is given. A mail without a plain text part
    has a blank text.

    Raises `InvalidInput` for a ``channel`` that is no ``mail:`` channel.
    """
    if channel is not None and not channel.startswith("mail:"):
        raise InvalidInput(f"channel must be 'mail:' and the desk's address, not {channel!r}")
    if len(raw) > MAX_MAIL:
        return Unusable("too_big", f"more than {MAX_MAIL} bytes").told(where)
    content = raw.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        head, body = split_mail(content)
        fields = parse(head)
        if (mark := _machine_mark(fields, channel)) is not None:
            return Ignored(where, mark)
        _check_recipients(fields)
        address, name = _sender(fields)
        native = next(iter(ids_in(fields.text("message-id"))), None)
        answered = ids_in(*fields.texts("references")[:1], *fields.texts("in-reply-to")[:1])
        return Inbound(
            channel=ChannelId(channel or f"mail:{_desk_address(fields)}"),
            author=f"mail:{address}",
            native=native or NativeId(f"sha256:{sha256(content).hexdigest()}"),
            sent_at=_sent_at(fields, arrived_at),
            text=plain_text(head, body),
            replies_to=latest_ids([each for each in answered if each != native]),
            name=shown(name) or None,
            subject=one_line(decode_words(fields.text("subject")), MAX_SUBJECT) or None,
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


def _machine_mark(fields: Part, channel: str | None) -> Code | None:
    """By what a mail shows that no person wrote it to us; None if by nothing (RFC 3834, 5230, 3464)."""
    if fields.kind == "multipart/report":
        report = str(tolerant(lambda: fields.get_param("report-type"), None) or "").lower()
        return Code("bounce" if report in ("", "delivery-status") else "report")
    returned = [each for each in fields.texts("return-path") if each in ("", "<>")]
    if returned or fields.texts("x-failed-recipients") or _DAEMON.search(fields.text("from")):
        return Code("bounce")
    submitted = fields.text("auto-submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no") or any(fields.texts(name) for name in _ANSWERED_BY_MACHINE):
        return Code("auto_reply")
    precedence = fields.text("precedence").lower()
    if found := _PRECEDENCE.get(precedence):
        return Code(found)
    listed = precedence == "list" or fields.texts("list-id")
    return Code("list") if listed and not _names_desk(fields, channel) else None


def _names_desk(fields: Part, channel: str | None) -> bool:
    """Whether a mail was sent to the channel's desk by name: some desks are members of a mailing group."""
    named = [each for name in _DELIVERED for each in fields.texts(name)]
    return channel is not None and channel.lower() in {f"mail:{each}" for each in addresses_in(named)}


def _check_recipients(fields: Part) -> None:
    listed = [each for name in _RECIPIENTS for each in fields.texts(name)]
    # Counting signs is never too low; only what it calls too many, or cannot be read, is counted by address.
    signs = sum(each.count("@") for each in listed)
    count = signs if signs <= MAX_RECIPIENTS else len(addresses_in(listed)) or signs
    if count > MAX_RECIPIENTS:
        raise Unusable("too_many_recipients", f"{count} recipients; at most {MAX_RECIPIENTS} are read")


def _sender(fields: Part) -> tuple[str, str]:
    given = fields.texts("from")
    if len(given) != 1:
        raise Unusable("ambiguous_sender", f"{len(given)} From fields; one is needed")
    if (found := sender_of(given[0])) is None:
        raise Unusable("ambiguous_sender", "From must name one address, in one way of reading it")
    return found


def _desk_address(fields: Part) -> str:
    for name in _DELIVERED:
        if found := addresses_in([fields.text(name)]):
            return found[0]
    raise Unusable("no_recipient", "delivered to no address that can be read; say which channel it came to")


def _sent_at(fields: Part, arrived_at: datetime | None) -> datetime:
    stamped = fields.text("received").rpartition(";")[2]
    found = moment_of(stamped) or moment_of(fields.text("date")) or arrived_at
    if found is None:
        raise Unusable("no_time", "neither Received nor Date says when")
    return found
