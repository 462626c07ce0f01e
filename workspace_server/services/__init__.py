"""Use cases: each owns its transaction and is called by every face alike."""
