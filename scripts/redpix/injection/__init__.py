"""Sources of known truth in real frames."""
