"""What a message holds, by type: the objects inside commands. `schemas.outbound` puts them into their envelopes.

The spelling is Meta's, so that Meta's documentation applies; the rules are Meta's limits, each named with its source.
"""
