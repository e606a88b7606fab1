"""Read the cards that a camera writes for each of its amplifiers or detectors.

Such cards end in the letter or the number of the amplifier (GAINA, GAIN1, GTGAIN11), or have it
inside (ESO DET OUT1 CONAD).
"""

from typing import NamedTuple

from redpix.io.header_values import filled, number

#: letters and numbers of amplifiers
LETTERS = tuple("ABCD")
NUMBERS = tuple(str(number) for number in range(1, 17))
QUADRANTS = ("11", "12", "21", "22")

#: largest ratio of the values of two amplifiers that count as equal
EQUAL = 1.1


class CardFamily(NamedTuple):
    """Names of the cards of the amplifiers of some cameras; ``{}`` stands for the amplifier.

    Attributes
    ----------
    gain, read_noise, saturation : tuple of str
        Names, the most common first; empty if the cameras do not write them.
    amplifiers : tuple of str
        Letters or numbers.
    cameras : str
        Cameras or programs that write them.
    """

    gain: tuple
    read_noise: tuple
    saturation: tuple
    amplifiers: tuple
    cameras: str


_NOISE = ("RDNOISE{}", "RDNOIS{}", "RON{}", "ENOISE{}")

#: names of the cards of amplifiers; the first with a valid value are used
FAMILIES = (
    CardFamily(("GAIN{}",), _NOISE, ("SATURAT{}",), LETTERS, "DECam, MegaPrime, WIRCam"),
    CardFamily(("GAIN{}", "EGAIN{}"), _NOISE, ("SATURAT{}",), NUMBERS, "KCWI, DESI, 90Prime, GMOS"),
    CardFamily(
        ("GTGAIN{}",), ("GTRON{}",), (), QUADRANTS, "Arcon controllers of CTIO: 0.9 m to 4 m"
    ),
    CardFamily(("ATODGN{}",), ("READNSE{}",), (), LETTERS, "ACS, WFC3 and STIS of HST"),
    CardFamily(("T_GAIN{}", "S_GAIN{}"), (), (), NUMBERS, "HSC and Suprime-Cam of Subaru"),
    # the header dictionary of ESO: CONAD is electrons per count, GAIN of an output its inverse
    CardFamily(
        ("ESO DET OUT{} CONAD", "ESO DET OUT{} GAIN"),
        ("ESO DET OUT{} RON",),
        (),
        NUMBERS,
        "optical cameras of ESO",
    ),
    CardFamily(
        ("ESO DET CHIP{} CONAD", "ESO DET CHIP{} GAIN"),
        ("ESO DET CHIP{} RON",),
        (),
        ("", *NUMBERS),
        "infrared cameras of ESO, with electrons per count in both cards",
    ),
)


def amplifier_cards(header, name):
    """Return the cards of each family that a header has for a property.

    Where CCDAMP names the amplifiers of the image, the cards of the others are left out.

    Parameters
    ----------
    header : Mapping
        FITS header.
    name : str
        gain, read_noise or saturation.

    Returns
    -------
    list of list of str
        Keywords with a value, one list per family and spelling.
    """
    used = str(header.get("CCDAMP", "")).strip().upper()
    found = []
    for family in FAMILIES:
        amplifiers = family.amplifiers
        if used and set(used) <= set(amplifiers):
            amplifiers = tuple(used)
        for spelling in getattr(family, name):
            cards = [spelling.format(one) for one in amplifiers]
            cards = [card for card in cards if filled(header.get(card))]
            if cards:
                found.append(cards)
    return found


def combined(values, name, rule):
    """Return the value that stands for several amplifiers and a remark.

    Parameters
    ----------
    values : dict of str to float
        Positive value by keyword; at least one.
    name : str
        Name of the property in the remark.
    rule : str
        ``mean`` or ``lowest``.

    Returns
    -------
    value : float
    remark : str
        Empty for one amplifier.
    """
    numbers = list(values.values())
    value = sum(numbers) / len(numbers) if rule == "mean" else min(numbers)
    if len(numbers) == 1:
        return value, ""
    words = " and ".join(f"{card} = {one:g}" for card, one in values.items())
    remark = f"the {name} is the {rule} of {words}"
    if max(numbers) > EQUAL * min(numbers):
        percent = 100 * (max(numbers) / min(numbers) - 1)
        remark += f", which differ by {percent:.0f} %"
    return value, remark


def amplifier_value(header, name, amplifier):
    """Return the value of one amplifier.

    Parameters
    ----------
    header : Mapping
        FITS header.
    name : str
        gain, read_noise or saturation.
    amplifier : str
        Letter or number.

    Returns
    -------
    float or None
        None if the amplifier has no positive value.
    """
    for family in FAMILIES:
        for spelling in getattr(family, name) if amplifier in family.amplifiers else ():
            value, _ = number(header.get(spelling.format(amplifier)))
            if value is not None and value > 0:
                return value
    return None
