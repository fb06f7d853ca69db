"""The tables, revision by revision."""
