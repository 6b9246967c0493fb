"""What can be changed while the simulator runs, by `PUT /_sim/settings`; kept with the configuration.

Read at each use by the webhook sender, the carrier and the Graph endpoints. The seed and the time scale
belong to a run and are given on the command line.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Range = tuple[Seconds, Seconds]


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Times are simulated seconds, except `webhook_window_s` and `webhook_timeout_s`, which are real.

    `closed_window` says what happens to free-form messages outside the customer service window, for which
    Meta documents both ways: `refuse` (HTTP 400), `fail` (accepted, then a failed status) or `allow`.
    Of the retries of webhooks Meta publishes only the shape (at once, then ever more rarely) and the end after
    7 days (Meta: webhooks, retries); the steps between are ours. The last step repeats.
    `media_lives_s`, `inbound_media_lives_s` and `media_url_lives_s` are real, as the window is (Meta: media reference).
    `media_url_in_webhooks`: Meta has begun to put the `url` of media into webhooks; not everybody gets it.
    """

    webhook_batch: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    webhook_window_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 0.01
    webhook_concurrency: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20
    webhook_timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0
    webhook_retry_steps_s: Annotated[tuple[Seconds, ...], msgspec.Meta(min_length=1, max_length=100)] = (
        *(0.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0),
        3600.0,
    )
    webhook_give_up_s: Annotated[float, msgspec.Meta(ge=0, le=30 * 86_400)] = 7 * 86_400.0
    sent_delay_s: Range = (0.05, 0.3)
    delivered_delay_s: Range = (0.1, 0.5)
    closed_window: Literal["refuse", "fail", "allow"] = "refuse"
    media_lives_s: Annotated[float, msgspec.Meta(gt=0)] = 30 * 86_400.0
    inbound_media_lives_s: Annotated[float, msgspec.Meta(gt=0)] = 7 * 86_400.0
    media_url_lives_s: Annotated[float, msgspec.Meta(gt=0)] = 300.0
    media_url_in_webhooks: bool = False
