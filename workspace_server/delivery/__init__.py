"""The one guarded door for outgoing HTTP."""
