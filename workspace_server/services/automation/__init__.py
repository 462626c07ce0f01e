"""What saves set off: triggers, their timers, deliveries and jobs."""
