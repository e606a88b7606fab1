"""Name the bits of a star's flags."""

#: bits of a star's flags
FLAGS = {
    "SATURATED": 1,  # saturated pixels in the core; the flux comes from the other pixels
    "MASKED": 2,  # other masked pixels in the core
    "EDGE": 4,  # the core reaches beyond the image
    "BLENDED": 8,  # a star of at least a tenth of the flux within 1.5 FWHM
    "MISFIT": 16,  # the pixels do not follow the PSF: not a star, or several
    "PSF": 32,  # the PSF does not describe the stars of the image
    "SKY": 64,  # the model does not follow the sky about the star
    "DOUBTFUL": 128,  # no more significant than detections on the negative image: perhaps false
}
