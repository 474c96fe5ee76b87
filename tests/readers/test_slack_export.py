"""Workspace exports as folders and zip files: order, names, and zip files that mean harm."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reqflow.core.commands import Inbound
from reqflow.errors import UnreadableInput
from reqflow.plugins.readers import Ignored, Rejected, read_path
from reqflow.plugins.readers.slack_export import ZipLimits, read_export


def said(ts: str, text: str, user: str = "U1", **more) -> dict:
    return {"type": "message", "user": user, "ts": ts, "text": text, **more}


EXPORT = {
    "channels.json": [{"id": "C1", "name": "general"}, {"id": "C2", "name": "help"}],
    "dms.json": [{"id": "D1", "members": ["U1", "U2"]}],
    "users.json": [
        {"id": "U1", "name": "ana", "profile": {"display_name": "Ana", "real_name": "Ana B"}},
        {"id": "U2", "name": "bob", "profile": {"display_name": "", "real_name": "Bob C"}},
    ],
    "general/2024-05-06.json": [said("1714953600.000300", "third"), said("1714953600.000100", "first")],
    "general/2024-05-07.json": [said("1715040000.000000", "sixth")],
    "help/2024-05-06.json": [
        said("1714953600.000200", "second", "U2"),
        said("1714953600.000400", "fourth", subtype="channel_join"),
    ],
    "D1/2024-05-06.json": [said("1714953600.000500", "fifth", thread_ts="1714953600.000100")],
}


def write(folder: Path, files: dict) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def pack(path: Path, files: dict, top: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(top + name, content if isinstance(content, str) else json.dumps(content))
    return path


def told(path: Path) -> list[str]:
    return [read.text if isinstance(read, Inbound) else read.code for read in read_path(path)]


class TestAnExport:
    def test_is_read_in_the_order_of_sending(self, tmp_path):
        assert told(write(tmp_path, EXPORT)) == ["first", "second", "third", "channel_join", "fifth", "sixth"]

    def test_is_the_same_packed(self, tmp_path):
        folder = write(tmp_path / "a", EXPORT)
        for top in ("", "my export/"):
            packed = pack(tmp_path / "a.zip", EXPORT, top)
            assert [r for r in read_path(packed) if isinstance(r, Inbound)] == [
                r for r in read_path(folder) if isinstance(r, Inbound)
            ]

    def test_names_people_and_channels(self, tmp_path):
        reads = [read for read in read_path(write(tmp_path, EXPORT)) if isinstance(read, Inbound)]
        assert [(read.channel, read.author, read.name) for read in reads[:2]] == [
            ("slack:C1", "slack:U1", "Ana"),
            ("slack:C2", "slack:U2", "Bob C"),
        ]
        assert (reads[3].channel, reads[3].replies_to) == ("slack:D1", ("1714953600.000100",))

    def test_tells_what_else_is_in_it(self, tmp_path):
        files = {**EXPORT, "readme.txt": "hi", "general/notes.json": "[]", "integration_logs.json": "[]"}
        assert told(write(tmp_path, files)).count("unknown_file") == 2

    def test_tells_folders_that_no_list_knows(self, tmp_path):
        files = {**EXPORT, "secret/2024-05-06.json": [said("1714953600.000100", "x")]}
        reads = list(read_path(write(tmp_path, files)))
        assert [(r.code, r.where) for r in reads if isinstance(r, Rejected)] == [
            ("unknown_channel", f"{tmp_path}/secret")
        ]

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            ("general/2024-05-06.json", "[{", "bad_json"),
            ("general/2024-05-06.json", "[" * 100_000, "too_deep"),
            ("general/2024-05-06.json", "{}", "no_array"),
            ("general/2024-05-06.json", "[5]", "no_object"),
            ("users.json", "{}", "no_array"),
            ("users.json", "", "bad_json"),
            ("dms.json", "5", "no_array"),
        ],
    )
    def test_goes_on_after_a_broken_file(self, tmp_path, name, content, code):
        found = told(write(tmp_path, {**EXPORT, name: content}))
        assert code in found
        assert "second" in found

    def test_goes_on_without_users(self, tmp_path):
        reads = list(read_path(write(tmp_path, {k: v for k, v in EXPORT.items() if k != "users.json"})))
        assert [read.name for read in reads if isinstance(read, Inbound)] == [None] * 5

    def test_survives_odd_lists(self, tmp_path):
        odd = [5, {"id": 5}, {"id": "C1", "name": 7}, {"id": "C1", "name": "general"}]
        users: list = [None, {"id": []}, {"id": "U1", "profile": 5, "name": "ana"}]
        found = [
            read
            for read in read_path(write(tmp_path, {**EXPORT, "channels.json": odd, "users.json": users}))
            if isinstance(read, Inbound)
        ]
        assert found[0].name == "ana"


class TestAZipFile:
    def test_that_claims_too_much_is_refused_before_it_is_opened(self, tmp_path):
        bomb = pack(tmp_path / "bomb.zip", {**EXPORT, "general/2024-05-08.json": " " * 5_000_000})
        assert bomb.stat().st_size < 20_000
        with pytest.raises(UnreadableInput, match="unpacks to"):
            read_export(bomb, ZipLimits(total=1_000_000))
        with pytest.raises(UnreadableInput, match="entries"):
            read_export(bomb, ZipLimits(entries=3))

    def test_with_one_huge_file_loses_that_file_only(self, tmp_path):
        bomb = pack(tmp_path / "bomb.zip", {**EXPORT, "general/2024-05-06.json": " " * (65 * 2**20)})
        assert told(bomb) == ["too_big", "second", "channel_join", "fifth", "sixth"]

    def test_that_lies_about_sizes_is_told(self, tmp_path):
        packed = pack(tmp_path / "a.zip", EXPORT)
        content = packed.read_bytes()
        size = len(json.dumps(EXPORT["help/2024-05-06.json"])).to_bytes(4, "little")
        packed.write_bytes(content.replace(size, (9).to_bytes(4, "little")))
        assert "bad_zip" in told(packed)

    def test_with_names_that_lead_elsewhere_opens_none_of_them(self, tmp_path):
        files = {**EXPORT, "../../general/2024-05-09.json": "[]", "/etc/passwd": "x"}
        found = list(read_path(pack(tmp_path / "a.zip", files)))
        assert [read.code for read in found if isinstance(read, Ignored)].count("unknown_file") == 2
        assert list(tmp_path.iterdir()) == [tmp_path / "a.zip"]

    def test_that_is_none_says_so_at_once(self, tmp_path):
        path = tmp_path / "a.zip"
        path.write_bytes(b"PK nothing")
        with pytest.raises(UnreadableInput, match="no zip file"):
            read_path(path)

    def test_that_is_encrypted_is_told(self, tmp_path):
        packed = pack(tmp_path / "a.zip", EXPORT)
        content = bytearray(packed.read_bytes())
        for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = content.find(mark)
            while at >= 0:
                content[at + offset] |= 1
                at = content.find(mark, at + 4)
        packed.write_bytes(bytes(content))
        assert set(told(packed)) == {"bad_zip", "unknown_channel"}

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=5))
    def test_that_is_damaged_anywhere_is_told_or_refused(self, tmp_path, changes):
        content = bytearray(pack(tmp_path / "a.zip", EXPORT).read_bytes())
        for at, byte in changes:
            content[at % len(content)] = byte
        path = tmp_path / "b.zip"
        path.write_bytes(bytes(content))
        try:
            reads = list(read_path(path))
        except UnreadableInput:
            return
        assert all(isinstance(read, Inbound | Ignored | Rejected) for read in reads)
