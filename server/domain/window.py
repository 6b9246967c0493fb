"""The customer service window: 24 hours from a person's last message to a number (Meta: messages, service window)."""

from datetime import datetime, timedelta

LENGTH = timedelta(hours=24)


def closes_at(last_inbound_at: datetime | None) -> datetime | None:
    """When the window closes or has closed; None when it was never open."""
    return None if last_inbound_at is None else last_inbound_at + LENGTH


def is_open(last_inbound_at: datetime | None, at: datetime) -> bool:
    """Whether free-form messages may be sent at that instant."""
    return last_inbound_at is not None and at < last_inbound_at + LENGTH
