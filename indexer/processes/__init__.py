"""Extraction in child processes, which may crash, hang and be taken over without harm to who started them.

Import :class:`indexer.processes.in_processes.InProcesses`; the other modules are its two sides and what they say.
"""
