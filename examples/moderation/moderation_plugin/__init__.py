"""Flags messages that hold a word of a list, by an event of its own."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from marshmallow import fields

from comethooks import Context, MessageEvent, Plugin, Stop

plugin = Plugin(
    "word_list",
    config={
        "words": fields.List(fields.Str(), load_default=()),
        "path": fields.Str(load_default=None),
    },
)


@plugin.on("message.sent", "message.edited", replay="safe")
def check(event: MessageEvent, ctx: Context) -> None:
    """Emit `word_list.flagged` for a message with listed words, when it is new and whenever it is
    edited.

    The further `message_sent` that follow an edit are no `message.sent`, so they flag nothing a
    second time.
    """
    message = event.message
    if not message.text:
        return
    found = listed_in(message.text, tuple(ctx.config.words) + _words_of(ctx.config.path))
    if found:
        flag = {
            "message_id": message.id,
            "sender": message.sender.uid,
            "words": found,
            "edited": event.edited,
        }
        ctx.emit("flagged", flag)


def listed_in(text: str, words: tuple[str, ...]) -> list[str]:
    """Which of `words` stand in `text` as words, in any case and width of letters."""
    plain = _plain(text)
    return sorted(
        {word for word in words if re.search(rf"(?<!\w){re.escape(_plain(word))}(?!\w)", plain)}
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _words_of(path: str | None) -> tuple[str, ...]:
    """The words in a file, one a line; read again once it has changed."""
    if path is None:
        return ()
    try:
        return _read(path, Path(path).stat().st_mtime_ns)
    except OSError as error:
        raise Stop(f"the list of words cannot be read: {error.strerror}") from None


@lru_cache(maxsize=8)
def _read(path: str, changed: int) -> tuple[str, ...]:
    lines = (line.strip() for line in Path(path).read_text("utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))
