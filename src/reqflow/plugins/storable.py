"""What every store refuses to keep, because some store could not give it back as it was."""

from __future__ import annotations

from ..errors import InvalidInput
from ..ports import Batch

__all__ = ["check_texts"]


def check_texts(batch: Batch) -> None:
    """Raise `InvalidInput` for a text body that cannot be stored everywhere.

    UTF-8 has no lone surrogates and PostgreSQL no NUL, so no store takes either; whoever makes texts
    cleans them first. Looking costs a tenth of a microsecond for an ordinary body.
    """
    for text in batch.texts:
        body = text.body
        if "\0" in body:
            raise InvalidInput(f"text {text.ref.id} holds a NUL character, which cannot be stored")
        if not body.isascii():
            try:
                body.encode()
            except UnicodeEncodeError as problem:
                raise InvalidInput(
                    f"text {text.ref.id} holds a lone surrogate at {problem.start}, which cannot be stored"
                ) from None
