"""What a row of the book is: the one source of tables, DDL and generated documentation."""
