"""The virtual phones of the people: what arrives on them, what people do by themselves, and what they are told to do.

`Phones` is what the carrier and the control API use. How a person behaves is in `state.Behaviour`; nothing here knows
HTTP.
"""

from simulator.phones.phones import Phones

__all__ = ["Phones"]
