"""Whole invented lives of accounts: what happened (`model`), how venues would print it (`binance`, `bitmex`), what a
book makes of the files (`books`) and how the hard ones are drawn (`strategies`)."""
