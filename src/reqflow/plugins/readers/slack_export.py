"""Slack workspace exports: a folder, or the zip file as it was downloaded.

An export lists its channels in ``channels.json`` (and ``groups.json``, ``mpims.json``, ``dms.json``), its
people in ``users.json``, and keeps one file of messages per channel and day. Zip files are never unpacked to
disk, and only the names that belong to an export are opened.
"""

from __future__ import annotations

import heapq
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...core.model import Code
from ...core.values import value
from ...errors import UnreadableInput
from .lines import read_whole
from .reads import Ignored, Read, Rejected, Unusable, parse_json
from .slack_messages import moment_of, name_of, parse_message

__all__ = ["LISTS", "ZipLimits", "is_export", "read_export"]

LISTS = ("channels.json", "groups.json", "mpims.json", "dms.json")
"""Where an export lists its channels. Direct messages have folders named by id, others by name."""

_OTHER = frozenset({"users.json", "integration_logs.json", "canvases.json", "lists.json"})
_DAY = re.compile(r"([^/]+)/(\d{4}-\d\d-\d\d\.json)", re.ASCII)
_BAD_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,  # a compression that nobody knows
    RuntimeError,  # encrypted
    ValueError,  # offsets outside of the file
)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@value(kw_only=True)
class ZipLimits:
    """What a zip file may claim before anything in it is opened: entries, and bytes unpacked in all."""

    entries: int = 200_000
    total: int = 4 * 2**30


@value
class _Tree:
    """An export's files by name, and how to read one."""

    where: str
    names: tuple[str, ...]
    read: Callable[[str], bytes]

    def load(self, name: str) -> Any:
        """A file's JSON; raises `Unusable` for all that may be wrong with the file."""
        try:
            return parse_json(self.read(name))
        except OSError as problem:
            raise Unusable("unreadable", problem.strerror or str(problem)) from None
        except _BAD_ZIP as problem:
            raise Unusable("bad_zip", str(problem) or type(problem).__name__) from None


def is_export(folder: Path) -> bool:
    """Whether a folder looks like an export: it lists channels, and has users or folders for them."""
    return any((folder / name).is_file() for name in LISTS)


def read_export(path: Path, limits: ZipLimits | None = None) -> Iterator[Read]:
    """Read a whole export in the order of sending. At any time one day of each channel is in memory.

    Raises `UnreadableInput` for a file that is no zip file, or claims more than ``limits``.
    """
    if path.is_dir():
        return _read_tree(_folder(path))
    try:
        packed = zipfile.ZipFile(path)
    except _BAD_ZIP as problem:
        raise UnreadableInput(f"{path} is no zip file that can be read: {problem}") from problem
    try:
        tree = _archive(path, packed, limits or ZipLimits())
    except UnreadableInput:
        packed.close()
        raise
    return _read_archive(packed, tree)


def _read_archive(packed: zipfile.ZipFile, tree: _Tree) -> Iterator[Read]:
    with packed:
        yield from _read_tree(tree)


def _folder(path: Path) -> _Tree:
    def read(name: str) -> bytes:
        with (path / name).open("rb") as file:
            return read_whole(file)

    found = (each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file())
    return _Tree(str(path), tuple(sorted(found)), read)


def _archive(path: Path, packed: zipfile.ZipFile, limits: ZipLimits) -> _Tree:
    entries = [entry for entry in packed.infolist() if not entry.is_dir()]
    if len(entries) > limits.entries:
        raise UnreadableInput(f"{path} has {len(entries)} entries; at most {limits.entries} are read")
    total = sum(entry.file_size for entry in entries)  # zipfile never unpacks more than it claims
    if total > limits.total:
        raise UnreadableInput(f"{path} unpacks to {total} bytes; at most {limits.total} are read")

    def read(name: str) -> bytes:
        with packed.open(top + name) as file:
            return read_whole(file)

    names = [entry.filename for entry in entries]
    top = _common_folder(names)
    return _Tree(str(path), tuple(sorted({name.removeprefix(top) for name in names})), read)


def _common_folder(names: list[str]) -> str:
    """The one folder that everything is in, where somebody packed the folder instead of its content."""
    top = names[0].partition("/")[0] + "/" if names else ""
    return top if all(name.startswith(top) for name in names) else ""


def _read_tree(tree: _Tree) -> Iterator[Read]:
    try:
        names = _user_names(tree)
    except Unusable as problem:
        names = {}
        yield problem.told(f"{tree.where}/users.json")
    channels: dict[str, str] = {}
    days: dict[str, list[str]] = {}
    for name in tree.names:
        if name in LISTS:
            try:
                channels.update(_channels(tree.load(name)))
            except Unusable as problem:
                yield problem.told(f"{tree.where}/{name}")
        elif found := _DAY.fullmatch(name):
            days.setdefault(found[1], []).append(name)
        elif name not in _OTHER:
            yield Ignored(f"{tree.where}/{name}", Code("unknown_file"))
    for folder in sorted(days.keys() - channels.keys()):
        yield Rejected(f"{tree.where}/{folder}", Code("unknown_channel"), "in none of the lists of channels")
    streams = [
        _channel(tree, days[folder], channels[folder], names)
        for folder in sorted(days.keys() & channels.keys())
    ]
    for _, read in heapq.merge(*streams, key=lambda pair: pair[0]):
        yield read


def _user_names(tree: _Tree) -> dict[str, str]:
    if "users.json" not in tree.names:
        return {}
    return {
        user["id"]: name
        for user in _objects(tree.load("users.json"))
        if isinstance(user.get("id"), str) and (name := name_of(user))
    }


def _channels(listed: Any) -> Iterator[tuple[str, str]]:
    """Folder name and channel id of each channel."""
    for channel in _objects(listed):
        identity, name = channel.get("id"), channel.get("name")
        if isinstance(identity, str):
            yield identity, identity
            if isinstance(name, str):
                yield name, identity


def _objects(listed: Any) -> list[Mapping[str, Any]]:
    if not isinstance(listed, list):
        raise Unusable("no_array", f"must hold an array, not {type(listed).__name__}")
    return [each for each in listed if isinstance(each, dict)]


def _channel(
    tree: _Tree, days: list[str], channel: str, names: Mapping[str, str]
) -> Iterator[tuple[datetime, Read]]:
    """One channel's messages in order, each with the moment to merge it by (of others: the one before)."""
    moment = _LONG_AGO
    for day in days:
        where = f"{tree.where}/{day}"
        try:
            messages = tree.load(day)
            if not isinstance(messages, list):
                raise Unusable("no_array", f"must hold an array, not {type(messages).__name__}")
        except Unusable as problem:
            yield moment, problem.told(where)
            continue
        placed: list[tuple[datetime, Read]] = []
        for number, message in enumerate(messages, 1):
            ts = message.get("ts") if isinstance(message, dict) else None
            moment = (moment_of(ts) if isinstance(ts, str) else None) or moment
            placed.append((moment, _message(message, channel, f"{where}#{number}", names)))
        placed.sort(key=lambda pair: pair[0])
        yield from placed


def _message(message: object, channel: str, where: str, names: Mapping[str, str]) -> Read:
    if not isinstance(message, dict):
        return Rejected(where, Code("no_object"), f"a message is an object, not {type(message).__name__}")
    if message.get("type") != "message":
        return Ignored(where, Code("unknown_type"))
    return parse_message(message, channel, where, names)
