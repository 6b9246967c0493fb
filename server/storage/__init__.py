"""Where files are kept: a folder, or a store of objects in somebody's cloud. Called by services; knows no table."""

from server.storage.objects import ObjectMissing, Objects, StorageAway, StorageUrlInvalid, open_url

__all__ = ["ObjectMissing", "Objects", "StorageAway", "StorageUrlInvalid", "open_url"]
