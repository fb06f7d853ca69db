"""The year before the demo's evening, day by day, through the very services that people use."""
