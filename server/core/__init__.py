"""Foundations without a domain word: configuration, databases, logs, time, ids, cryptography."""
