"""The demo sky: a simulated survey with its truth."""
