"""CCD images: calibration, background, detection, PSF fits, light curves."""
