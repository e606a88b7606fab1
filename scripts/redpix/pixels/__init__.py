"""Pixel vectors: the common grid, registration, membership, the pixel table."""
