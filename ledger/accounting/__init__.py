"""What follows from what speaks: voices, positions, costs, debts, cash, findings."""
