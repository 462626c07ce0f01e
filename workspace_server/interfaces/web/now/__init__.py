"""What goes on at this moment: activity and locks."""
