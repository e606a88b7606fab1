import json

import galsim
import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from redpix.config.schema import validated
from redpix.core.exceptions import InputError
from redpix.report.training_plots import expected_half_light, half_light, stamp_colours
from redpix.report.training_section import show_training
from redpix.simulation import array_files, files, image_pairs, redshifting, rendering, seds, stamps
from redpix.simulation import make_training_images as script
from redpix.simulation import training_images as images
from redpix.simulation.camera import SimulatedCamera
from redpix.simulation.rendering import Galaxy

SCALE = 0.396
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


def run(folder, threads=1, seed=1, **changes):
    """Make training images in a folder."""
    section = validated({"name": "x", "source": "demo", "training_images": changes}, SCHEMA)
    folder.mkdir(exist_ok=True)
    names = {name: folder / f"{name}.npy" for name in ("inputs", "targets", "z_in", "z_out")}
    script.make_training_images(
        **names,
        truth=folder / "truth.csv",
        settings=folder / "settings.json",
        options=section["training_images"],
        seed=seed,
        threads=threads,
    )
    return {name: np.load(path) for name, path in names.items()} | {
        "truth": pd.read_csv(folder / "truth.csv"),
        "settings": json.loads((folder / "settings.json").read_text()),
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return run(
        tmp_path_factory.mktemp("made") / "a", number=40, inputs="noiseless", bands=["g", "r", "i"]
    )


def circle(size):
    axis = np.arange(size) - (size - 1) / 2
    return np.hypot(axis, axis[:, None]) <= size / 2


def test_arrays(made):
    assert made["inputs"].shape == made["targets"].shape == (40, 60, 60, 3)
    for name in ("inputs", "targets", "z_in", "z_out"):
        assert made[name].dtype == np.float32
    assert np.all(made["z_out"] > made["z_in"])
    assert made["z_in"] == pytest.approx(made["truth"]["z_in"], rel=1e-6)
    assert made["settings"]["bands"] == ["g", "r", "i"]


def test_fluxes_within_the_aperture(made):
    """Fluxes are accurate to 1e-3 for any Sersic index and radius."""
    for end, array in (("in", made["inputs"]), ("out", made["targets"])):
        light = (array * circle(60)[..., None]).sum(axis=(1, 2))
        for k, band in enumerate("gri"):
            true = sum(made["truth"][f"{part}_flux_{end}_{band}"] for part in ("bulge", "disk"))
            assert light[:, k] == pytest.approx(true.to_numpy(), rel=1e-3)


def test_magnitude_is_that_of_the_inputs(made):
    light = made["inputs"][..., 1].sum(axis=(1, 2))
    assert light == pytest.approx(10 ** (0.4 * (22.5 - made["truth"]["magnitude"])), rel=1e-3)


def test_sizes_follow_the_angular_diameter_distance(tmp_path):
    """The ratio of second moments, without a PSF, is the square of the size factor."""
    made = run(
        tmp_path / "a",
        **{"number": 40, "inputs": "psf_free", "targets": "psf_free", "bands": ["r"]},
        **{"profile": "sersic", "sersic": [1.0, 1.0], "axis_ratio": [1.0, 1.0]},
        **{"radius": [1.2, 1.2], "pixel_scale": 0.25, "pixel_scale_out": 0.2, "size": 101},
        cosmology="WMAP9",
    )
    axis = np.arange(101) - 50.0
    squares = axis**2 + axis[:, None] ** 2
    moments = [
        np.sqrt((made[key][..., 0] * squares).sum(axis=(1, 2)) / made[key][..., 0].sum(axis=(1, 2)))
        for key in ("inputs", "targets")
    ]
    distance = redshifting.luminosity_distances("WMAP9")
    truth = made["truth"]
    s = redshifting.size_factor(distance, truth["z_in"], truth["z_out"], 0.25, 0.2)
    # subtract the pixel's second moment, 1/6 px^2 in both axes together
    found = np.sqrt(moments[1] ** 2 - 1 / 6) / np.sqrt(moments[0] ** 2 - 1 / 6)
    assert found == pytest.approx(s, rel=1e-3)
    assert truth["size_factor"].to_numpy() == pytest.approx(s, rel=1e-8)


def test_dimming_and_k_correction_once():
    """Compare with one galaxy computed with speclite and astropy alone."""
    from astropy import units as u
    from astropy.cosmology import Planck18
    from speclite.filters import load_filter

    camera = SimulatedCamera(("g", "r"), 60, SCALE, SCALE, *np.ones((3, 2), np.float32))
    galaxy = images.draw_galaxies(3, 1, RANGES, ["CWW_E", "CWW_Im"], "bulge_disk")
    spectra = files.read_spectra(["CWW_E", "CWW_Im"])
    _, curves = files.read_curves(["g", "r"])
    z_in, z_out = galaxy["z_in"][0], galaxy["z_out"][0]
    fluxes = redshifting.band_fluxes(spectra, ["g", "r"], curves, z_in, z_out)
    table = images.with_fluxes(
        galaxy, fluxes, redshifting.luminosity_distances("Planck18"), camera, "r"
    )
    flux = spectra.flux[spectra.names.index(galaxy["bulge_sed"][0])]

    def maggies(z, band):
        shifted = flux / (1 + z) * u.Unit("erg/(s cm2 Angstrom)")
        curve = load_filter(f"sdss2010-{band}")
        bright = curve.get_ab_maggies(shifted, spectra.wavelength * (1 + z) * u.AA)
        return float(bright) / Planck18.luminosity_distance(z).value ** 2

    total = 10 ** (-0.4 * (galaxy["magnitude"][0] - 22.5)) * galaxy["bulge_fraction"][0]
    for band in "gr":
        expected_in = total * maggies(z_in, band) / maggies(z_in, "r")
        expected_out = total * maggies(z_out, band) / maggies(z_in, "r")
        assert table[f"bulge_flux_in_{band}"][0] == pytest.approx(expected_in, rel=1e-3)
        assert table[f"bulge_flux_out_{band}"][0] == pytest.approx(expected_out, rel=1e-3)


RANGES = {
    **{"z_in": (0.1, 0.3), "z_out": (0.2, 0.9), "magnitude": (16, 18), "radius": (0.4, 0.8)},
    **{"sersic": (1, 4), "axis_ratio": (0.4, 1)},
}


def test_z_out_is_above_z_in():
    table = images.draw_galaxies(1, 3000, RANGES, ["a"], "sersic")
    assert np.all(table["z_out"] > table["z_in"])
    assert table["z_in"].between(0.1, 0.3).all()
    assert table["z_out"].between(0.2, 0.9).all()
    assert (table["z_out"] < 0.3).any()
    fixed = images.draw_galaxies(
        1, 5, RANGES | {"z_in": (0.1, 0.1), "z_out": (1, 1)}, ["a"], "sersic"
    )
    assert set(fixed["z_in"]) == {0.1}
    assert set(fixed["z_out"]) == {1.0}


def sky(profile, psf, size, scale):
    """Compare with the renderer of the demo sky."""
    jacobian = rendering.jacobian(np.array([[-scale, 0], [0, scale]]) / 3600)
    profile = rendering.convolved(profile, rendering.psf_profile(psf))
    return rendering.draw(profile, (size, size), jacobian, (size - 1) / 2, (size - 1) / 2)


@pytest.mark.parametrize(("size", "fwhm"), [(60, 1.3), (61, 1.3), (64, 0.8)])
def test_stamps_against_one_image_at_a_time(size, fwhm):
    psfs = stamps.moffat_psfs([fwhm, 1.2 * fwhm])
    plan = stamps.plan(size, SCALE, psfs)
    for n, radius, disk in ((4.0, 0.7, 1.2), (1.5, 0.2, 0.5)):
        galaxy = Galaxy(radius, disk, n, 0.6, 30.0)
        found = stamps.band_images(plan, galaxy, np.array([1.0, 3.0]), np.array([2.0, 0.0]))
        for k, light in enumerate(((1.0, 2.0), (3.0, 0.0))):
            expected = sky(rendering.galaxy_profile(galaxy, *light), psfs[k], size, SCALE)
            assert np.abs(found[..., k] - expected).max() < 6e-4 * expected.max()


@pytest.mark.parametrize(("fwhm", "scale"), [(0.2, 0.396), (0.1, 0.396), (0.3, 1.0), (0.8, 0.396)])
def test_stamps_of_sharp_psfs(fwhm, scale):
    """Frequencies above Nyquist's are aliased, not dropped, for PSFs finer than pixels."""
    psfs = stamps.moffat_psfs([fwhm])
    galaxy = Galaxy(0.3 * scale, 0.6 * scale, 2.0, 1.0, 0.0)
    found = stamps.band_images(stamps.plan(40, scale, psfs), galaxy, np.ones(1), np.ones(1))
    expected = sky(rendering.galaxy_profile(galaxy, 1.0, 1.0), psfs[0], 40, scale)
    assert np.abs(found[..., 0] - expected).max() < 6e-4 * expected.max()


@pytest.mark.parametrize(("bulge", "disk", "sersic"), [(0.1, 0.2, 4.0), (0.5, 0.8, 4.0), (1, 2, 1)])
@pytest.mark.parametrize("axis_ratio", [1.0, 0.5])
def test_the_smallest_stamp_holds_the_flux(bulge, disk, sersic, axis_ratio):
    """At most 1e-3 lies outside the aperture (GalSim); the named size is the smallest."""
    shape = Galaxy(bulge, disk, sersic, axis_ratio, 0.0)
    galaxies = Galaxy(*(np.array([float(value)]) for value in shape))
    psf = stamps.moffat_psfs([1.3])[0]
    with pytest.raises(InputError) as refused:
        stamps.check_fits(galaxies, 10, SCALE, psf, "t")
    size = int(str(refused.value).split("size from ")[1].split(",")[0])
    stamps.check_fits(galaxies, size, SCALE, psf, "t")
    with pytest.raises(InputError, match=f"size from {size},"):
        stamps.check_fits(galaxies, size - 1, SCALE, psf, "t")
    for light in ((1.0, 0.0), (0.0, 1.0)):
        image = sky(rendering.galaxy_profile(shape, *light), psf, size, SCALE)
        assert 1 - image[circle(size)].sum() < 1e-3
    if axis_ratio == 1:
        # the named size is not much too large
        image = sky(rendering.galaxy_profile(shape, 0.5, 0.5), psf, size - 8, SCALE)
        ends = 2 * max(8 * bulge, 5 * disk) / SCALE > size - 8
        assert ends or 1 - image[circle(size - 8)].sum() > 7e-4
    # without a PSF the truncation radius is sufficient
    bare = int(np.ceil(2 * max(8 * bulge, 5 * disk) / np.sqrt(axis_ratio) / SCALE))
    stamps.check_fits(galaxies, bare, SCALE, None, "t")


@pytest.mark.filterwarnings("ignore:Doing convolution of 2 objects, both with hard edges")
@pytest.mark.parametrize(("sersic", "size"), [(1.0, 40), (1.0, 41), (2.5, 40)])
def test_sharp_images_against_integration(sersic, size):
    galaxy = Galaxy(0.5, 0.8, sersic, 0.7, 60.0)
    for part in stamps.components(galaxy):
        found = stamps.sharp_image(part, size, SCALE)
        assert found.sum() == pytest.approx(1, abs=1e-9)
        image = galsim.JacobianWCS(-SCALE, 0.0, 0.0, SCALE).profileToImage(part)
        # by Fourier transform: integration of hard edges in real space is slow
        exact = galsim.Convolve(image, galsim.Pixel(1.0), real_space=False)
        exact = exact.drawImage(nx=size, ny=size, scale=1, method="no_pixel").array
        assert np.abs(found - exact).max() < 5e-3 * exact.max()


@pytest.mark.parametrize(("radius", "sersic", "axis_ratio"), [(0.05, 4, 0.05), (0.1, 6, 0.3)])
@pytest.mark.parametrize("size", [40, 41])
def test_sharp_images_of_narrow_galaxies(radius, sersic, axis_ratio, size):
    """Compare with brightness summed over 512 x 512 subpixels."""
    bulge, _ = stamps.components(Galaxy(radius, radius, sersic, axis_ratio, 30.0))
    found = stamps.sharp_image(bulge, size, SCALE)
    side = 3 + (size + 1) % 2
    fine = galsim.ImageD(side * 512, side * 512)
    bulge = galsim.JacobianWCS(-SCALE, 0.0, 0.0, SCALE).profileToImage(bulge)
    bulge.drawImage(fine, scale=1 / 512, method="no_pixel")
    exact = fine.array.reshape(side, 512, side, 512).sum(axis=(1, 3))
    start = (size - side) // 2
    core = found[start : start + side, start : start + side]
    assert np.abs(core - exact).max() < 2e-2 * exact.max()


def test_noise_of_observed_images():
    camera = SimulatedCamera(
        ("r",), 60, SCALE, SCALE, *(np.array([v], np.float32) for v in (1.3, 0.03, 0.001))
    )
    light = np.full((400, 400, 1), 0.5, np.float32)
    noise = image_pairs.observed(np.random.default_rng(2), light, camera) - light
    assert noise.mean() == pytest.approx(0, abs=5e-4)
    # variance of the source's photons and of the sky
    assert noise.std() == pytest.approx(np.sqrt(0.5 * 0.001 + 0.03**2), rel=0.01)


def test_simple_recipe_against_a_slow_loop(tmp_path):
    made = run(tmp_path / "a", number=7, recipe="simple", bands=["g", "r", "i", "z"], seed=5)
    truth, scale = made["truth"], made["settings"]["scale"]
    assert made["inputs"].max() == pytest.approx(10000, rel=1e-6)
    spectra = files.read_spectra(["CWW_E", "CWW_Sbc", "CWW_Scd", "CWW_Im"])
    bands, curves = files.read_curves(["g", "r", "i", "z"])
    distance = redshifting.luminosity_distances("Planck18")
    camera = SimulatedCamera(tuple(bands), 60, SCALE, SCALE, *np.ones((3, 4), np.float32))
    ranges = validated({"name": "x", "source": "demo"}, SCHEMA)["training_images"]
    drawn = images.draw_galaxies(5, 7, ranges, spectra.names, "sersic")
    span = drawn["z_in"].min(), drawn["z_out"].max()
    fluxes = redshifting.band_fluxes(spectra, bands, curves, *span)
    pictures = image_pairs.simple_images(drawn, camera)
    assert drawn["z_in"].to_numpy() == pytest.approx(truth["z_in"].to_numpy(), rel=1e-8)
    assert np.all(truth["size_factor"] == 1)
    assert "magnitude" not in truth
    for end, key in (("in", "inputs"), ("out", "targets")):
        for k, band in enumerate(bands):
            total = made[key][..., k].sum(axis=(1, 2), dtype=float) / scale
            assert truth[f"bulge_flux_{end}_{band}"].to_numpy() == pytest.approx(total, rel=1e-5)
            assert np.all(truth[f"disk_flux_{end}_{band}"] == 0)
    for key, redshift in (("inputs", drawn["z_in"]), ("targets", drawn["z_out"])):
        for i in range(7):
            which = np.array([spectra.names.index(drawn["bulge_sed"][i])])
            z = redshift.to_numpy()[i : i + 1]
            sed = fluxes.at(which, z)[0] / distance(z[0]) ** 2
            for k in range(4):
                value = np.float32(pictures[i] * sed[k]) * np.float32(scale)
                assert np.array_equal(made[key][i, :, :, k], value)
    # one factor for both arrays: the ratio of fluxes is that of the SEDs
    ratio = made["targets"].sum(axis=(1, 2)) / made["inputs"].sum(axis=(1, 2))
    assert np.all(ratio < 1)


def test_simple_recipe_of_a_table_shows_its_bulges(tmp_path):
    table = write(tmp_path / "galaxies.csv", GALAXY.replace("0.4,0.4,0.9", "0,0.5,40"))
    made = run(tmp_path / "a", table=table, recipe="simple", bands=["g", "r"])
    truth = made["truth"]
    assert truth["bulge_fraction"][0] == 1
    assert truth["disk_radius"][0] == 0.5
    assert truth["disk_sed"][0] == "CWW_E"
    table = write(tmp_path / "galaxies.csv", GALAXY.replace("0.4,0.4,0.9", "0,20,0.5"))
    with pytest.raises(InputError, match="galaxies.csv: galaxy 1 reaches"):
        run(tmp_path / "b", table=table, recipe="simple", bands=["g", "r"])


@pytest.mark.parametrize("unit", [1e50, 1e-50])
def test_spectra_in_any_unit(tmp_path, unit):
    wavelength = np.linspace(800, 20000, 800)
    rows = "\n".join(f"{w},{unit * w**-2.0},{unit * w**-1.0}" for w in wavelength)
    spectra = write(tmp_path / "seds.csv", f"wavelength,flat,blue\n{rows}\n")
    made = run(tmp_path / "a", number=3, recipe="simple", spectra=[spectra])
    assert made["inputs"].max() == pytest.approx(10000, rel=1e-6)
    assert np.isfinite(made["targets"]).all()


def test_spectra_without_light_are_named(tmp_path):
    wavelength = np.linspace(800, 20000, 4000)
    rows = "\n".join(f"{w},{float(w < 2500)}" for w in wavelength)
    spectra = write(tmp_path / "seds.csv", f"wavelength,hot\n{rows}\n")
    with pytest.raises(InputError, match="reference_band: 'r': hot has no light there at redshift"):
        run(tmp_path / "a", number=3, spectra=[spectra])
    with pytest.raises(InputError, match="brightest input pixel is .* with light in the bands"):
        run(tmp_path / "b", number=3, recipe="simple", spectra=[spectra], bands=["r", "i", "z"])


@pytest.mark.parametrize("recipe", ["physical", "simple"])
def test_same_bytes_on_one_core_or_two(tmp_path, recipe, monkeypatch):
    monkeypatch.setattr(array_files, "PIECE", 4)
    for folder, threads in (("one", 1), ("two", 2)):
        run(tmp_path / folder, threads, number=9, recipe=recipe, bands=["g", "r"])
    for name in ("inputs.npy", "targets.npy", "z_in.npy", "z_out.npy", "truth.csv"):
        one, two = ((tmp_path / folder / name).read_bytes() for folder in ("one", "two"))
        assert one == two


def test_pieces_change_nothing_and_seeds_do(tmp_path, monkeypatch):
    first = run(tmp_path / "a", number=9, bands=["r"])
    monkeypatch.setattr(array_files, "PIECE", 2)
    assert np.array_equal(run(tmp_path / "b", number=9, bands=["r"])["inputs"], first["inputs"])
    other = run(tmp_path / "c", number=9, bands=["r"], seed=2)["inputs"]
    assert not np.array_equal(other, first["inputs"])


def test_pieces_of_large_stamps_are_small():
    assert array_files.piece_length((1000, 60, 60, 9)) == 50
    assert array_files.piece_length((1000, 256, 256, 5)) == 19
    assert array_files.piece_length((1000, 1024, 1024, 9)) == 1


def write(path, text):
    path.write_text(text)
    return str(path)


def test_tables_of_the_users_own(tmp_path):
    wavelength = np.linspace(800, 20000, 800)
    rows = "\n".join(f"{w},{w**-2.0},{w**-1.0}" for w in wavelength)
    spectra = write(tmp_path / "seds.csv", f"wavelength,flat,blue\n{rows}\n")
    curve = write(
        tmp_path / "box.csv",
        "wavelength,response\n" + "\n".join(f"{w},{0.5}" for w in np.linspace(5000, 6000, 201)),
    )
    z = np.linspace(0.02, 2, 80)
    table = "\n".join(f"{a},{4000 * a * (1 + a)}" for a in z)
    cosmology = write(tmp_path / "own.csv", f"redshift,luminosity_distance\n{table}\n")
    galaxies = write(
        tmp_path / "galaxies.csv",
        "z_in,z_out,magnitude,bulge_fraction,bulge_radius,disk_radius,sersic,axis_ratio,"
        "position_angle,bulge_sed,disk_sed\n0.1,0.5,17,0.4,0.4,0.9,3.5,0.7,30,flat,flat\n",
    )
    made = run(
        tmp_path / "a",
        **{"table": galaxies, "cosmology": cosmology, "bands": [curve, "r"], "spectra": [spectra]},
        **{"seeing": [1.3, 1.3], "noise": [0.02, 0.03], "electron": [0.001, 0.001]},
        inputs="noiseless",
    )
    assert made["settings"]["bands"] == ["box", "r"]
    # f_nu is constant: all bands have the same magnitude, and dim by (1+z) and distance
    ratio = made["targets"].sum(axis=(1, 2)) / made["inputs"].sum(axis=(1, 2))
    dimming = (0.1 * 1.1 / (0.5 * 1.5)) ** 2 * 1.5 / 1.1
    assert ratio == pytest.approx(np.full((1, 2), dimming), rel=2e-3)
    assert made["inputs"].sum(axis=(1, 2)) == pytest.approx(10**2.2, rel=3e-3)


GALAXY = (
    "z_in,z_out,magnitude,bulge_fraction,bulge_radius,disk_radius,sersic,axis_ratio,"
    "position_angle,bulge_sed,disk_sed\n0.1,0.5,17,0.4,0.4,0.9,3.5,0.7,30,CWW_E,CWW_Im\n"
)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"z_in": [0.3, 0.5], "z_out": [0.1, 0.4]}, "z_out 0.4 with z_in 0.5.*above z_in"),
        ({"z_in": [0.5, 0.5], "z_out": [0.5, 0.5]}, "allowed: z_out above z_in"),
        ({"z_in": [0.1, 0.1], "z_out": [7, 7]}, "band u .* at redshift 7 needs"),
        ({"size": 20}, "is too small; allowed: training_images.size from"),
        ({"radius": [3, 3]}, r"galaxy \d reaches .* a stamp of 60 pixels"),
        ({"bands": ["r", "bessell-V"]}, "seeing: null with band bessell-V"),
        ({"bands": ["r", "none-V"]}, "training_images.bands: 'none-V'"),
        ({"bands": ["g"]}, "reference_band: 'r'; allowed: one of g"),
        ({"noise": [0.1]}, "noise: 1 values for 5 bands"),
        ({"spectra": ["CWW_X"]}, "spectra: CWW_X; allowed: some of CWW_E"),
        ({"cosmology": "Plank"}, "cosmology: 'Plank'"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        run(tmp_path / "a", number=3, **changes)
    assert not list((tmp_path / "a").iterdir())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0.1,0.5", "0,0.5", "galaxies.csv: z_in 0 with z_in 0, galaxy 1; allowed: z_in above 0"),
        ("0.1,0.5", "0.5,0.1", "z_out 0.1 with z_in 0.5"),
        ("17", "nan", "line 2: magnitude: is missing; allowed: a finite number"),
        ("17", "-99", "line 2: magnitude is -99; allowed: magnitudes 5 to 35"),
        ("0.4,0.4", "0.4,-1", "line 2: bulge_radius is -1"),
        ("0.9,3.5", "9,3.5", "galaxies.csv: galaxy 1 reaches"),
        ("CWW_Im", "CWW_Xm", "line 2: disk_sed is 'CWW_Xm'"),
        ("z_in,", "z,", "no column z_in"),
    ],
)
def test_wrong_galaxies_are_named(tmp_path, old, new, words):
    table = write(tmp_path / "galaxies.csv", GALAXY.replace(old, new))
    with pytest.raises(InputError, match=words):
        run(tmp_path / "a", table=table)


def test_wrong_spectra_and_curves_are_named(tmp_path):
    spectra = write(tmp_path / "s.csv", "wavelength,a\n1000,1\n2000,NaN\n3000,1\n4000,1\n")
    with pytest.raises(InputError, match="line 3: a: is missing"):
        run(tmp_path / "a", spectra=[spectra])
    curve = write(tmp_path / "c.csv", "wavelength,response\n5000,0\n5500,1\n5400,1\n6000,0\n")
    with pytest.raises(InputError, match=r"c.csv: wavelength; allowed: .* rising"):
        run(tmp_path / "a", bands=[curve, "r"])


@pytest.mark.parametrize(
    ("response", "words"),
    [("1,0.5,-0.1,0", "c.csv: .*responses from 0"), ("0,0,0,0", "c.csv: .*some above 0")],
)
def test_a_filter_of_nothing_is_named(tmp_path, response, words):
    rows = zip((5000, 5500, 6000, 6500), response.split(","), strict=True)
    text = "".join(f"{w},{r}\n" for w, r in rows)
    curve = write(tmp_path / "c.csv", f"wavelength,response\n{text}")
    with pytest.raises(InputError, match=words):
        run(tmp_path / "a", bands=[curve, "r"])


def test_a_top_hat_is_one(tmp_path):
    """The flux in a top hat of four rows is the mean over all rows, both ends included."""
    rows = "".join(f"{w},1\n" for w in (5000, 5500, 6000, 6500))
    curve = write(tmp_path / "hat.csv", f"wavelength,response\n{rows}")
    _, curves = files.read_curves([curve])
    wave = np.linspace(4000, 8000, 40001)
    spectrum = 1 + np.sin(wave / 300) ** 2
    found = seds.ab_fluxes(wave, spectrum[None], 0.0, curves)[0, 0]
    inside = (wave >= 5000) & (wave <= 6500)
    light = np.trapezoid((spectrum * wave)[inside], wave[inside])
    # AB: 3.631e-20 erg/s/cm2/Hz
    expected = light / (3.631e-20 * 2.99792458e18 * np.log(6500 / 5000))
    assert found == pytest.approx(expected, rel=1e-4)


def test_half_light_of_a_gaussian():
    axis = np.arange(61) - 30.0
    stamp = np.exp(-(axis**2 + axis[:, None] ** 2) / (2 * 4.0**2))
    assert half_light(stamp, 0.5) == pytest.approx(0.5 * 4 * np.sqrt(2 * np.log(2)), rel=0.01)


@pytest.mark.parametrize("recipe", ["physical", "simple"])
def test_the_report_shows_them(tmp_path, recipe):
    run(tmp_path / "a", number=4, recipe=recipe, bands=["g", "r"])
    names = ("inputs.npy", "targets.npy", "truth.csv", "settings.json")
    shown = show_training([str(tmp_path / "a" / name) for name in names])
    assert shown["pairs"].startswith("data:image/")
    assert (shown["theory"] is None) == (recipe == "simple")
    assert shown["facts"]["galaxies"] == "4"
    assert show_training([]) is None


def test_the_report_shows_bands_of_any_name(tmp_path):
    """Names of bands need not be Python identifiers."""
    camera = {"seeing": [1.3] * 2, "noise": [0.02] * 2, "electron": [0.001] * 2}
    run(tmp_path / "a", number=3, bands=["r", "bessell-V"], **camera)
    names = ("inputs.npy", "targets.npy", "truth.csv", "settings.json")
    shown = show_training([str(tmp_path / "a" / name) for name in names])
    assert shown["theory"].startswith("data:image/")
    facts = json.loads((tmp_path / "a/settings.json").read_text())
    assert facts["wavelengths"] == pytest.approx([6190, 5500], abs=60)


def test_colours_of_bands_in_any_order():
    """The band of the longest wavelength is red."""
    stamp = np.random.default_rng(1).random((20, 20, 5))
    waves = [3500, 4700, 6200, 7500, 8900]
    expected = stamp_colours(stamp, waves)
    order = [3, 0, 4, 2, 1]
    shuffled = stamp_colours(stamp[..., order], [waves[k] for k in order])
    assert np.array_equal(shuffled, expected)
    red = np.ones((20, 20, 3)) * [3.0, 1.0, 0.2]
    colours = stamp_colours(red, [8000.0, 6000.0, 4000.0])[5, 5].astype(int)
    assert colours[0] > colours[1] > colours[2]


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_a_stamp_without_light_is_black(value):
    colours = stamp_colours(np.full((20, 20, 3), value), [4000.0, 6000.0, 8000.0])
    assert colours.shape == (12, 12, 3)
    assert not colours.any()


def test_sizes_in_the_report_are_those_of_theory(made):
    truth = made["truth"].assign(angular_factor=made["truth"]["size_factor"])
    for row in list(truth.itertuples())[:6]:
        for end, array in (("in", made["inputs"]), ("out", made["targets"])):
            light = [getattr(row, f"{part}_flux_{end}_r") for part in ("bulge", "disk")]
            expected = expected_half_light(row, end, light, made["settings"]["seeing"][1], SCALE)
            found = half_light(array[row.Index, ..., 1].astype(float), SCALE)
            assert found == pytest.approx(expected, rel=0.03)
