"""Constants of the survey's camera: full well, typical calibration, sky and seeing."""

#: full well of a pixel, DN: about the brightest pixels of real frames
FULL_WELL = 42000.0

#: calibration by band, nanomaggies per DN: typical of real frames
CALIBRATION = {"u": 0.0095, "g": 0.00377, "r": 0.00496, "i": 0.00636, "z": 0.0364}

#: dark sky by band, DN: typical of real frames
SKY = {"u": 26.0, "g": 73.2, "r": 136.9, "i": 185.9, "z": 98.9}

#: FWHM of the seeing by band, relative to r
BAND_SEEING = {"u": 1.12, "g": 1.06, "r": 1.0, "i": 0.95, "z": 0.96}
