"""The `value` objects of webhooks, one module for each family of fields; `fields.py` lists them all.

Pure; called by the emitter, the phones and the control API. A value is a msgspec struct whose attributes are the
keys that Meta documents, so that what may be told is typed and nothing else can be said by mistake.
"""
