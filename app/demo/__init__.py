"""An invented state on real geography, to try everything at once and to test against."""
