"""The pages in a real browser, against a live server on this computer with the demo's data."""
