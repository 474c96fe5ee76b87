"""What the figures were measured on: processor and versions, and nothing that names a machine."""

from __future__ import annotations

import os
import platform
import sqlite3
from importlib import metadata
from pathlib import Path

__all__ = ["BUSY", "facts", "load"]

BUSY = 0.5
"""Above this load when it begins, somebody else works on the machine."""
PACKAGES = (
    "attrs",
    "cattrs",
    "orjson",
    "psycopg",
    "eventsourcing",
    "django",
    "django-helpdesk",
    "procrastinate",
    "pgqueuer",
)


def load() -> float:
    """How many processes want to run, on average over a minute; 0 where that is not told."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def facts() -> dict[str, str]:
    """By name; a package that is not there says so."""
    found = {
        "processor": f"{os.cpu_count() or 1} x {_processor()}",
        "load before": f"{load():.1f}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
    }
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
