"""The folder on disk and the database, kept together: take in, materialise, reconcile, recover."""
