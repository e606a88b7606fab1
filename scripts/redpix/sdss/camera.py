"""Constants of the survey's camera: seeing, full wells, typical calibration and sky."""

#: counts at which a pixel is full, about those of the brightest pixels of real frames
FULL_WELL = 42000.0

#: nanomaggies per DN and DN of dark sky: typical values of real frames
CALIBRATION = {"u": 0.0095, "g": 0.00377, "r": 0.00496, "i": 0.00636, "z": 0.0364}

SKY = {"u": 26.0, "g": 73.2, "r": 136.9, "i": 185.9, "z": 98.9}

#: FWHM in a band over that in r
BAND_SEEING = {"u": 1.12, "g": 1.06, "r": 1.0, "i": 0.95, "z": 0.96}
