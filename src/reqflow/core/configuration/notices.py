"""Reads what agents want to be told: the desk's table, and each agent's own over it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from ..model import Code
from ..settings import (
    NOTICE_CODES,
    OWN_MEANS,
    AutoReply,
    ChannelKind,
    ChannelSettings,
    NoticePreferences,
    UnseenBy,
)
from .parsers import Parser, flag, name, one_of, place, set_of, span, whole_number
from .reader import Reader

__all__ = ["NOTICE_SETTINGS", "check_destinations", "read_preferences"]

_OTHERS: Mapping[str, Parser] = {"bundle_within": span, "hides_customers": flag}


def _text(given: object) -> str:
    """Some words."""
    if not isinstance(given, str) or not given.strip():
        raise ValueError(f"must be a text, not {given!r}")
    return given


def _texts_of(*names: str) -> Parser:
    """A parser of tables of texts with these names."""

    def parse(given: object) -> Mapping[str, str]:
        if not isinstance(given, Mapping) or not set(given) <= set(names):
            raise ValueError(f"must be a table of texts for {', '.join(names)}, not {given!r}")
        return {name: _text(content) for name, content in given.items()}

    return parse


NOTICE_SETTINGS: Mapping[str, Parser] = {
    "triage": place,
    "notify_team": flag,
    "assignees_follow": flag,
    "offer_actions": flag,
    "status_emoji": flag,
    "emoji_assigned": name,
    "emoji_done": name,
    "status_text": flag,
    "status_texts": _texts_of("assigned", "on_hold", "woken", "closed", "reopened"),
    "auto_reply": _text,
    "auto_reply_on": one_of(AutoReply),
    "auto_reply_every": span,
    "auto_reply_most": whole_number,
    "unseen_through": place,
    "unseen_after": span,
    "unseen_by": set_of(UnseenBy),
}
"""The settings of a channel that say who is told of what."""


def read_preferences(
    read: Reader,
    given: object,
    path: str,
    over: NoticePreferences,
    addresses: Iterable[str] | None = None,
) -> NoticePreferences:
    """A table of notices laid over another; ``addresses`` are those of the agent, where it is an agent's.

    It has a line per code: true (the usual means), false (off), or the scheme of one of the agent's addresses.
    """
    means = dict(over.means)
    others: dict[str, Any] = {}
    for code, content in read.table(given, path).items():
        parser = _OTHERS.get(code)
        try:
            if parser is not None:
                others[code] = parser(content)
            elif code not in NOTICE_CODES and "." not in code:
                read.problems.append(
                    f"{path}.{code}: no such notice; known are {', '.join([*NOTICE_CODES, *_OTHERS])},"
                    " and the host's own with a namespace"
                )
            else:
                means[Code(code)] = _means(content)
        except ValueError as problem:
            read.problems.append(f"{path}.{code}: {problem}")
    if addresses is not None:
        known = {address.partition(":")[0] for address in addresses} | {OWN_MEANS}
        for code, scheme in means.items():
            if scheme is not None and scheme not in known:
                read.problems.append(f"{path}.{code}: the agent has no address on {scheme}")
    if means == over.means and not others:
        return over
    return NoticePreferences(
        means=means,
        bundle_within=others.get("bundle_within", over.bundle_within),
        hides_customers=others.get("hides_customers", over.hides_customers),
    )


def _means(given: object) -> Code | None:
    if isinstance(given, bool):
        return OWN_MEANS if given else None
    if isinstance(given, str) and given.strip():
        return Code(given.strip())
    raise ValueError(f"must be true, false or the scheme of a transport, not {given!r}")


def check_destinations(read: Reader, channels: Mapping[str, ChannelSettings]) -> None:
    """What nobody saw leaves through a mail channel of this desk, or its answers could not come back."""
    for id, settings in channels.items():
        through = settings.unseen_through
        if through is not None:
            by_mail = (name for name, each in channels.items() if each.kind is ChannelKind.MAIL)
            if not any(fnmatchcase(through, name) for name in by_mail):
                read.problems.append(f"channels.{id}.unseen_through: no such mail channel: {through}")
        if settings.triage == id:
            read.problems.append(f"channels.{id}.triage: a channel cannot be its own triage room")
