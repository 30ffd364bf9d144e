"""Room for a second source: a toy one that signs its bodies, which are no JSON."""

import hashlib
import hmac
from typing import Any, ClassVar

import pytest
from flask.testing import FlaskClient

from comethooks.schemas import Parsed
from comethooks.schemas.triggers.identity import digest
from comethooks.webhooks.app import create_app
from comethooks.webhooks.sources import Glance, Headers, NotAuthenticatedError, Refusal, Source
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import event_of
from tests.application import Kept, MakeSettings
from tests.redis_server import RedisServer
from tests.webhooks.samples import authorization, message, raw

KEY = b"what the toy shop and we know"


class Toys(Source):
    """Sends lines such as `sold;shop-1;ada;bear;1800000000`."""

    name: ClassVar[str] = "toys"
    kept_headers: ClassVar[tuple[str, ...]] = ("x-toys-delivery",)
    signs_bodies: ClassVar[bool] = True
    wanted: ClassVar[str] = "a signature in X-Toys-Signature"

    def authenticate(self, headers: Headers, raw: bytes) -> str:
        signature = headers.get("x-toys-signature") or ""
        if not hmac.compare_digest(signature.encode(), signed(raw).encode()):
            raise NotAuthenticatedError("the signature is not that of the body")
        return "toys"

    def decode(self, raw: bytes) -> Any:
        return raw.decode("ascii").split(";")

    def parse(self, body: Any, raw: bytes) -> Parsed:
        trigger, shop, buyer, toy, at = body
        return Parsed(
            trigger=trigger,
            name=f"toy.{trigger}",
            app_id=shop,
            conversation_id=f"counter-{shop}",
            sender=buyer,
            occurred_at=int(at) * 1000,
            key=f"counter-{shop}",
            duplicate_key=digest((shop, toy)),
            duplicate_key_has_time=True,
        )

    def refuse(self, error: Exception) -> Refusal | None:
        if isinstance(error, ValueError):
            return Refusal(422, "no line of a toy shop", "Write trigger;shop;buyer;toy;seconds.")
        return None

    def glance(self, raw: bytes) -> Glance:
        return Glance(raw.partition(b";")[0].decode("ascii", "replace"))


def signed(body: bytes) -> str:
    return hmac.new(KEY, body, hashlib.sha256).hexdigest()


def line(
    trigger: str = "sold", shop: str = "shop-1", buyer: str = "ada", toy: str = "bear"
) -> bytes:
    return f"{trigger};{shop};{buyer};{toy};1800000000".encode()


@pytest.fixture
def client(make_settings: MakeSettings) -> FlaskClient:
    return create_app(make_settings(), others=[Toys()]).test_client()


def send(client: FlaskClient, body: bytes, **headers: str) -> Any:
    named = {"X-Toys-Signature": signed(body), "Content-Type": "text/plain", **headers}
    return client.post("/webhooks/toys", data=body, headers=named)


class TestPath:
    def test_each_source_has_its_own_and_cometchat_two(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        """What came where is kept under the name of its source."""
        assert send(client, line()).status_code == 200
        for path in ("/webhooks", "/webhooks/cometchat"):
            body = raw(message(id=path))
            sent = client.post(path, data=body, headers={"Authorization": authorization()})
            assert sent.status_code == 200
        assert sorted(record.source for record in kept()) == ["cometchat", "cometchat", "toys"]

    def test_a_source_that_nobody_is_has_none(self, client: FlaskClient) -> None:
        """The answer is a problem document."""
        assert client.post("/webhooks/somebody", data=b"{}").status_code == 404

    def test_two_of_one_name_are_refused(self, make_settings: MakeSettings) -> None:
        """Whoever starts the service is told."""
        with pytest.raises(ValueError, match="same name: cometchat, toys, toys"):
            create_app(make_settings(), others=[Toys(), Toys()])


class TestAuthentication:
    def test_is_by_the_source_and_its_body(self, client: FlaskClient, kept: Kept) -> None:
        """CometChat's credentials are no use to it, and a body that was changed is not accepted."""
        refused = send(
            client,
            line(),
            **{"X-Toys-Signature": signed(b"other"), "Authorization": authorization()},
        )
        assert refused.status_code == 401
        assert "send a signature in X-Toys-Signature" in refused.json["detail"]
        assert "WWW-Authenticate" not in refused.headers
        assert [(record.status, record.source, record.body) for record in kept()] == [
            (401, "toys", b"")
        ]


class TestRecord:
    def test_holds_what_the_source_says_and_the_headers_that_it_lists(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        """The bytes are kept as they came, and no other header is."""
        send(client, line(), **{"X-Toys-Delivery": "d-17", "X-Other": "no"})
        [record] = kept()
        assert (record.trigger, record.name, record.app_id) == ("sold", "toy.sold", "shop-1")
        assert (record.conversation_id, record.sender) == ("counter-shop-1", "ada")
        assert record.body == line()
        assert record.headers["x-toys-delivery"] == "d-17"
        assert record.headers["credential"] == "toys"
        assert set(record.headers) <= {
            "content_type",
            "remote_address",
            "user_agent",
            "credential",
            "x-toys-delivery",
        }

    def test_a_conversation_of_the_same_name_elsewhere_is_another(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        """The key that orders events has the source in it."""
        send(client, line())
        assert kept()[0].key == "toys:counter-shop-1"

    def test_duplicates_are_told_by_the_sources_own_key(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        """The same toy is the same event, whoever buys it."""
        first, second = send(client, line()), send(client, line(buyer="ben"))
        assert second.json == {"id": first.json["id"], "duplicate": True}
        assert "duplicate" not in send(client, line(toy="train")).json

    def test_what_the_source_refuses_is_kept_with_its_words(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        """With the status that it says."""
        refused = send(client, b"sold;nothing")
        assert (refused.status_code, refused.json["detail"]) == (
            422,
            "Write trigger;shop;buyer;toy;seconds.",
        )
        [record] = kept()
        assert (record.source, record.trigger, record.reason) == (
            "toys",
            "sold",
            "no line of a toy shop",
        )
        assert record.body == b"sold;nothing"

    def test_an_error_that_the_source_cannot_explain_is_ours(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        """The body is kept all the same."""
        assert send(client, "sold;x;y;z;8\ufe0f".encode()).status_code in (422, 500)
        assert len(kept()) == 1


class TestHandlers:
    @pytest.mark.parametrize(
        "pattern, fits",
        [
            ("*", False),
            ("sold", False),
            ("toy.sold", False),
            ("toys:*", True),
            ("toys:sold", True),
            ("toys:toy.*", True),
            ("cometchat:sold", False),
            ("shop:*", False),
        ],
    )
    def test_only_those_that_name_the_source_get_its_events(self, pattern: str, fits: bool) -> None:
        """An unqualified pattern means CometChat."""
        plugin = Plugin("shop")
        plugin.on(pattern)(nothing)
        assert plugin.handlers[0].matches("sold", "toy.sold", "toys") is fits

    def test_an_event_has_the_bytes_as_they_came(
        self, client: FlaskClient, kept: Kept, redis_server: RedisServer
    ) -> None:
        """What is CometChat's own is None on it."""
        send(client, line())
        event = event_of(kept()[0])
        assert (event.source, event.raw) == ("toys", line())
        assert (event.name, event.conversation_id, event.app_id) == (
            "toy.sold",
            "counter-shop-1",
            "shop-1",
        )


def nothing(event: Any, ctx: Any) -> None:
    """A handler that does nothing."""
