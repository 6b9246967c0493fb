"""The tables as SQLAlchemy sees them. The schema itself is made by `server.migrations`; a test compares the two."""
