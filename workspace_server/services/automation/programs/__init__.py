"""Programs that the server or a worker starts: what is kept of their output is bounded, and they end as a whole."""
