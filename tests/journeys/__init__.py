"""Whole journeys of a person, over HTTP, without a browser."""
