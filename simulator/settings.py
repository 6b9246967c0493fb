"""What can be changed while the simulator runs, by `PUT /_sim/settings`; kept with the configuration.

Read at each use by the webhook sender, the carrier and the Graph endpoints. The seed and the time scale
belong to a run and are given on the command line.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from simulator.delays import Delay, Seconds

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]

Mode = Literal["enforce", "record", "off"]


class LimitModes(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """`enforce`: refuse as Meta does; `record`: let it pass and write it into the ledger; `off`: do not count."""

    throughput: Mode = "enforce"
    pair: Mode = "enforce"
    messaging: Mode = "enforce"
    calls: Mode = "enforce"


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Times are simulated seconds, except `webhook_window_s` and `webhook_timeout_s`, which are real.

    `closed_window` says what happens to free-form messages outside the customer service window, for which
    Meta documents both ways: `refuse` (HTTP 400), `fail` (accepted, then a failed status) or `allow`.
    Of the retries of webhooks Meta publishes only the shape (at once, then ever more rarely) and the end after
    7 days (Meta: webhooks, retries); the steps between are ours. The last step repeats.
    `media_lives_s`, `inbound_media_lives_s` and `media_url_lives_s` are real, as the window is (Meta: media reference).
    `media_url_in_webhooks`: Meta has begun to put the `url` of media into webhooks; not everybody gets it.
    Limits count in points in time. What exceeding the messaging limit is answered with Meta does not document, nor the
    number of calls that an app has on all accounts together: these are ours.
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
    sent_delay_s: Delay = (0.05, 0.3)
    delivered_delay_s: Delay = (0.1, 0.5)
    closed_window: Literal["refuse", "fail", "allow"] = "refuse"
    media_lives_s: Annotated[float, msgspec.Meta(gt=0)] = 30 * 86_400.0
    inbound_media_lives_s: Annotated[float, msgspec.Meta(gt=0)] = 7 * 86_400.0
    media_url_lives_s: Annotated[float, msgspec.Meta(gt=0)] = 300.0
    media_url_in_webhooks: bool = False
    limits: LimitModes = LimitModes()
    pair_interval_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 6.0
    pair_burst: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 45
    pair_burst_window_s: Seconds = 6.0
    over_messaging_limit: Literal["refuse", "fail"] = "refuse"
    messaging_limit_code: Literal[131048, 131049, 131000] = 131048
    account_calls_per_hour: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 5000
    account_calls_per_hour_without_number: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 200
    app_calls_per_hour: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 20_000
    limits_grow: bool = True
    messaging_limit_grows_after_s: Seconds = 6 * 3600.0
    upgrade_lasts_s: Seconds = 60.0
    marketing_a_person_a_day: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    marketing_capped_share: Share = 0.0
    experiment_share: Share = 0.0
    pacing_share: Share = 0.0
    pacing_s: Delay = (60.0, 3600.0)
    pacing_dropped_share: Share = 0.0
    template_pauses_s: tuple[Seconds, ...] = (3 * 3600.0, 6 * 3600.0)
