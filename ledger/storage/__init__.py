"""What is kept: the database, the archive and its log, identities, imports, entries by hand."""
