"""Simulated galaxies: spectra, rendering, redshifting, training images, the network."""
