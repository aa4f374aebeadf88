"""Why one liquidation happened: its bucket as the book has it, the bridge of the equity, and where positions stand."""
