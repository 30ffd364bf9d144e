"""Cards, and what agents write: messages of category `card` and `agentic`.

Kits draw a card, and a press goes to the app's own code; webhooks carry it in `data.card`, with a
preview in `data.text`. Of an agent come what it says (type `assistant`), the calls of its tools
(`tool-arguments`) and what these gave (`tool-result`).
"""

from comethooks.schemas.wire.envelope import WireSchema
from comethooks.schemas.wire.fields import Free, Id, Object, Objects, Text

TEXT_KEYS = ("header", "label", "text", "content", "altText", "fallbackInitials")
"""Under which keys elements of cards say something: of an accordion, a tab or a button, a badge, a
text, an image, an avatar."""
CHILDREN_KEYS = ("items", "body", "tabs", "content")
"""Under which keys elements have others: rows, columns and grids, accordions, tabs, and a tab."""
ACTION_METHOD = "POST"
"""What an `apiCall` of a card is sent with that names no method."""

TOOL_CALL, TOOL_RESULT = "tool-arguments", "tool-result"
_TOOLS = {"toolargument": TOOL_CALL, "toolresult": TOOL_RESULT}


def tool_message(category: str | None, kind: str | None) -> str | None:
    """`TOOL_CALL` or `TOOL_RESULT` for such a message; None for any other.

    Kits write the types as `toolArguments` and `toolResults`, too.
    """
    if category != "agentic" or kind is None:
        return None
    return _TOOLS.get(kind.lower().replace("-", "").replace("_", "").removesuffix("s"))


class CardSchema(WireSchema):
    """A card: elements that contain one another, and a text for who cannot draw them."""

    version = Text()
    style = Free(personal=False)
    body = Free()
    fallbackText = Text(personal=True)


class ElementSchema(WireSchema):
    """A part of what an agent says: `type` is text or card, `value` the text or the card."""

    type = Text()
    value = Free()


class _FunctionSchema(WireSchema):
    name = Text()
    arguments = Free()


class ToolCallSchema(WireSchema):
    """One call of a tool."""

    id = Id()
    type = Text()
    function = Object(_FunctionSchema)
    displayName = Text()
    executionText = Text(personal=True)


class AgenticSchema(WireSchema):
    """What messages with cards and of agents have in `data`, and objects of the SDKs at the top."""

    card = Object(CardSchema)
    elements = Objects(ElementSchema)
    runId = Id()
    threadId = Id()
    toolCalls = Objects(ToolCallSchema)
    toolCallId = Id()
