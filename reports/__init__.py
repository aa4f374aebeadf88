"""Questions to the book, as SQL with a title, and the one renderer that prints their answers."""
