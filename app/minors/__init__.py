"""The need profile of a minor, without identity."""
