"""What was recalled so far, and the way to ask for what was not: `Missing`, which the flow answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...errors import Conflict
from ..facts import Answer, Need, WantConversation
from ..model import Conversation, ConversationId

__all__ = ["Missing", "Recalled"]


class Missing(Exception):
    """A decision needs these facts too. Caught by the flow, never seen by users."""

    def __init__(self, *wants: Need) -> None:
        self.wants = wants
        super().__init__(*wants)


class Recalled:
    """The answers to wants, all of one moment as far as conversations go."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Any, ...], Answer] = {}
        self._recalled: dict[ConversationId, Conversation] = {}

    def share(self, other: Recalled) -> None:
        """Know, and learn from now on, the same."""
        self._answers = other._answers
        self._recalled = other._recalled

    def learn(self, wants: Sequence[Need], answers: Sequence[Answer]) -> None:
        """Take in what was recalled. Raises `Conflict` when a conversation has changed since it was recalled first."""
        self._answers.update(zip(wants, answers, strict=True))
        for answer in answers:
            if answer is None:
                continue
            found = answer[1] if isinstance(answer, tuple) and len(answer) == 2 else answer
            if isinstance(found, Conversation):
                first = self._recalled.setdefault(found.id, found)
                if first.version != found.version:
                    # it changed between two recalls: what came with the second does not fit what came with the first
                    raise Conflict([("conversation", found.id)])

    def known_again(self, wants: Sequence[Need]) -> tuple[WantConversation, ...]:
        """What to ask together with these, so that it shows when a conversation has changed since it was recalled."""
        return tuple([want for id in self._recalled if (want := WantConversation(id)) not in wants])

    def fact(self, want: Need) -> Any:
        """The answer to a want, as it was recalled. Raises `Missing`."""
        try:
            return self._answers[want]
        except KeyError:
            raise Missing(want) from None

    def facts(self, *wants: Need) -> tuple[Any, ...]:
        """The answers to several wants. Raises `Missing` for all that are unknown, to be asked in one go."""
        unknown = [want for want in wants if want not in self._answers]
        if unknown:
            raise Missing(*unknown)
        return tuple(self._answers[want] for want in wants)

    def _known(self, kind: Callable[..., Need], *content: Any) -> Any:
        """The answer to a want of this content, its word at the end. Raises `Missing`.

        A want is a tuple, and found by any equal one: most need not be made again to be looked up.
        """
        try:
            return self._answers[content]
        except KeyError:
            raise Missing(kind(*content)) from None
