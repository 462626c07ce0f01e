"""The only place that knows SQL or touches the working tree."""
