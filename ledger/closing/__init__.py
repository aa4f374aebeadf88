"""Closing a month: what people decide, what is frozen then, what came later, and the pack that is handed over."""
