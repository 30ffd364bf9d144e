"""What a receiving program needs: who may send."""

import base64
import hmac
import os

_WANTED = "Basic " + base64.b64encode(os.environ["PEER_CREDENTIALS"].encode()).decode()


def authorized(header: str) -> bool:
    """Whether the header `Authorization` has the credentials that CometChat would send."""
    return hmac.compare_digest(header.encode(), _WANTED.encode())
