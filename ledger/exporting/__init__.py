"""The book told to other programs."""
