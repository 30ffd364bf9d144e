"""In which forms the bodies of triggers are written, and what each cannot be without.

What is refused is lost for good, because nobody sends it again. So nothing is required but what an
event means nothing without: mostly the id of what it is about.
"""

from comethooks.schemas.triggers import families
from comethooks.schemas.triggers.trigger import Form
from comethooks.schemas.wire import groups, presence, receipts, shapes
from comethooks.schemas.wire.envelope import CallbackSchema, OpenEnvelopeSchema, Shape

NESTED = Form(shapes.NESTED, families.MESSAGE, ("data.message.id",))
FLAT = Form(shapes.FLAT, families.MESSAGE, ("data.id",))
CHANGED = (
    Form(shapes.CHANGE, families.CHANGE, ("data.message.data.entities.on.entity.id",)),
    Form(shapes.NESTED, families.CHANGE, ("data.message.id",)),
    Form(shapes.FLAT, families.CHANGE, ("data.id",)),
)

# Pins are known from live traffic only, where the message itself comes; so that is tried first.
LIVE_CHANGED = (
    Form(shapes.ITSELF, families.CHANGE, ("data.message.id",)),
    CHANGED[0],
    CHANGED[2],
)
RECEIPT = Form(receipts.CURRENT, families.RECEIPT, ("data.body.messageId",))
PRESENCE = Form(
    presence.CURRENT,
    families.PRESENCE,
    ("data.user.uid", "data.status|data.currentConnection.action"),
)
LEGACY_PRESENCE = Form(
    presence.LEGACY, families.PRESENCE, ("data.user.uid", "data.user.status|data.event.type")
)
ENVELOPE = Form(
    Shape("envelope", OpenEnvelopeSchema, lambda data: not shapes.is_nested(data), {}),
    families.OTHER,
)
_PRESS = {"conversationId": "data.conversationId", "who": "data.interactedBy"}
CALLBACK = Form(Shape("callback", CallbackSchema, lambda data: True, _PRESS), families.INTERACTION)
BLOCK = Form(groups.BLOCK, families.BLOCK, ("data.users|data.by",))
PIN = Form(groups.PIN, families.PIN)
COMPLETED = Form(shapes.NESTED, families.COMPLETION)
SILENCE = Form(ENVELOPE.shape, families.SILENCE)
