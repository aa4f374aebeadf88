"""Coverage-guided fuzzing, outside the lock of the tests: `make fuzz SECONDS=600`."""
