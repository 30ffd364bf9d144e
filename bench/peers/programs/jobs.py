"""The job of the naive way with RQ, where its workers can import it."""


def handle(body: dict) -> None:
    """Read the text, as the measured handler of comethooks does."""
    len(body["data"]["message"]["data"]["text"])
