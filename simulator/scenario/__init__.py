"""Scenarios: small YAML files that set a simulated world up and let things happen in it by themselves."""
