"""What goes to other systems, and what comes from them."""
