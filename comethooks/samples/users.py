"""What people do that is no message: block each other, come and go."""

from comethooks.samples.scene import Json, Scene, brief, user

_PLATFORMS = ("javascript", "android", "ios")


def blocked(scene: Scene) -> Json:
    """The sender blocks somebody, or no longer does. There is no time in it, so it is somebody new
    each time.
    """
    scene = scene.with_guest()
    return {"users": {scene.receiver.id: brief(scene.other)}, "by": brief(scene.sender)}


def presence(scene: Scene) -> Json:
    """A connection of the sender was opened, or closed. All times are in milliseconds."""
    online, since = _connection(scene)
    status = "online" if online else "offline"
    return {
        "timestamp": scene.milliseconds,
        "user": user(scene, scene.sender, status=status),
        "status": status,
        "currentConnection": {
            "action": "connected" if online else "disconnected",
            "platform": scene.random.choice(_PLATFORMS),
            "connectedAt": since,
        },
        "userPresenceChanged": True,
    }


def legacy_presence(scene: Scene) -> Json:
    """The same as legacy webhooks write it."""
    online, since = _connection(scene)
    connection = {
        "connected_at": since,
        "cometchat_device_id": scene.token(),
        "session_id": scene.token(),
        "platform": scene.random.choice(("android", "ios", "web")),
    }
    return {
        "user": {
            "uid": scene.sender.uid,
            "status": "online" if online else "offline",
            "status_updated": True,
            "status_updated_at": scene.milliseconds,
        },
        "event": {
            "type": "connected" if online else "disconnected",
            "at": scene.milliseconds,
            "event_for": connection,
        },
        "connections": [connection] if online else [],
    }


def _connection(scene: Scene) -> tuple[bool, int]:
    """Whether it was opened just now or closed, and when it was opened (ms)."""
    online = scene.random.random() < 0.5
    return online, scene.milliseconds - scene.random.randrange(20, 800 if online else 3_600_000)
