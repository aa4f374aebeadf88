"""What ties the wallets to the venue's figures, over all accounts: transfers matched, gaps found, breaks explained."""
