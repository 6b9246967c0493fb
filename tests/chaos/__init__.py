"""Processes and servers are killed or stopped; a package, so that the fixtures of its scope end with its last test."""
