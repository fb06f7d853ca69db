"""What the figures in docs/figures.md come from, one command each."""
