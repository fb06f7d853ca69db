"""The gap audit: counts only, small ones hidden, and nothing published that gives a hidden one away."""
