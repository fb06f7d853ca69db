"""Sealing: what says who somebody is, and what opens doors, is stored so that the database alone cannot be read.

A key of its own for each young person seals what is kept about her or him, and one more what is nobody's. These data
keys lie in a store apart from the database, wrapped by a key-encryption key that lies in neither.
"""
