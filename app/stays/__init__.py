"""Nights slept: stays from the offer behind them to aftercare, their payers, their warnings, and their ends."""
