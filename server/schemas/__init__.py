"""Shapes: commands, events and the API's requests and answers."""
