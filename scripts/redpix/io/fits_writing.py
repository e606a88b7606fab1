"""Write FITS files with checksums whose cards hold no date: equal content gives equal bytes."""

import io

import numpy as np
from astropy.io import fits

#: bytes of the largest image that is copied to the byte order of FITS before it is written; astropy
#: else swaps its bytes to and fro, for the checksum and again for the file
_COPIED = 2**26

#: types of pixels that FITS holds without a scale
_PLAIN = ("i2", "i4", "i8", "f4", "f8")

#: bytes of a block of a FITS file
_BLOCK = 2880

#: characters between digits, capitals and small letters, which a checksum does not hold
_PUNCTUATION = ":;<=>?@[\\]^_`"

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
    is_first = not path.exists()
    if compress:
        if is_first:
            first = fits.PrimaryHDU()
            first.header.set("EXTEND", True, after="NAXIS")
            write_fits(path, first)
        _append_compressed(path, image, header)
        return
    hdu = fits.PrimaryHDU(image, header) if is_first else fits.ImageHDU(image, header)
    if is_first:
        # added later, it breaks the sum
        hdu.header.set("EXTEND", True, after=f"NAXIS{image.ndim}")
    if image.dtype.str[1:] in _PLAIN:
        with open(path, "ab") as file:
            _write_plain(file, image, hdu)
    elif is_first:
        write_fits(path, hdu)
    else:
        _add_checksums(hdu)
        with fits.open(path, mode="append") as hdus:
            hdus.append(hdu)


def _write_plain(file, image, hdu):
    """Write an image of numbers that FITS holds as they are: a header, and the swapped pixels.

    The HDUs before it are not read again, and the pixels are summed once.
    """
    hdu.verify("exception")
    # of all parts but the last, the bytes are whole words
    rows = 4 * max(1, _COPIED // max(1, 4 * image[:1].nbytes))
    parts = [slice(first, first + rows) for first in range(0, len(image), rows)]
    total = 0
    for part in parts:
        total = _added_words(total, _stored(image[part]))
    header = hdu.header
    header.set("CHECKSUM", "0" * 16, "checksum of the HDU")
    header.set("DATASUM", str(total), "checksum of the data")
    header.set("CHECKSUM", checksum_text(_added_words(total, _bytes_of(header))))
    file.write(_bytes_of(header))
    for part in parts:
        file.write(_stored(image[part]))
    file.write(bytes(-image.nbytes % _BLOCK))


def _bytes_of(header):
    """Return a header as its bytes in a file."""
    return header.tostring().encode("ascii")


def _stored(pixels):
    """Return pixels in the byte order of FITS."""
    return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder(">"))


def _added_words(total, content):
    """Return the ones' complement sum of 32 bit, as FITS has it, with some bytes added."""
    plain = np.frombuffer(content, np.uint8)
    whole = plain[: len(plain) // 4 * 4].view(">u4")
    # words of 32 bit, fewer than 2^32 of them, have a sum below 2^64
    total += int(whole.sum(dtype=np.uint64))
    total += int.from_bytes(plain[whole.nbytes :].tobytes().ljust(4, b"\0"), "big")
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def checksum_text(total):
    """Return the sixteen characters that complete a checksum (FITS standard 4.0, appendix J).

    Parameters
    ----------
    total : int
        Ones' complement sum of the HDU with a checksum of sixteen zeros.

    Returns
    -------
    str
    """
    columns = []
    for byte in (~total & 0xFFFFFFFF).to_bytes(4, "big"):
        quarter = byte // 4 + ord("0")
        letters = [quarter + byte % 4, quarter, quarter, quarter]
        # letters and digits only: one of a pair rises as the other falls
        while any(chr(letter) in _PUNCTUATION for letter in letters):
            for pair in (0, 2):
                if any(chr(letter) in _PUNCTUATION for letter in letters[pair : pair + 2]):
                    letters[pair] += 1
                    letters[pair + 1] -= 1
        columns.append(letters)
    text = "".join(chr(column[row]) for row in range(4) for column in columns)
    return text[-1] + text[:-1]  # the card's text begins at the last byte of a word


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
