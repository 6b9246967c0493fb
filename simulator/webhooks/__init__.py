"""Signed webhooks from the simulated Meta to the callbacks of its apps."""
