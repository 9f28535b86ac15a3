"""The hub's application: it loads states, asks the rules, and turns what they decide into messages, timers and entries.

It runs on the store's thread inside the engine's one transaction; the rules themselves know none of that.
"""

from hub.casework.application import Casework, admits

__all__ = ["Casework", "admits"]
