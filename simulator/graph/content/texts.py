"""Texts and locations. Called through the table in `types.py`."""

from __future__ import annotations

from simulator.graph.content.sending import Sending
from simulator.graph.parameters import Content, Length, Parameters

TEXT_BODY = Length(4096)  # Meta: text messages

_LATITUDE = (-90.0, 90.0)
_LONGITUDE = (-180.0, 180.0)


def text(message: Parameters, _sending: Sending) -> Content:
    given = message.inner("text")
    given.text("body", TEXT_BODY)
    given.flag("preview_url")
    return given.done()


def location(message: Parameters, _sending: Sending) -> Content:
    """Meta: location messages. Its name and address may be left out; the coordinates may be texts."""
    given = message.inner("location")
    read_location(given)
    return given.done()


def read_location(given: Parameters) -> None:
    given.number("latitude", *_LATITUDE)
    given.number("longitude", *_LONGITUDE)
    given.maybe_text("name")
    given.maybe_text("address")
