"""Lives that end in a liquidation, with the exact bridge of the bucket's equity, printed as the exports of venues."""
