"""The door: pages for signing in, setting that up, proving it again, and looking after one's own sign-in."""
