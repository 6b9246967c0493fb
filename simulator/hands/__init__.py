"""What people do with their phones when they are told to: gestures in a chat, changes of identity, calls.

Called by the control API. What a phone does by itself is in `phones/`; everything here goes through it.
"""
