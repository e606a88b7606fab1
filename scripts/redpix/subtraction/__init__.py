"""Difference imaging: proper subtraction, tiles, transients and their hosts."""
