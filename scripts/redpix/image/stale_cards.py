"""Name the header cards that are wrong once pixels have changed; astropy.wcs is not imported."""

#: keywords of scaling and of checksums
STALE_CARDS = ("BZERO", "BSCALE", "BLANK", "CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM")
