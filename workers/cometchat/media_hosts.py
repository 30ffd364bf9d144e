"""From where files of messages are fetched. Their URLs stand in messages, which anybody writes."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from comethooks.workers.settings.addresses import LOOPBACK

if TYPE_CHECKING:
    import httpx

HOSTS = ("cometchat.io",)
"""CometChat's, with all below them but those of its APIs. A setting adds others, each by itself."""
API_LABEL = "api"
"""How a label of a name begins that leads to an API: `1234.api-eu.cometchat.io`."""
HTTPS_PORT = 443


def problem_with(url: "httpx.URL", others: Collection[str]) -> str | None:
    """Why nothing is fetched from `url`, in words; None when it may be. `others` are the hosts of
    the setting, each with its port if that is not the usual one.
    """
    host, port = url.host.removesuffix("."), url.port
    if url.userinfo:
        return "it holds a user"
    named = host if port is None else f"{host}:{port}"
    is_other = named in others
    if url.scheme != "https" and not (url.scheme == "http" and is_other and host in LOOPBACK):
        return "it is not https"
    if is_other:
        return None
    is_ours = any(host == each or host.endswith(f".{each}") for each in HOSTS)
    if not is_ours or port not in (None, HTTPS_PORT):
        return f"{named or 'it'} is none of CometChat's hosts; COMETCHAT_MEDIA_HOSTS adds others"
    if any(label.startswith(API_LABEL) for label in host.split(".")):
        return f"{host} is an API, which has no files"
    return None
