"""Pixels and their place on the sky: WCS, masks, noise, backgrounds, transforms, resampling."""
