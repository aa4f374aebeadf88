"""The benchmark: every figure is a ratio inside one run on one machine.  `python -m tests.bench --help`."""
