"""Figures by a plain count over exported events: no tables, no deltas, nothing that adds up.

It reads bodies as CometChat writes them, and shares no code with what is tested.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Line = Mapping[str, Any]
Labels = tuple[str, ...]
Key = tuple[str, str, str, str, Labels]
"""Metric, size, beginning of the bucket as ISO text, app, labels."""

DAY_S = 86_400
YEAR_2000 = 946_684_800
_CALLS = {
    "call.initiated": "calls.started",
    "meeting.started": "calls.started",
    "call.started": "calls.answered",
    "call.unanswered": "calls.missed",
    "call.rejected": "calls.rejected",
    "call.cancelled": "calls.cancelled",
    "call.busy": "calls.busy",
}
_MEMBERS = {
    f"group.member_{what}": f"members.{what}"
    for what in ("joined", "added", "left", "kicked", "banned")
}
_ONE_EACH = {
    "reaction.added": "reactions.added",
    "reaction.removed": "reactions.removed",
    "group.created": "groups.created",
}
_CHANGES = {"message.sent": "sent", "message.edited": "edited", "message.deleted": "deleted"}
_VERDICTS = {
    "moderation.approved": "approved",
    "moderation.blocked": "disapproved",
    "moderation.manually_approved": "approved",
}
_RECEIPTS = {"receipt.delivered": "delivered", "receipt.read": "read"}


def plain_figures(lines: Iterable[Line]) -> dict[Key, float]:
    """Every figure of the events that these exported lines are; quantiles are exact."""
    events = list(lines)
    sums: Counter[Key] = Counter()
    active: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for line in events:
        at, app = counted_at(line), line["app_id"] or ""
        for metric, labels, value in _counted(line):
            for size in ("minute", "hour", "day"):
                sums[metric, size, bucket(size, at), app, labels] += value
        if (user := _active(line)) is not None:
            for size in ("hour", "day", "month"):
                active[size, bucket(size, at), app].add(user)
    figures: dict[Key, float] = {key: value for key, value in sums.items() if value}
    for (size, start, app), users in active.items():
        figures["users.active", size, start, app, ()] = len(users)
    return figures | _latencies(events) | _peaks(events)


def bucket(size: str, at: datetime) -> str:
    """When the bucket begins."""
    zeros = {"minute": {}, "hour": {"minute": 0}, "day": {"minute": 0, "hour": 0}}
    zeros["month"] = {**zeros["day"], "day": 1}
    return at.replace(second=0, microsecond=0, **zeros[size]).strftime("%Y-%m-%dT%H:%MZ")


def happened_at(line: Line) -> datetime | None:
    """When it happened, unless it says so of a time that cannot be: before the year 2000, or more
    than a day after it was received.
    """
    if line["occurred_at"] is None:
        return None
    occurred, received = map(_time, (line["occurred_at"], line["received_at"]))
    ahead = (occurred - received).total_seconds()
    return occurred if occurred.year >= 2000 and ahead <= DAY_S else None


def counted_at(line: Line) -> datetime:
    """In which time it counts."""
    return happened_at(line) or _time(line["received_at"])


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _counted(line: Line) -> Iterator[tuple[str, Labels, float]]:
    """What an event counts for by itself."""
    name, body = line["name"], json.loads(line["body"])
    data = body["data"] if isinstance(body.get("data"), dict) else {}
    yield "events", (line["trigger"],), 1
    if line.get("decision"):
        agreed = [vote for vote in line["votes"] if vote["verdict"] == line["decision"]]
        deciders = [vote["decider"] for vote in agreed if not vote["shadow"]]
        yield "moderation.decided", (deciders[0] if deciders else "none", line["decision"]), 1
    if name in _ONE_EACH:
        yield _ONE_EACH[name], (), 1
    elif name in _CHANGES:
        message = _message(data)
        category, kind = _label(message.get("category")), _label(message.get("type"))
        yield f"messages.{_CHANGES[name]}", (category, kind, _kind(line)), 1
        if name == "message.sent" and category in ("interactive", "card"):
            yield "interactions.sent", ("card" if category == "card" else kind,), 1
    elif name in _RECEIPTS:
        yield f"receipts.{_RECEIPTS[name]}", (_kind(line),), 1
    elif name in _MEMBERS:
        yield _MEMBERS[name], (), max(1, len(data.get("members") or ()))
    elif name in _CALLS:
        yield _CALLS[name], _call(line, body, data), 1
    elif name in ("call.ended", "meeting.ended"):
        if data.get("created_at") and data.get("destroyed_at"):
            lasted = _seconds(data["destroyed_at"]) - _seconds(data["created_at"])
            yield "calls.seconds", _call(line, body, data), max(0, lasted)
    elif name == "user.presence":
        yield from _presence(data)
    elif name == "interaction.received":
        yield "interactions.interacted", (_label(data.get("messageType")),), 1
    elif name in _VERDICTS:
        told = (_message(data).get("data") or {}).get("moderation") or {}
        rules = [each["rule"]["id"] for each in data.get("moderation") or () if each.get("rule")]
        verdict = told.get("status") or _VERDICTS[name]
        yield "moderation.decided", (rules[0] if rules else "none", verdict), 1
    elif name == "moderation.failed":
        rules = [each["context"].get("rule") for each in data.get("failures") or ()]
        known = [rule["id"] for rule in rules if rule]
        yield "moderation.failed", (known[0] if known else "none", _label(data.get("outcome"))), 1


def _message(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message that is told of: of an action that edits or deletes one, that one."""
    message: Mapping[str, Any] = data.get("message", data)
    inner = message.get("data") or {}
    if message.get("category") != "action" or inner.get("action") not in ("edited", "deleted"):
        return message
    changed: Mapping[str, Any] = inner["entities"]["on"]["entity"]
    return changed


def _presence(data: Mapping[str, Any]) -> Iterator[tuple[str, Labels, float]]:
    current, event = data.get("currentConnection"), data.get("event") or {}
    connection = current or event.get("event_for") or {}
    action = (current or {}).get("action") or event.get("type")
    if action != "disconnected":
        return
    platform = (_label(connection.get("platform")),)
    yield "presence.sessions", platform, 1
    began = connection.get("connectedAt") or connection.get("connected_at")
    ended = data.get("timestamp") or event.get("at")
    if began and ended and _seconds(began) >= YEAR_2000:
        yield "presence.seconds", platform, max(0, _seconds(ended) - _seconds(began))


def _call(line: Line, body: Mapping[str, Any], data: Mapping[str, Any]) -> Labels:
    """The labels of a call: one that rings is told like a message or by itself, others by their
    session.
    """
    call = data.get("call", data)
    entities = call["data"]["entities"] if "data" in call else {}
    entity = entities["on"]["entity"] if entities else call
    return _label(entity.get("type") or call.get("type") or body.get("type")), _kind(line)


def _kind(line: Line) -> str:
    conversation = line["conversation_id"]
    if conversation is None:
        return "unknown"
    return "group" if conversation.startswith("group_") else "user"


def _label(value: Any) -> str:
    return value[:100] if isinstance(value, str) and value else "unknown"


def _seconds(value: Any) -> float:
    """A time in seconds, which some bodies write in milliseconds, and some as text."""
    number = float(value)
    return number / 1000 if number > 1e11 else number


def _active(line: Line) -> str | None:
    if line["name"] not in ("message.sent", "reaction.added", "call.initiated"):
        return None
    data, sender = json.loads(line["body"])["data"], line["sender"]
    acted = line["name"] == "message.sent" and _message(data).get("category") == "action"
    return None if acted else sender


def _latencies(events: list[Line]) -> dict[Key, float]:
    """For each receipt how long after the message it came; exact quantiles of that."""
    sent: dict[tuple[str, str], datetime] = {}
    for line in events:
        if line["name"] == "message.sent" and (at := happened_at(line)) is not None:
            message = line["app_id"], str(_message(json.loads(line["body"])["data"]).get("id"))
            sent[message] = min(at, sent.get(message, at))
    measured: defaultdict[tuple[str, str, str, str, str], list[float]] = defaultdict(list)
    unknown: Counter[Key] = Counter()
    for line in events:
        if line["name"] not in _RECEIPTS:
            continue
        data, app = json.loads(line["body"])["data"], line["app_id"] or ""
        message_id = str(data.get("body", data).get("messageId"))
        began, ended = sent.get((line["app_id"], message_id)), happened_at(line)
        took = (ended - began).total_seconds() if began and ended else None
        for size in ("minute", "hour", "day"):
            start = bucket(size, counted_at(line))
            if took is None or took > 7 * DAY_S:
                unknown["latency.unknown", size, start, app, (_kind(line),)] += 1
            else:
                metric = f"latency.{_RECEIPTS[line['name']]}"
                measured[metric, size, start, app, _kind(line)].append(max(0.0, took))
    figures: dict[Key, float] = dict(unknown)
    for (metric, size, start, app, kind), values in measured.items():
        for quantile in (0.5, 0.9, 0.99):
            place = max(1, math.ceil(quantile * len(values)))
            figures[metric, size, start, app, (kind, str(quantile))] = sorted(values)[place - 1]
    return figures


def _peaks(events: list[Line]) -> dict[Key, float]:
    """How many connections were open at the full five minutes, each looked at by itself."""
    open_at: Counter[tuple[int, str, Labels]] = Counter()
    for line in events:
        if line["name"] != "user.presence" or (until := happened_at(line)) is None:
            continue
        counted = {metric: (labels, value) for metric, labels, value in _counted(line)}
        if "presence.seconds" not in counted:
            continue
        platform, lasted = counted["presence.seconds"]
        ended = until.timestamp()
        at = math.ceil((ended - min(lasted, 7 * DAY_S)) / 300) * 300
        while at < ended:
            open_at[at, line["app_id"] or "", platform] += 1
            at += 300
    figures: dict[Key, float] = {}
    for (at, app, platform), number in open_at.items():
        for size in ("hour", "day"):
            start = bucket(size, datetime.fromtimestamp(at, UTC))
            key = ("presence.peak", size, start, app, platform)
            figures[key] = max(number, figures.get(key, 0))
    return figures
