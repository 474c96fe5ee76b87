"""What an option of a menu does when somebody chooses it. (Slack)

Some options only show something: the outcome says what. The others open a request where whoever chose is answered.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import commands as c
from .. import events as e
from ..automations import Automation
from ..decisions import conclude
from ..decisions.fields import filled_in
from ..decisions.links import send_to_tool
from ..decisions.structure import promoted
from ..evolution import find_request
from ..facts import Outcome, OutcomeKind
from ..model import (
    Code,
    CommandKey,
    Conversation,
    Detection,
    Label,
    LinkTarget,
    Message,
    Reason,
    Request,
    Side,
)
from ..operations.overlay import Overlay
from ..operations.step import Step
from ..placing.barring import drop, is_barred
from ..placing.detecting import MENU
from ..records import Offer
from ..settings import Desk, MenuOption, OptionKind

__all__ = ["answer_choice", "asked_by", "by_menu", "carry_out"]

_OPENS = frozenset({OptionKind.BUG, OptionKind.TICKET, OptionKind.QUEUE})


def _option(desk: Desk, chosen: c.MenuChoice) -> MenuOption | None:
    menu = desk.menus.get(chosen.menu)
    return None if menu is None else menu.option(chosen.option)


def asked_by(overlay: Overlay, chosen: c.MenuChoice) -> c.Inbound | None:
    """The message that a choice amounts to, if the option opens a request."""
    option = _option(overlay.desk, chosen)
    if option is None or option.kind not in _OPENS:
        return None
    return c.Inbound(
        channel=chosen.channel,
        author=chosen.author,
        native=chosen.native,
        sent_at=chosen.chosen_at,
        text=chosen.text.strip() or option.title,
        name=chosen.name,
    )


def by_menu(chosen: c.MenuChoice) -> Detection:
    """Whoever chooses what opens a request has one: no classifier is asked."""
    return Detection(Label.REQUEST, MENU, 1.0, (chosen.option,))


def answer_choice(overlay: Overlay, chosen: c.MenuChoice, key: CommandKey, *, muted: bool = False) -> Outcome:
    """What is to be shown. A form opens only after something else was offered, which is put on record."""
    option = _option(overlay.desk, chosen)
    if option is None:
        return Outcome(kind=OutcomeKind.IGNORED, code=Code("unknown_option"))
    author = overlay.desk.author(chosen.author)
    step = Step(overlay, author.actor, e.Cause(kind=e.CauseKind.INBOUND, key=key), muted=muted)
    if is_barred(step, author):
        outcome = drop(step, author.profile)
        step.finish()
        return outcome
    if option.kind is not OptionKind.FORM:
        return Outcome(kind=OutcomeKind.DONE, code=Code(option.kind))
    offer = None if chosen.offer is None else step.record(Offer, chosen.offer)
    if offer is None or (offer.theme, offer.profile_id) != (option.theme, author.profile):
        return Outcome(kind=OutcomeKind.DONE, code=Code("suggest"))
    if offer.opened_at is None:
        step.change(e.FormOpened(offer_id=offer.id))
        step.finish()
    return Outcome(kind=OutcomeKind.DONE, code=Code(option.kind), record_id=offer.id)


def carry_out(
    overlay: Overlay,
    chosen: c.MenuChoice,
    key: CommandKey,
    rules: Sequence[Automation],
    *,
    muted: bool = False,
) -> Outcome:
    """Do to the request that came of a choice what the option says. Raises `Refused` for what it cannot do."""
    option = _option(overlay.desk, chosen)
    message = overlay.message(chosen.channel, chosen.native)
    conversation = None if message is None else overlay.conversation(message.conversation_id)
    if option is None or message is None or conversation is None:
        raise LookupError(f"{chosen.menu}.{chosen.option} opened nothing")
    if message.side is Side.TEAM:  # the conversation is somebody else's, and so are the requests in it
        return Outcome(
            kind=OutcomeKind.PLACED,
            code=Code("not_asked"),
            conversation_id=conversation.id,
            message_id=message.id,
        )
    author = overlay.desk.author(chosen.author)
    step = Step(overlay, author.actor, e.Cause(kind=e.CauseKind.INBOUND, key=key), muted=muted)
    request = _request(step, conversation, message)
    if option.queue is not None and option.queue != request.queue:
        reason = Reason(Code("menu"))
        routed = e.RequestRouted(request_id=request.id, queue=option.queue, reason=reason)
        step.emit(request.conversation_id, routed)
    for field, content in option.fields.items():
        event = filled_in(step, request, field, content)
        if event is not None:
            step.emit(request.conversation_id, event)
    if option.place is not None and option.kind in (OptionKind.BUG, OptionKind.TICKET):
        kind = LinkTarget.ISSUE if option.kind is OptionKind.BUG else LinkTarget.TICKET
        send_to_tool(step, conversation, request, option.place, kind)
    conclude(step, rules)
    return Outcome(
        kind=OutcomeKind.PLACED,
        code=Code(option.kind),
        conversation_id=request.conversation_id,
        request_id=request.id,
        message_id=message.id,
    )


def _request(step: Step, conversation: Conversation, message: Message) -> Request:
    """The request of the message; where nothing is detected in the channel, it is made one now."""
    request = None if message.request_id is None else find_request(conversation, message.request_id)
    return request or promoted(step, conversation, message)
