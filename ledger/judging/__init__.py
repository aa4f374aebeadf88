"""What the facts of one liquidation mean: findings, the cause, what would have changed it."""
