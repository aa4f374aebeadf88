"""Which units a disposal takes and what they had cost: lots, pools, the UK's days, chosen lots, holding periods."""
