"""What people write to stop and to restart marketing. Pure: which words mean which, and whether a message is one.

A message counts only when it is nothing but such a word, so that "stop by at nine" does not.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ConsentState(StrEnum):
    """What a person says about marketing."""

    GRANTED = "granted"
    REVOKED = "revoked"


STOP: dict[str, tuple[str, ...]] = {
    "ar": ("توقف", "إلغاء الاشتراك"),
    "de": ("stopp", "abmelden", "abbestellen", "keine werbung"),
    "en": ("stop", "stop all", "unsubscribe", "opt out", "opt-out", "stop promotions"),
    "es": ("alto", "baja", "darse de baja", "cancelar suscripción", "no molestar"),
    "fr": ("arrêt", "arreter", "désinscription", "désabonner", "se désabonner"),
    "he": ("הסר", "הסרה"),
    "hi": ("रोकें", "बंद करो"),
    "id": ("berhenti", "berhenti berlangganan"),
    "it": ("annulla iscrizione", "disiscrivimi", "cancellami"),
    "nl": ("afmelden", "uitschrijven"),
    "pl": ("wypisz", "rezygnuję"),
    "pt": ("parar", "sair", "descadastrar", "cancelar inscrição"),
    "ru": ("стоп", "отписаться"),
    "tr": ("dur", "iptal", "abonelikten çık"),
}
START: dict[str, tuple[str, ...]] = {
    "ar": ("ابدأ", "اشتراك"),
    "de": ("anmelden", "abonnieren", "werbung ja"),
    "en": ("start", "unstop", "subscribe", "opt in", "opt-in", "resume"),
    "es": ("alta", "suscribir", "suscribirme"),
    "fr": ("inscription", "s'abonner", "reprendre"),
    "he": ("הצטרף", "הצטרפות"),
    "hi": ("शुरू", "शुरू करें"),
    "id": ("mulai", "berlangganan"),
    "it": ("iscrivimi", "iscriviti"),
    "nl": ("aanmelden", "inschrijven"),
    "pl": ("zapisz", "zapisuję się"),
    "pt": ("inscrever", "cadastrar", "voltar"),
    "ru": ("старт", "подписаться"),
    "tr": ("başla", "abone ol"),
}
EVERY_LANGUAGE, NO_LANGUAGE = "all", "none"
_LONGEST = 80
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True)
class ConsentWords:
    """The words that count, in the form of `plain`."""

    stop: frozenset[str]
    start: frozenset[str]

    def meaning(self, text: str) -> ConsentState | None:
        """What a text means, None for most. What stops wins over what starts."""
        said = plain(text)
        if said in self.stop:
            return ConsentState.REVOKED
        return ConsentState.GRANTED if said in self.start else None

    def of_message(self, kind: str, content: Mapping[str, Any]) -> ConsentState | None:
        """What a person's message means: a text, or a button that they tapped."""
        return next(filter(None, (self.meaning(text) for text in _said(kind, content))), None)


class UnknownLanguage(ValueError):
    """A language without a list of words; says which, and which there are."""


NO_WORDS = ConsentWords(frozenset(), frozenset())


def words_of(languages: str, *, stop: str = "", start: str = "") -> ConsentWords:
    """The words of some languages, EVERY_LANGUAGE or NO_LANGUAGE, and others; all lists with commas between.

    Raises UnknownLanguage.
    """
    chosen = {EVERY_LANGUAGE: set(STOP), NO_LANGUAGE: set()}.get(languages, set(_listed(languages)))
    if unknown := sorted(chosen - set(STOP)):
        raise UnknownLanguage(f"there are no words of {', '.join(unknown)}; known are {', '.join(sorted(STOP))}")
    return _words_of(chosen, _listed(stop), _listed(start))


def _words_of(chosen: set[str], stop: list[str], start: list[str]) -> ConsentWords:
    return ConsentWords(
        frozenset(plain(word) for words in (*(STOP[one] for one in chosen), stop) for word in words) - {""},
        frozenset(plain(word) for words in (*(START[one] for one in chosen), start) for word in words) - {""},
    )


def plain(text: str) -> str:
    """In one case and spelling of accents, without repeated spaces or signs around it. Empty when it is too long."""
    if len(text) > _LONGEST:
        return ""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _AROUND.sub("", " ".join(folded.split()))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _said(kind: str, content: Mapping[str, Any]) -> list[str]:
    match kind:
        case "text":
            found = [content.get("body")]
        case "button":
            found = [content.get("text"), content.get("payload")]
        case "interactive":
            reply = content.get("button_reply")
            found = [reply.get("title"), reply.get("id")] if isinstance(reply, dict) else []
        case _:
            found = []
    return [text for text in found if isinstance(text, str)]
