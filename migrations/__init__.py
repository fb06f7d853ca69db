"""How the tables came to be, one idea at a time, up and down, on SQLite and PostgreSQL."""
