"""Write FITS files with checksums whose cards hold no date: equal content gives equal bytes."""

from astropy.io import fits


def write_fits(path, hdus, output_verify="exception"):
    """Write a FITS file, each HDU with CHECKSUM and DATASUM.

    Parameters
    ----------
    path : str, path-like or file object
        File to write.
    hdus : astropy.io.fits.HDUList, or one HDU
        Content of the file; the two cards are added to it. An extension follows an empty primary
        HDU.
    output_verify : str, optional
        As in `astropy.io.fits.HDUList.writeto`.
    """
    if isinstance(hdus, fits.PrimaryHDU):
        hdus = fits.HDUList([hdus])
    elif not isinstance(hdus, fits.HDUList):
        hdus = fits.HDUList([fits.PrimaryHDU(), hdus])
    hdus.verify(output_verify)
    hdus.update_extend()
    for hdu in hdus:
        _add_checksums(hdu)
    hdus.writeto(path, output_verify=output_verify)


def append_fits(path, image, header):
    """Append an image to a FITS file, with CHECKSUM and DATASUM; without a file, write one.

    Parameters
    ----------
    path : path-like
        FITS file.
    image : ndarray
        Pixels of the new HDU.
    header : astropy.io.fits.Header
        Header of the new HDU.
    """
    if not path.exists():
        first = fits.PrimaryHDU(image, header)
        first.header.set(
            "EXTEND", True, after=f"NAXIS{image.ndim}"
        )  # added later, it breaks the sum
        write_fits(path, first)
        return
    hdu = fits.ImageHDU(image, header)
    _add_checksums(hdu)
    with fits.open(path, mode="append") as hdus:
        hdus.append(hdu)


def _add_checksums(hdu):
    """Add the two cards with comments that do not state the time, as astropy's own do."""
    hdu.add_datasum("checksum of the data")
    hdu.add_checksum("checksum of the HDU", override_datasum=True)
