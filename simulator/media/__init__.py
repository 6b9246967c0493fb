"""Media at the simulated Meta: what businesses upload and people send, kept until it expires.

`World.media` is the shelf; the Graph endpoints, the phones and the control API use it. Nothing here knows HTTP.
"""

from simulator.media.content import Blob
from simulator.media.kinds import refusal, webhook_object
from simulator.media.shelf import Media, MediaShelf

__all__ = ["Blob", "Media", "MediaShelf", "refusal", "webhook_object"]
