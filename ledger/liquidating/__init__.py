"""Which rows of the book are liquidations, and whose."""
