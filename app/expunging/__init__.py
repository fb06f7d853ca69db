"""Expunging: two people destroy the key under which everything about a young person was sealed."""
