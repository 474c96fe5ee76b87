"""What transports answer, as far as it can be believed: they are strangers' code, and may answer anything."""

from __future__ import annotations

import math
from datetime import timedelta

import attrs

from ..core.codes import code_of
from ..core.commands.checks import check_word
from ..core.model import Code
from ..errors import InvalidInput
from ..ports import Receipt, ReceiptKind

__all__ = ["believed", "put_off"]

SOONEST = 0.1
"""Seconds that a transport is left alone at least, even when it asks to be tried again at once."""
LATEST = 86_400.0
"""Seconds that it is left alone at most."""


def believed(answer: object) -> Receipt:
    """The receipt, without what cannot be: a code that is no short word might hold what somebody wrote."""
    if not isinstance(answer, Receipt):
        return Receipt(kind=ReceiptKind.UNKNOWN, code=Code(f"returned_{type(answer).__name__}"))
    try:
        kind = ReceiptKind(answer.kind)
    except ValueError:
        return Receipt(kind=ReceiptKind.UNKNOWN, code=Code("returned_no_kind"))
    code, native = answer.code, answer.native
    if code is not None and not _is_code(code):
        code = None
    if native is not None and not _is_word(native):
        native = None
    if kind is answer.kind and (code, native) == (answer.code, answer.native):
        return answer
    return attrs.evolve(answer, kind=kind, code=code, native=native)


def _is_code(given: object) -> bool:
    try:
        code_of(given)
    except ValueError:
        return False
    return True


def _is_word(given: object) -> bool:
    try:
        check_word("native", given)
    except InvalidInput:
        return False
    return True


def put_off(receipt: Receipt) -> timedelta | None:
    """For how long a transport wants to be left alone, within reason; None if it does not say."""
    asked = receipt.retry_after
    if not isinstance(asked, int | float) or math.isnan(asked):
        return None
    return timedelta(seconds=min(max(asked, SOONEST), LATEST))
