"""What every page shares: the templates' environment, the frame, the words, the style."""
