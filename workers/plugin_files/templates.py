"""What is told of an event: a template of Jinja, in its sandbox.

Names and attributes that are not there are told when the template is written, as far as that can be
known without an event; what is found out later ends the run for good, since another attempt would
fail in the same way.
"""

from collections.abc import Iterator
from functools import cache
from types import TracebackType

from jinja2 import Environment, StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from comethooks.schemas import Event
from comethooks.schemas.masking import without_tokens
from comethooks.workers.plugins.retry import Stop
from comethooks.workers.texts import near, number_of, scrub

LONGEST_BYTES = 4_000
"""What a template may have, and what is told of an event at most."""
_FILE = "<template>"
"""What Jinja calls a template that came from no file."""


class TemplateFailedError(Stop):
    """A template cannot be filled in for an event. The text says where and why."""


class Template:
    """A template that may hold `event`. Raises `ValueError` with all that is wrong with it."""

    def __init__(self, source: str) -> None:
        self.source = source
        if problems := [*_problems(source)]:
            raise ValueError("; ".join(problems))
        self._compiled = _environment().from_string(source)

    def fill(self, event: Event, *, place: str) -> str:
        """What it says of `event`, at most 4 kB, without the tokens of URLs for interactions.

        Raises `TemplateFailedError`, which names the `place` of the template and the line in it.
        """
        pieces, size = [], 0
        try:
            for piece in self._compiled.generate(event=event):
                pieces.append(piece)
                size += len(piece)
                if size > LONGEST_BYTES:
                    break
        except Exception as error:
            line = _line(error.__traceback__)
            at = f"{place}, line {line}" if line else place
            # Not its traceback: that goes through code which Jinja made.
            raise TemplateFailedError(f"{at}: {_said(error)}") from None
        return _cut(scrub(without_tokens("".join(pieces).strip())))


@cache
def _environment() -> Environment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def _problems(source: str) -> Iterator[str]:
    if (size := len(source.encode("utf-8", "replace"))) > LONGEST_BYTES:
        yield f"it has {number_of(size, 'byte')}, and may have {LONGEST_BYTES}"
        return
    try:
        parsed = _environment().parse(source)
        _environment().compile(source)
    except TemplateSyntaxError as error:
        yield f"line {error.lineno}: {error.message}"
        return
    except TemplateError as error:
        yield str(error)
        return
    for name in sorted(meta.find_undeclared_variables(parsed) - {"event"}):
        yield f"nobody knows {name!r}; there is `event`, and what belongs to it"
    for node in parsed.find_all((nodes.Getattr, nodes.Include, nodes.Import, nodes.Extends)):
        if not isinstance(node, nodes.Getattr):
            yield f"line {node.lineno}: there are no other templates"
        elif isinstance(node.node, nodes.Name) and node.node.name == "event":
            yield from _unknown(node.attr, node.lineno)


def _unknown(attribute: str, line: int) -> Iterator[str]:
    known = [name for name in (*dir(Event), *Event.__annotations__) if not name.startswith("_")]
    known += ["id", "source", "trigger", "name", "app_id", "conversation_id", "replay"]
    if attribute not in known:
        close = near(attribute, known, most=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        yield f"line {line}: an event has no {attribute!r}{hint}"


def _line(trace: TracebackType | None) -> int | None:
    """The innermost line of the template that an error came through."""
    found = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _said(error: Exception) -> str:
    message = str(error)
    return message if isinstance(error, TemplateError) else f"{type(error).__name__}: {message}"


def _cut(text: str) -> str:
    data = text.encode()
    if len(data) <= LONGEST_BYTES:
        return text
    return f"{data[: LONGEST_BYTES - len('…'.encode())].decode(errors='ignore')}…"
