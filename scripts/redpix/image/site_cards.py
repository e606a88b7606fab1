"""Cards of the geocentric position of the observatory of an exposure."""

from redpix.io.observatory import observatory

#: cards of the geocentric position of the observatory, metres
CARDS = ("OBSGEO-X", "OBSGEO-Y", "OBSGEO-Z")


def site_cards(header, middle):
    """Return the cards of the observatory's position, and remarks.

    Parameters
    ----------
    header : mapping
        Header of a raw image.
    middle : float or None
        Modified Julian Date (UTC) of the exposure.

    Returns
    -------
    cards : list of (str, object, str)
        Keyword, value and comment; empty if the observatory is unknown.
    remarks : tuple of str
    """
    site = observatory(header, middle)
    if site is None:
        return [], ()
    xyz = site.xyz
    if xyz is None:
        from astropy.coordinates import EarthLocation  # its import takes 0.3 s

        place = EarthLocation.from_geodetic(site.longitude, site.latitude, site.height)
        xyz = [float(axis.to_value("m")) for axis in place.geocentric]
    words = f"[m] from {site.source}"
    return [(card, value, words) for card, value in zip(CARDS, xyz, strict=True)], site.remarks
