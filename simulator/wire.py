"""JSON exactly as Meta writes it: no spaces, everything above ASCII as `\\uXXXX`, `/` as `\\/`.

Used for webhook bodies, whose very bytes are signed, and for Graph answers (Meta: webhook payload notes).
The ledger and the control API do not use it.
"""

from __future__ import annotations

import json

_encoder = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False)


def dumps(value: object) -> str:
    return _encoder.encode(value).replace("/", "\\/")


def dump_bytes(value: object) -> bytes:
    return dumps(value).encode("ascii")
