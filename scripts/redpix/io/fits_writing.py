"""Write FITS files with checksums whose cards hold no date: equal content gives equal bytes."""

import io

from astropy.io import fits

#: bytes of the largest image that is copied to the byte order of FITS before it is written; astropy
#: else swaps its bytes to and fro, for the checksum and again for the file
_COPIED = 2**26

#: steps of compressed pixels per standard deviation of the noise of a row
STEPS = 16


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
        _swap_once(hdu)
        _add_checksums(hdu)
    hdus.writeto(path, output_verify=output_verify)


def append_fits(path, image, header, compress=False):
    """Append an image to a FITS file, with CHECKSUM and DATASUM; without a file, write one.

    Parameters
    ----------
    path : path-like
        FITS file.
    image : ndarray
        Pixels of the new HDU.
    header : astropy.io.fits.Header
        Header of the new HDU.
    compress : bool
        Compress the image in tiles (Rice). Floats are rounded to `STEPS` steps per standard
        deviation of the noise of a row; integers, and pixels without a value, stay as they are. The
        primary HDU is empty then.
    """
    if not path.exists():
        first = fits.PrimaryHDU() if compress else fits.PrimaryHDU(image, header)
        # added later, it breaks the sum
        first.header.set("EXTEND", True, after=f"NAXIS{image.ndim}" if not compress else "NAXIS")
        write_fits(path, first)
        if not compress:
            return
    if compress:
        _append_compressed(path, image, header)
        return
    hdu = fits.ImageHDU(image, header)
    _add_checksums(hdu)
    with fits.open(path, mode="append") as hdus:
        hdus.append(hdu)


def _append_compressed(path, image, header):
    """Append an image as compressed tiles; equal pixels give equal bytes."""
    made = fits.CompImageHDU(
        image,
        header,
        compression_type="RICE_1",
        quantize_level=STEPS,
        quantize_method=fits.hdu.compressed.SUBTRACTIVE_DITHER_1,
        dither_seed=1,
    )
    memory = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), made]).writeto(memory)
    memory.seek(0)
    # the checksums in a file are those of the table that holds the tiles
    with fits.open(memory, disable_image_compression=True) as tables:
        _add_checksums(tables[1])
        with fits.open(path, mode="append") as hdus:
            hdus.append(tables[1])


def _swap_once(hdu):
    """Give an image a copy of its pixels in the byte order of FITS."""
    if type(hdu) not in (fits.PrimaryHDU, fits.ImageHDU) or hdu.data is None:
        return
    pixels = hdu.data
    if pixels.dtype.kind in "fi" and pixels.dtype.isnative and pixels.nbytes <= _COPIED:
        hdu.data = pixels.astype(pixels.dtype.newbyteorder(">"))


def _add_checksums(hdu):
    """Add the two cards with comments that do not state the time, as astropy's own do."""
    hdu.add_datasum("checksum of the data")
    hdu.add_checksum("checksum of the HDU", override_datasum=True)
