"""Which words stop and restart marketing, and that others do not."""

import pytest

from server.domain.consent import START, STOP, ConsentState, UnknownLanguage, plain, words_of

ALL = words_of("all")
REVOKED, GRANTED = ConsentState.REVOKED, ConsentState.GRANTED


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        *(("STOP", REVOKED), (" stop! ", REVOKED), ("“Stop”.", REVOKED), ("ＳＴＯＰ", REVOKED), ("Stop  all", REVOKED)),
        *(("désabonner", REVOKED), ("de\u0301sabonner", REVOKED), ("СТОП", REVOKED), ("توقف", REVOKED)),
        *(("Start", GRANTED), ("unstop", GRANTED), ("abonnieren 🙂", GRANTED)),
        *(("stop by at nine", None), ("don't stop", None), ("", None), ("🙂", None), ("stop" * 30, None)),
    ],
)
def test_a_text_counts_when_it_is_nothing_else(text: str, meaning: ConsentState | None) -> None:
    assert ALL.meaning(text) is meaning


@pytest.mark.parametrize(
    ("kind", "content", "meaning"),
    [
        ("text", {"body": "Stop"}, REVOKED),
        ("button", {"text": "No more offers", "payload": "STOP"}, REVOKED),
        ("interactive", {"button_reply": {"id": "x", "title": "Start"}}, GRANTED),
        ("interactive", {"button_reply": "stop"}, None),
        ("interactive", {"nfm_reply": {}}, None),
        ("text", {"body": ["stop"]}, None),
        ("image", {"caption": "stop"}, None),
    ],
)
def test_buttons_count_as_texts_do(kind: str, content: dict, meaning: ConsentState | None) -> None:
    assert ALL.of_message(kind, content) is meaning


def test_languages_are_chosen_and_words_are_added() -> None:
    chosen = words_of("en, de", stop="genug, basta!", start="los")
    assert [chosen.meaning(word) for word in ("stop", "abmelden", "baja", "Basta", "LOS")] == [
        REVOKED,
        REVOKED,
        None,
        REVOKED,
        GRANTED,
    ]
    assert words_of("none", stop="genug").meaning("stop") is None
    with pytest.raises(UnknownLanguage, match="there are no words of xx; known are ar, de, en"):
        words_of("en,xx")


def test_no_word_means_both_in_any_two_languages() -> None:
    assert STOP.keys() == START.keys()
    assert ALL.stop & ALL.start == set()
    assert all(plain(word) for words in (*STOP.values(), *START.values()) for word in words)
