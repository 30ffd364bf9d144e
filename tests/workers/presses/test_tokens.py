"""Tokens: what is minted is verified, and nothing else is."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comethooks.workers.presses.tokens import (
    MAX_TOKEN,
    InteractionToken,
    WrongTokenError,
    mint,
    verify,
)
from comethooks.workers.settings.interaction_keys import InteractionKey
from tests.looped import looped

OLD, NEW = InteractionKey("old", b"o" * 32), InteractionKey("new", b"n" * 32)
NOW = 1_700_000_000.0
ALPHABET = f"{string.ascii_letters}{string.digits}-_."

texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
scopes = st.one_of(
    st.fixed_dictionaries({"message": texts}),
    st.fixed_dictionaries({"muid": texts}),
    st.fixed_dictionaries({"expires": st.integers(int(NOW) + 1, 2**40)}),
)
tokens = st.builds(
    lambda app, scope, element: InteractionToken(app=app, element=element, **scope),
    texts,
    scopes,
    st.none() | texts,
)


def a_token() -> str:
    return mint([NEW], InteractionToken(app="2345", message="57", element="submit"))


class TestMint:
    @given(token=tokens)
    def test_what_is_minted_says_the_same_when_it_is_verified(
        self, token: InteractionToken
    ) -> None:
        assert verify([NEW], mint([NEW], token), NOW) == token

    def test_the_first_key_signs_and_all_verify(self) -> None:
        """So a key can be changed while messages with the old one are about."""
        of_old, of_new = (mint([key], InteractionToken(app="a", message="1")) for key in (OLD, NEW))
        assert mint([NEW, OLD], InteractionToken(app="a", message="1")) == of_new
        assert verify([NEW, OLD], of_old, NOW) == verify([NEW, OLD], of_new, NOW)

    def test_it_fits_into_the_path_of_a_url(self) -> None:
        text = mint([NEW], InteractionToken(app="2345abc", muid="ünïcode/?#", element="a.b c"))
        assert set(text) <= set(ALPHABET)
        assert len(text) <= MAX_TOKEN

    def test_what_would_be_too_long_is_refused_with_what_to_do(self) -> None:
        with pytest.raises(ValueError, match=r"characters, and 200 is the most; use a shorter"):
            mint([NEW], InteractionToken(app="a", muid="x" * 150))

    def test_without_a_key_it_is_said_how_to_get_one(self) -> None:
        with pytest.raises(ValueError, match="set COMETHOOKS_INTERACTION_KEYS=id:secret"):
            mint([], InteractionToken(app="a", message="1"))

    def test_half_a_surrogate_pair_is_refused(self) -> None:
        with pytest.raises(ValueError, match="half of a surrogate pair"):
            mint([NEW], InteractionToken(app="a", message="\ud800"))

    @pytest.mark.parametrize(
        "scope", [{}, {"message": "1", "muid": "2"}, {"message": "1", "expires": 5}]
    )
    def test_a_token_has_exactly_one_scope(self, scope: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="exactly one of message, muid and expires"):
            InteractionToken(app="a", **scope)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "fields",
        [{"app": "", "message": "1"}, {"app": "a", "message": ""}, {"app": "a", "expires": 0}],
    )
    def test_nothing_in_it_is_empty(self, fields: dict[str, str]) -> None:
        with pytest.raises(ValueError, match="cannot be empty"):
            InteractionToken(**fields)  # type: ignore[arg-type]


class TestVerify:
    @given(data=st.data())
    def test_no_altered_token_is_taken(self, data: st.DataObject) -> None:
        """Not even one that decodes to the same bytes: base64 has bits that do not count."""
        text = a_token()
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, len(text)))
        put = data.draw(st.text(ALPHABET, max_size=4) | st.text(max_size=4))
        altered = text[:start] + put + text[end:]
        if altered != text:
            with pytest.raises(WrongTokenError):
                verify([NEW, OLD], altered, NOW)

    @looped("place", range(len(a_token())))
    def test_every_character_counts(self, place: int) -> None:
        text = a_token()
        for other in ALPHABET:
            if other != text[place]:
                with pytest.raises(WrongTokenError):
                    verify([NEW], text[:place] + other + text[place + 1 :], NOW)

    @given(text=st.text() | st.text(ALPHABET))
    def test_whatever_is_presented_gives_the_same_error(self, text: str) -> None:
        with pytest.raises(WrongTokenError, match=r"^the token proves nothing$"):
            verify([NEW], text, NOW)

    def test_a_token_is_over_at_its_expiry(self) -> None:
        text = mint([NEW], InteractionToken(app="a", expires=int(NOW)))
        assert verify([NEW], text, NOW - 0.5).expires == int(NOW)
        with pytest.raises(WrongTokenError):
            verify([NEW], text, NOW)

    def test_a_key_that_was_taken_out_verifies_nothing(self) -> None:
        with pytest.raises(WrongTokenError):
            verify([OLD], a_token(), NOW)

    def test_another_key_of_the_same_id_verifies_nothing(self) -> None:
        with pytest.raises(WrongTokenError):
            verify([InteractionKey("new", b"x" * 32)], a_token(), NOW)

    def test_the_stand_in_for_an_unknown_key_signs_nothing(self) -> None:
        """Its secret is in the code, where anybody can read it."""
        text = mint([InteractionKey("", bytes(32))], InteractionToken(app="a", message="1"))
        for key_id in ("", "nobody"):
            forged = mint([InteractionKey(key_id, bytes(32))], InteractionToken(app="a", muid="1"))
            with pytest.raises(WrongTokenError):
                verify([NEW], forged, NOW)
        with pytest.raises(WrongTokenError):
            verify([], text, NOW)

    def test_no_key_is_shown(self) -> None:
        assert "oooo" not in f"{OLD!r} {OLD} {[OLD]}"
