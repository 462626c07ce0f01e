"""Facts and passages of a changing set of files, kept by following its log of changes.

A library in its own right: it knows its ports (:mod:`indexer.ports`) and nothing of who calls it.
"""
