"""Files of DS9 regions in any encoding, and files that are not regions."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from conftest import ROOT
from redpix.core.exceptions import InputError
from redpix.image.ds9_regions import region_mask
from redpix.photometry.user_mask import LONGEST_REGIONS, read_mask

FAULTS = ROOT.parent / "shared/strangers/faults"


def disc(x, y, radius, shape=(20, 20)):
    """Return the pixels inside a circle of 1-based coordinates."""
    rows, columns = np.indices(shape)
    return np.hypot(columns + 1 - x, rows + 1 - y) <= radius


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_any_encoding(tmp_path, encoding):
    path = tmp_path / "a.reg"
    path.write_bytes("image\ncircle(10,11,5) # café\n".encode(encoding))
    assert np.array_equal(read_mask(str(path), (20, 20)), disc(10, 11, 5))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"circle(1,2,3)\0\n", "line 1: holds a zero byte"),
        (b"#" * (LONGEST_REGIONS + 1), "longer than"),
        (b"\x89PNG\r\n", "line 1"),
    ],
)
def test_other_files_end_in_one_line(tmp_path, content, words):
    path = tmp_path / "a.reg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_mask(str(path), (20, 20))
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_path_without_a_file(tmp_path):
    with pytest.raises(InputError, match="the file does not exist"):
        read_mask(str(tmp_path / "a.reg"), (20, 20))


@pytest.mark.skipif(not FAULTS.is_dir(), reason="no folder of strangers' files")
@pytest.mark.parametrize(
    ("name", "expected"), [("latin1", disc(10, 10, 5)), ("utf16", disc(1, 2, 3))]
)
def test_strangers_regions(name, expected):
    found = read_mask(str(FAULTS / f"region__{name}.reg"), (20, 20))
    assert np.array_equal(found, expected)


def sky_image(angle=0.0, mirrored=False):
    """Return the header of an image of 0.5 arcsec per pixel, and its pixel coordinates on the sky.

    The reference pixel (51, 41), 1-based, lies at RA 150, Dec 2; `angle` turns north from y to -x.
    """
    turn, sign = np.deg2rad(angle), 1.0 if mirrored else -1.0
    scale = 0.5 / 3600
    cd = scale * np.array(
        [[sign * np.cos(turn), sign * np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    )
    header = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0}
    header |= {"CRPIX1": 51.0, "CRPIX2": 41.0, "RADESYS": "ICRS"}
    header |= {f"CD{i + 1}_{j + 1}": cd[i, j] for i in (0, 1) for j in (0, 1)}
    rows, columns = np.indices((80, 100))
    dx, dy = columns + 1 - 51.0, rows + 1 - 41.0
    east = 3600 * (cd[0, 0] * dx + cd[0, 1] * dy)
    north = 3600 * (cd[1, 0] * dx + cd[1, 1] * dy)
    return header, east, north


def test_physical_coordinates_are_those_of_the_detector():
    """An image that begins at column 101 and row 51 of its detector, binned by 2."""
    header = {"LTV1": -50.0, "LTV2": -25.0, "LTM1_1": 0.5, "LTM2_2": 0.5}
    for lines in (["physical", "circle(122,74,10)"], ["circle(122,74,10)"]):
        mask = region_mask(lines, (20, 20), "a.reg", header)
        assert np.array_equal(mask, disc(11, 12, 5))
    image = region_mask(["image", "circle(11,12,5)"], (20, 20), "a.reg", header)
    assert np.array_equal(image, disc(11, 12, 5))


def test_ellipses_and_annuli():
    mask = region_mask(["image;ellipse(10,10,6,3,90)"], (20, 20), "a.reg")
    rows, columns = np.indices((20, 20))
    assert np.array_equal(mask, ((columns - 9) / 3) ** 2 + ((rows - 9) / 6) ** 2 <= 1)
    ring = region_mask(["image;annulus(10,10,3,6)"], (20, 20), "a.reg")
    distance = np.hypot(columns - 9, rows - 9)
    assert np.array_equal(ring, (distance >= 3) & (distance <= 6))


@pytest.mark.parametrize("line", ["fk5", "icrs", "J2000"])
@pytest.mark.parametrize("centre", ["150.0,2.0", "10:00:00.0,+2:00:00", "150d,2d"])
@pytest.mark.parametrize("radius", ['5"', "0.08333333'", "0.00138889"])
def test_circles_on_the_sky(line, centre, radius):
    header, east, north = sky_image(angle=30)
    mask = region_mask([f"{line};circle({centre},{radius})"], (80, 100), "a.reg", header)
    border = abs(np.hypot(east, north) - 5) < 0.05  # FK5 lies 0.02 arcsec beside ICRS
    assert np.array_equal(mask[~border], (np.hypot(east, north) <= 5)[~border])


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0, 25, 200])
def test_ellipses_on_the_sky_turn_with_north(angle, mirrored):
    """An angle of 90 degrees is north, whatever the image's orientation."""
    header, east, north = sky_image(angle, mirrored)
    mask = region_mask(["icrs", 'ellipse(150,2,9",3",90)'], (80, 100), "a.reg", header)
    ratio = (east / 3) ** 2 + (north / 9) ** 2
    border = abs(ratio - 1) < 0.01
    assert np.array_equal(mask[~border], (ratio <= 1)[~border])


def test_polygons_on_the_sky():
    header, east, north = sky_image(30)
    corners = ((4, 4), (-4, 4), (-4, -4), (4, -4))  # arcsec east and north
    numbers = [
        f"{150 + e / 3600 / np.cos(np.deg2rad(2)):.8f},{2 + n / 3600:.8f}" for e, n in corners
    ]
    mask = region_mask(["icrs", f"polygon({','.join(numbers)})"], (80, 100), "a.reg", header)
    border = abs(np.maximum(abs(east), abs(north)) - 4) < 0.02
    assert np.array_equal(mask[~border], (np.maximum(abs(east), abs(north)) < 4)[~border])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("fk4;circle(1,2,3)", "fk4"),
        ("fk5;circle(150,2,-1)", "a size that is not above 0"),
        ('image;circle(10,10,5")', "is not a size"),
        ("fk5;circle(330,-2,5)", "projection"),
    ],
)
def test_what_a_region_cannot_be(line, words):
    header, *_ = sky_image()
    with pytest.raises(InputError, match=words) as caught:
        region_mask([line], (80, 100), "a.reg", header)
    assert str(caught.value).startswith("a.reg: line 1: ")
    assert "\n" not in str(caught.value)


def test_the_sky_needs_a_wcs():
    with pytest.raises(InputError, match="a.reg: line 2: fk5: the image has no usable WCS"):
        region_mask(["# DS9", "fk5", "circle(1,2,3)"], (20, 20), "a.reg", {"NAXIS": 2})


#: shapes in image coordinates, whose borders cross no centre of a pixel
SHAPES = (
    "circle(30.2,40.3,12.6)",
    "circle(-3,81.7,20.37)",
    "ellipse(50.1,40.7,20.3,7.6,33)",
    "box(61.3,22.2,31.1,9.3,-20)",
    "annulus(40.4,40.1,8.3,17.7)",
    "polygon(10.3,10.2,90.1,15.7,50.2,70.4,47.9,30.3)",
    "polygon(-20.3,-10.2,120.1,15.7,50.2,97.4)",
    "polygon(20.2,20.1,60.3,60.7,60.1,20.3,20.4,60.2)",
)


def mask_of_regions(lines, header):
    """Return the pixels inside regions by astropy's package of regions."""
    regions = pytest.importorskip("regions", reason="the package regions is not installed")
    inside = np.zeros((80, 100), bool)
    for region in regions.Regions.parse("\n".join(lines), format="ds9"):
        region = region.to_pixel(WCS(header)) if hasattr(region, "to_pixel") else region
        found = region.to_mask(mode="center").to_image(inside.shape)
        inside |= False if found is None else found > 0
    return inside


@pytest.mark.parametrize("shape", SHAPES)
def test_pixels_are_those_of_the_package_regions(shape):
    header, *_ = sky_image()
    lines = ["image", shape]
    assert np.array_equal(
        region_mask(lines, (80, 100), "a.reg", header), mask_of_regions(lines, header)
    )


def test_regions_on_the_sky_are_those_of_the_package_regions():
    header, *_ = sky_image(angle=25.0)
    lines = ["fk5", 'circle(150.001,2.001,7.3")', 'ellipse(149.997,2,11.2",4.1",20)']
    ours = region_mask(lines, (80, 100), "a.reg", header)
    theirs = mask_of_regions(lines, header)
    assert theirs.sum() > 300
    assert np.count_nonzero(ours ^ theirs) <= 2  # FK5 and ICRS differ by hundredths of a pixel


def test_an_angle_starts_at_north_of_the_system_of_the_region():
    """DS9's angles of galactic regions; astropy's regions take north of the image's own system."""
    header, *_ = sky_image(angle=25.0)
    place = SkyCoord(149.997, 2, unit="deg").galactic
    lines = ["galactic", f'ellipse({place.l.deg},{place.b.deg},14.2",4.1",20)']
    rows, columns = np.indices((80, 100))
    sky = WCS(header).pixel_to_world(columns, rows).galactic
    offset = sky.transform_to(place.skyoffset_frame())
    west, north = -offset.lon.arcsec, offset.lat.arcsec
    cosine, sine = np.cos(np.deg2rad(20)), np.sin(np.deg2rad(20))
    along, across = west * cosine + north * sine, north * cosine - west * sine
    true = np.hypot(along / 14.2, across / 4.1) <= 1
    assert true.sum() > 300
    assert np.count_nonzero(true ^ region_mask(lines, (80, 100), "a.reg", header)) <= 2


@pytest.mark.parametrize(
    "line",
    ["circle(nan,5,3)", "circle(1e400,5,3)", "box(5,5,1e400,3)", "circle(1e12,5,3)"]
    + ["box(5,5,4,4,nan)", "ellipse(5,5,0,3)", f"circle({'9' * 5000},5,5)"],
)
def test_senseless_numbers_are_refused(line):
    with pytest.raises(InputError, match=r"^a\.reg: line 1: ") as caught:
        region_mask([line], (20, 20), "a.reg")
    assert len(str(caught.value)) < 500


def test_many_regions_take_time_by_their_own_size():
    """A full file of small polygons on a large image, and one of regions as large as the image."""
    small = [f"polygon({x},{x},{x + 9},{x},{x + 5},{x + 8})" for x in range(1, 3000)]
    mask = region_mask(small, (3000, 3000), "a.reg")
    assert mask[104, 104]
    assert not mask[104, 200]
    with pytest.raises(InputError, match="cover the image more than 100 times"):
        region_mask(["circle(100,100,500)"] * 150, (200, 200), "a.reg")


def test_a_polygon_of_endless_sides_is_refused():
    corners = ",".join(f"{x},{1 + 9_000_000 * (x % 2)}" for x in range(1, 200))
    with pytest.raises(InputError, match="its sides cross"):
        region_mask([f"polygon({corners})"], (1_000_000, 1), "a.reg")
