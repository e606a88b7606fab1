"""The survey's frames: archive, error maps, masks, PSFs, magnitudes, camera constants."""
