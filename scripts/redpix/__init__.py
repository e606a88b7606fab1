"""redpix: sky images to measurements.

The package has one room per stage. A room imports only from the rooms above it in `ROOMS`. Within
a room, functions of arrays and functions of files are neighbours in separate modules.
"""

#: rooms of the package, in the order in which they may import from one another
ROOMS = (
    "core",
    "io",
    "image",
    "psf",
    "sdss",
    "config",
    "astrometry",
    "catalogue",
    "pixels",
    "photoz",
    "subtraction",
    "coaddition",
    "photometry",
    "simulation",
    "demo",
    "injection",
    "report",
)
