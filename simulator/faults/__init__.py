"""Planned misbehaviour of the simulated Meta: the rules, who they strike, and nothing of how it is done."""
