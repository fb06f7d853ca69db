"""Funders, funds and their dated limits and clocks."""
