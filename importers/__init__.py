"""From a venue's raw export to normalized rows; no database, no accounting."""
