"""A tax year from a book: trades, values, lots, what derivatives and debts cost and brought, and what blocks."""
