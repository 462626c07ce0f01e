"""How deliveries leave: what each kind says, when which one is tried, and what comes of an attempt."""
