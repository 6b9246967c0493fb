"""By when a message that Meta took must have been delivered. Meta drops it silently after its time to live. Pure.

`repositories/sql/settle_accepted.sql` writes deadlines by these figures.
"""

from datetime import timedelta

USUAL_TTL = timedelta(days=30)
"""Meta: time to live of messages that have no other."""
PASSWORD_TTL = timedelta(minutes=10)
"""Meta: the same of authentication templates and of Direct Send's authentication messages."""
BUFFER = timedelta(minutes=10)
"""A delivery of the last moment takes a while to be told."""
LATE_ACCEPTANCE = timedelta(days=1)
"""What Meta took later than this after we did has a deadline of its own: it is not among its day's messages."""
