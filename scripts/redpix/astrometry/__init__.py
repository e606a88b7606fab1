"""Aligning one exposure to another: WCS, quads of stars, spline maps, star comparison."""
