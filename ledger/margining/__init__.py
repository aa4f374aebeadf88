"""What venues demand of what is held: margin, tiers, ratios, and the prices at which it is gone."""
