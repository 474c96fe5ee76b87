"""The plan of the house, as data: the floors, the guests, and where each package from outside lives.

A new module or dependency gets its place here first; docs/explanation/architecture.md says why.
"""

from __future__ import annotations

from collections.abc import Mapping

FLOORS: Mapping[str, int] = {
    "errors": 0,
    "rooms": 0,
    "core": 1,
    "codec": 2,
    "ports": 2,
    "hooks": 2,
    "flow": 3,
    "archive": 3,
    "drivers": 4,
    "errands": 4,
    "registry": 4,
    "engine": 4,
    "worker": 4,
    "replay": 4,
    "demo": 4,
    "diagrams": 4,
    "cli": 4,
    "policies": 4,
    "vocabulary": 4,
    "__main__": 4,
    "": 4,  # the package itself, a shop window
}
GUESTS = frozenset({"plugins", "testing"})
SHARED = frozenset({"plugins.parcels", "plugins.storable", "plugins.readers.texts"})
"""What several of our own plugins build on."""
TOP = 4

ANYWHERE = frozenset({"attrs", "attr"})
HOMES: Mapping[str, tuple[str, ...]] = {
    "transitions": ("core.lifecycle",),
    "dateutil": ("core.hours", "core.spans"),
    "cattrs": ("codec",),
    "pluggy": ("hooks", "registry"),
    "hypothesis": ("testing",),
    "pytest": ("testing",),
    "opentelemetry": ("plugins.telemetry",),
    "psycopg": ("plugins.postgres",),
    "rich": ("cli",),
    "orjson": ("codec",),
}
"""Where a package from outside may be imported: in these modules and below them, and nowhere else."""
LAZY = frozenset({"orjson", "rich"})
"""Optional packages of modules that everybody loads: imported inside functions only."""

CORE_STDLIB = frozenset(
    {
        "__future__",
        "abc",
        "base64",
        "bisect",
        "graphlib",
        "collections",
        "copy",
        "datetime",
        "decimal",
        "enum",
        "fnmatch",
        "fractions",
        "functools",
        "difflib",
        "hashlib",
        "heapq",
        "hmac",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "string",
        "types",
        "typing",
        "unicodedata",
        "zoneinfo",
    }
)
"""Modules of the standard library that only know values."""
EXEMPT: Mapping[str, str] = {"core.values": "sys", "rooms": "importlib"}
"""What one module of the lower floors may import beyond that: it says there what for."""
OUTSIDE = frozenset(
    """
    _thread asyncio atexit builtins calendar concurrent contextvars ctypes email fcntl ftplib gc getpass glob
    http imaplib importlib io locale logging mmap multiprocessing os pathlib platform poplib queue random
    resource runpy sched secrets select selectors shutil signal smtplib socket socketserver sqlite3 ssl
    subprocess sys tempfile threading time tkinter urllib uuid webbrowser weakref
    """.split()
)
"""Clocks, chance, environment, files, sockets, threads, logs: not for floors 0 to 3."""
OUTSIDE_CALLS = frozenset(
    {"open", "print", "input", "breakpoint", "__import__", "compile", "globals", "vars", "hash", "id"}
)
"""Builtins that reach outside, or whose answer differs from process to process."""
CLOCK_READINGS = frozenset({"now", "utcnow", "today"})
UNSAFE_IMPORTS = frozenset({"pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle"})
YAML_CALLS = frozenset({"load", "load_all", "full_load", "unsafe_load"})
UNSAFE_CALLS = frozenset({"eval", "exec"})

IMMUTABLE_VIEWS = frozenset({"Mapping", "Sequence", "Collection", "Set", "AbstractSet", "Iterable"})
"""Annotations with which the type checker refuses every change of what stands behind them."""
MUTABLE_MAKERS = frozenset(
    """
    list dict set sorted bytearray defaultdict deque Counter OrderedDict ChainMap UserDict UserList
    WeakKeyDictionary WeakValueDictionary WeakSet count cycle iter SimpleNamespace ContextVar
    """.split()
)
MODULE_LINES = 400
FUNCTION_LINES = 60
