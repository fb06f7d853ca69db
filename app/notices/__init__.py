"""What people are told on their own pages, and the signal that a page shows something old."""
