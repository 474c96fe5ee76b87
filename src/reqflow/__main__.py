"""``python -m reqflow``, and ``reqflow``: the command."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Run the command; Ctrl-C is answered in one line while it is still being imported, too."""
    try:
        from .cli import main as run
    except KeyboardInterrupt:
        print("reqflow: stopped by hand", file=sys.stderr)
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
