"""The book in the files of other programs: its journal, and its tables."""
