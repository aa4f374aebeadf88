"""The book itself: store, accounting, and the command line above them."""
