"""When a trigger fires: one state machine per trigger and key, driven by what the log says.

A join is level-triggered. Each slot remembers the last event that a firing consumed; it is fresh while what stands
there came after that. So an input that arrives before anybody waits, or while the consumer is at work, is never
dropped: it is simply still fresh when the join is looked at again.
"""
