"""Carries out the planned faults on media: what a look-up says wrongly, and how a download goes wrong.

Called by `media.py` and `downloads.py`. A fault is on record before the client can notice it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from aiohttp import hdrs, web

from simulator.faults.media_rules import (
    MediaAltered,
    MediaCut,
    MediaDrip,
    MediaError,
    MediaGone,
    MediaLonger,
    MediaRedirect,
    MediaRule,
    MediaShort,
    MediaWrongType,
    Step,
)
from simulator.graph.download import Download
from simulator.media.content import PIECE
from simulator.media.shelf import Media
from simulator.world import World

_DROPS: Final = 20


def struck(world: World, step: Step, media: Media) -> MediaRule | None:
    """The fault that this call meets, if any."""
    active = world.faults.strike_media(step, media.phone_number_id) if world.faults.on_media else None
    if active is None:
        return None
    world.ledger.append(
        "fault",
        fault=active.rule.kind,
        rule=active.place,
        step=step,
        media_id=media.id,
        phone_number_id=media.phone_number_id,
        http=getattr(active.rule, "http", None),
    )
    world.ledger.flush()
    return active.rule


def in_place_of_bytes(rule: MediaRule | None) -> web.Response | None:
    """The answer of a download that brings nothing; None when there are bytes."""
    match rule:
        case MediaGone():
            return web.Response(status=404)
        case MediaError():
            return web.Response(status=rule.http)
        case MediaRedirect():
            return web.Response(status=rule.http, headers={hdrs.LOCATION: rule.location})
    return None


def spoiled(rule: MediaRule | None, download: Download, *, size: int) -> Download:
    """What the client gets in place of this download; `size` is that of the media."""
    match rule:
        case MediaAltered():
            return replace(download, pieces=_altered(download.pieces, size))
        case MediaCut():
            return replace(download, pieces=_first(download.pieces, size // 2), is_cut=True)
        case MediaShort():
            return replace(download, pieces=_first(download.pieces, size // 2), length=size // 2)
        case MediaLonger():
            length = size + rule.bytes if rule.told else None
            return replace(download, pieces=_with_more(download.pieces, rule.bytes), length=length)
        case MediaWrongType():
            return replace(download, headers={**download.headers, hdrs.CONTENT_TYPE: rule.content_type})
        case MediaDrip():
            return replace(download, pieces=_drops(download.pieces, -(-size // _DROPS)), lasts_s=rule.seconds)
    return download


def _first(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _altered(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        size -= len(piece)
        yield piece if size else piece[:-1] + bytes((piece[-1] ^ 1,))


def _with_more(pieces: Iterator[bytes], more: int) -> Iterator[bytes]:
    yield from pieces
    for start in range(0, more, PIECE):
        yield b"." * min(PIECE, more - start)


def _drops(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), size):
            yield piece[start : start + size]
