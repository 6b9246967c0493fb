"""Queries, one file a table family. Functions take a connection; services own the transaction."""
