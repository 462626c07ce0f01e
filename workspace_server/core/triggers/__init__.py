"""What a trigger is: its definition, checked once, and which inputs a path is to it."""
