"""What the book says for a tax year: a value, and the files that accountants' software reads, made from it alone."""
