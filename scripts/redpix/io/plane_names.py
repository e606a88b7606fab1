"""Name the HDUs that go with an image: its noise, its mask, and what is not an image of the sky."""

#: kind of the noise in an HDU, by its name, the most telling first. "relative" is a weight whose
#: scale is unknown: WHT of drizzled images holds exposure times, or inverse variances, or others.
NOISE_PLANES = {
    "VARIANCE": "variance",
    "VAR": "variance",
    "IVAR": "weight",
    "INVVAR": "weight",
    "WGT": "weight",
    "ERR": "error",
    "ERROR": "error",
    "RMS": "error",
    "SIGMA": "error",
    "UNCERT": "error",
    "WEIGHT": "relative",
    "WHT": "relative",
}

#: kind of the noise by the card UTYPE that astropy's CCDData writes
UTYPES = {
    "StdDevUncertainty": "error",
    "VarianceUncertainty": "variance",
    "InverseVariance": "weight",
}

#: names of HDUs that hold a mask in which 0 is good
MASK_PLANES = (
    "MASK",
    "MSK",
    "DQ",
    "BPM",
    "FLAGS",
    "FLAG",
    "BADPIX",
    "QUALITY",
    "DATAQUALITY",
)

#: names of HDUs that go with an image and are not images of the sky
AUXILIARY = (
    *NOISE_PLANES,
    *MASK_PLANES,
    "VAR_POISSON",
    "VAR_RNOISE",
    "VAR_FLAT",
    "CON",
    "CTX",
    "APERTURE",
    "BACKGROUND",
    "SEGMENTATION",
    "PSF",
    "EXPMAP",
    "D2IMARR",
    "WCSDVARR",
)
