"""Tests that need programs of the system; `make test-external` runs them and says which it could not."""
