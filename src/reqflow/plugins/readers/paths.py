"""From a path to what is in it: which reader takes which file, and folders of many."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from ...core.model import Code
from ...errors import InvalidInput, UnreadableInput
from .json_lines import read_json_lines
from .lines import LINE_SUFFIXES, read_lines
from .mail import read_mail
from .mbox import read_mbox
from .reads import Ignored, Read, Rejected, Unusable, parse_json
from .slack_events import read_events
from .slack_export import is_export, read_export

__all__ = ["KINDS", "read_path"]

KINDS: Mapping[str, frozenset[str]] = {
    "json_lines": LINE_SUFFIXES,
    "mail": frozenset({".eml"}),
    "mbox": frozenset({".mbox"}),
    "slack_events": LINE_SUFFIXES | {".json"},
    "slack_export": frozenset({".zip"}),
}
"""The kinds of input by name, and the file names (by ending) that a folder of them may hold."""

_PEEK = 2**16
_PEEKED = 20


def read_path(path: Path, *, kind: str | None = None, channel: str | None = None) -> Iterator[Read]:
    """Read a file or a folder; everything in it becomes a value, in the order of the files' names.

    ``kind`` is one of `KINDS`, guessed from names and content where it is not given. ``channel`` says which
    desk mails came to (``mail:support@desk.test``); other kinds name their channels themselves.

    Raises `UnreadableInput` when there is nothing that can be read, `InvalidInput` for a wrong argument; both
    at once, not at the first item.
    """
    if kind is not None and kind not in KINDS:
        raise InvalidInput(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if channel is not None and kind not in (None, "mail", "mbox"):
        raise InvalidInput(f"a channel can be given for mail only: {kind} names its channels itself")
    if channel is not None and not channel.startswith("mail:"):
        raise InvalidInput(f"channel must be 'mail:' and the desk's address, not {channel!r}")
    try:
        if not path.exists():
            raise UnreadableInput(f"{path} does not exist: check the path")
        if path.is_dir():
            return _read_folder(path, kind, channel)
        if not path.is_file():
            raise UnreadableInput(f"{path} is neither a file nor a folder")
        found = kind or _guess(path)
    except OSError as problem:
        raise UnreadableInput(f"{path} cannot be opened: {problem.strerror}") from problem
    if found is None:
        raise UnreadableInput(f"cannot tell what {path} holds: say which kind it is ({', '.join(KINDS)})")
    return _guarded(path, _open_file(path, found, channel))


def _read_folder(path: Path, kind: str | None, channel: str | None) -> Iterator[Read]:
    if kind in (None, "slack_export") and is_export(path):
        return read_export(path)
    files = sorted(Path(top, name) for top, _, names in os.walk(path) for name in names)
    wanted = KINDS[kind] if kind else frozenset[str]().union(*KINDS.values())
    if not any(file.suffix.lower() in wanted for file in files):
        raise UnreadableInput(f"{path} holds no file of a known kind ({', '.join(sorted(wanted))})")
    return _read_files(files, kind, channel)


def _read_files(files: list[Path], kind: str | None, channel: str | None) -> Iterator[Read]:
    wanted = KINDS[kind] if kind else None
    for file in files:
        try:
            known = file.suffix.lower() in wanted if wanted else _by_name(file) is not None
            found = (kind or _guess(file)) if known and file.is_file() else None
        except OSError as problem:
            yield Rejected(str(file), Code("unreadable"), problem.strerror or str(problem))
            continue
        if found is None:
            yield Ignored(str(file), Code("unknown_file"))
        else:
            try:
                yield from _guarded(file, _open_file(file, found, channel))
            except UnreadableInput as problem:
                yield Rejected(str(file), Code("unreadable"), str(problem))


def _open_file(path: Path, kind: str, channel: str | None) -> Iterator[Read]:
    match kind:
        case "json_lines":
            return read_json_lines(path)
        case "mail":
            return read_mail(path, channel)
        case "mbox":
            return read_mbox(path, channel)
        case "slack_events":
            return read_events(path)
        case _:
            return read_export(path)


def _guarded(path: Path, reads: Iterator[Read]) -> Iterator[Read]:
    """The items of a file; one that cannot be opened, or breaks off, is told and passed over."""
    try:
        yield from reads
    except OSError as problem:
        yield Rejected(str(path), Code("unreadable"), problem.strerror or str(problem))


def _by_name(path: Path) -> str | None:
    suffix = path.suffix.lower()
    return next((kind for kind, suffixes in KINDS.items() if suffix in suffixes), None)


def _guess(path: Path) -> str | None:
    """The kind of a file: by its name, and by what it begins with where names leave a choice."""
    named = _by_name(path)
    if named not in (None, "json_lines"):
        return named
    with path.open("rb") as file:
        lines = [line for _, line in islice(read_lines(file, _PEEK), _PEEKED) if line]
    if named or (lines and lines[0].startswith(b"{") and lines[0] != b"{"):
        return "slack_events" if any(map(_is_event, lines)) else "json_lines"
    if not lines:
        return None
    if lines[0].startswith((b"{", b"[")):
        return "slack_events"
    if lines[0].startswith(b"From "):
        return "mbox"
    return "mail" if _starts_mail(lines[0]) else None


def _is_event(line: bytes) -> bool:
    try:
        content = parse_json(line)
    except Unusable:
        return False
    return isinstance(content, dict) and bool(content.keys() & {"event", "payload", "type"})


def _starts_mail(line: bytes) -> bool:
    name = line.partition(b":")[0]
    return b":" in line and name.replace(b"-", b"").isalpha() and len(name) < 80
