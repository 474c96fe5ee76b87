"""Bodies of the Slack Events API: one by one, or from a file that keeps many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...core.model import Code
from .lines import LINE_SUFFIXES, parse_lines, read_lines, read_whole
from .reads import Ignored, Read, Rejected, Unusable, parse_json
from .slack_messages import code_of, parse_message

__all__ = ["parse_event", "read_events"]

MESSAGES = frozenset({"message", "app_mention"})
_WRAPPERS = 3


def parse_event(body: object, where: str = "event body") -> Read:
    """Read one body as Slack posts it; never raises. The signature is the receiver's to check.

    A wrapper around it with the body as ``payload``, such as a Socket Mode envelope, is taken off. A mention
    comes as ``message`` and as ``app_mention``: both have one ``native``, so the desk keeps one.
    """
    for _ in range(_WRAPPERS):
        if isinstance(body, Mapping) and "event" not in body and isinstance(body.get("payload"), Mapping):
            body = body["payload"]
    if not isinstance(body, Mapping):
        return Rejected(where, Code("no_object"), f"a body is an object, not {type(body).__name__}")
    event = body.get("event")
    if not isinstance(event, Mapping):
        if body.get("type") and body.get("type") != "event_callback":
            return Ignored(where, code_of(body["type"], "unknown_type"))
        return Rejected(where, Code("missing_keys"), "event")
    kind = event.get("type")
    if not kind:
        return Rejected(where, Code("missing_keys"), "event.type")
    if not isinstance(kind, str) or kind not in MESSAGES:
        return Ignored(where, code_of(kind, "unknown_type"))
    return parse_message(event, event.get("channel"), where)


def read_events(path: Path) -> Iterator[Read]:
    """Read a file of bodies: one object, an array of them, or one object in each line."""
    if path.suffix.lower() in LINE_SUFFIXES or _starts_with_json_line(path):
        yield from parse_lines(path, parse_event)
        return
    try:
        with path.open("rb") as file:
            document = parse_json(read_whole(file))
    except Unusable as problem:
        yield problem.told(str(path))
        return
    if isinstance(document, list):
        for number, body in enumerate(document, 1):
            yield parse_event(body, f"{path}#{number}")
    else:
        yield parse_event(document, str(path))


def _starts_with_json_line(path: Path) -> bool:
    """Whether the first line is an object by itself, so that each line is one."""
    with path.open("rb") as file:
        for _, line in read_lines(file):
            if line:
                try:
                    return isinstance(parse_json(line), dict)
                except Unusable:
                    return False
    return False
