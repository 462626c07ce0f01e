"""Whom a firing is handed to: one module per kind of target. `running.py` says which kinds this server has."""
