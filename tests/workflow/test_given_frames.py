"""Frames of any survey, from a table of images to pixel tables and redshifts."""

import csv
import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from chromium import check_page
from conftest import run
from given_sky import SLOPES, draw, flux_of, galaxies, tilted, write_table
from redpix.image.wcs import celestial_wcs
from scipy.spatial import cKDTree

BANDS = ("HSC-u", "HSC-g", "HSC-r", "HSC-i", "HSC-z", "HSC-y")
SHAPE = (190, 210)
ZERO_POINT = 27.0
PHOTOZ = {"methods": ["knn"], "k": 5, "object_fluxes": "gaap"}
PHOTOZ |= {"attributes": ["magnitudes", "colours", "gradients"]}


def gaussian(width):
    """Return the image of a PSF, a Gaussian of `width` pixels."""
    axis = np.arange(-10, 11)
    return np.exp(-(axis**2 + axis[:, None] ** 2) / 2 / width**2)


def write_field(folder, field, crval, seed):
    """Write a coadd in six bands with weights and masks; return its rows and its objects."""
    reference = celestial_wcs(tilted(SHAPE, 0.2, 0, crval, 4e-6))
    objects = galaxies(seed, reference, SHAPE, 1000 * seed)
    rows = []
    for number, (band, slope) in enumerate(zip(BANDS, SLOPES, strict=True)):
        turned = band == "HSC-y"  # a camera of its own: larger pixels, turned
        shape = (150, 160) if turned else SHAPE
        header = tilted(shape, 0.27 if turned else 0.2, 31 if turned else 0, crval, 4e-6)
        image, noise = draw(
            objects, flux_of(objects, slope), header, shape, 0.01, ZERO_POINT, [seed, number]
        )
        mask = np.zeros(shape, np.int32)
        mask[5:8, 5:9] = 2
        image[5:8, 5:9] = 1e6
        names = ("image", "weight", "mask", "psf")
        paths = {name: folder / f"{field}_{band}.{name}.fits" for name in names}
        fits.writeto(paths["image"], image, header)
        fits.writeto(paths["weight"], np.full(shape, noise**-2))
        fits.writeto(paths["mask"], mask, fits.Header([("MP_SAT", 1), ("MP_DETECTED", 5)]))
        # the sharpest part of the light: galaxies are Gaussians of 0.55 arcsec
        fits.writeto(paths["psf"], gaussian(0.3 / (0.27 if turned else 0.2)))
        rows.append({"field": field, "band": band, **paths, "zero_point": ZERO_POINT})
    return rows, objects


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """Folder of a run on three fields, of which the last has a fault; and the true objects."""
    folder = tmp_path_factory.mktemp("survey")
    fields = {"9813_4.4": (150.1, 2.2), "north": (150.1, 2.25)}
    rows, tables = [], []
    for seed, (field, crval) in enumerate(fields.items(), start=1):
        more, objects = write_field(folder, field, crval, seed)
        rows += more
        tables.append(objects.assign(name=field))
    rows += [{**row, "field": "broken", "weight": folder / "absent.fits"} for row in rows[:6]]
    objects = pd.concat(tables)
    objects[["id", "ra", "dec", "redshift", "class"]].to_csv(folder / "objects.csv", index=False)
    table = write_table(folder / "frames.tsv", rows)
    words = run(
        folder,
        name="survey",
        frames=str(table),
        catalogue={"from": str(folder / "objects.csv")},
        photoz=PHOTOZ,
    )
    return folder / "results/survey", objects, words


def test_a_field_with_a_fault_is_left_out_in_one_line(survey):
    results, _, words = survey
    with open(results / "frames/delivered.csv", newline="") as file:
        reasons = {row["field"]: row["reason"] for row in csv.DictReader(file)}
    assert [field for field, reason in reasons.items() if reason] == ["broken"]
    assert "band HSC-u: weight: " in reasons["broken"]
    assert "absent.fits: the file does not exist" in reasons["broken"]
    assert "Left out: field broken: band HSC-u: " in words


def test_fluxes_are_nanomaggies_of_the_truth(survey):
    results, objects, _ = survey
    pixels = pd.concat(
        pq.read_table(path).to_pandas() for path in sorted(results.glob("pixels/*.parquet"))
    )
    truth = objects.set_index("id")
    sums = pixels.groupby("object_id")[[f"flux_{band}" for band in BANDS]].sum()
    assert len(sums) == len(truth)
    for band, slope in zip(BANDS, SLOPES, strict=True):
        ratio = sums[f"flux_{band}"] / flux_of(truth.loc[sums.index], slope)
        # isophotes hold almost all of a Gaussian
        assert 0.9 < np.median(ratio) < 1.01, band
        # the corners of the turned band are empty
        assert np.quantile(abs(ratio - np.median(ratio)), 0.8) < 0.03, band
    assert not (pixels["mask"] & 1 << 2).any()
    names = [f"gradient_{bluer}-{redder}" for bluer, redder in pairwise(BANDS)]
    assert np.isfinite(pixels[names]).all(axis=None)
    path = next(results.glob("pixels/north.parquet"))
    assert pq.read_schema(path).field("flux_HSC-r").metadata[b"unit"] == b"nanomaggy"


def test_softening_follows_the_noise(survey):
    results, _, _ = survey
    softening = json.loads((results / "frames/softening.json").read_text())
    assert list(softening) == list(BANDS)
    # twice the noise of a square arcsecond, in units of 1e9 nanomaggies
    assert softening["HSC-r"] == pytest.approx(2 * 0.01 / 0.2 * 1e-9, rel=0.1)
    table = pq.read_table(results / "pixels/north.parquet")
    flux, magnitude = (table[f"{kind}_HSC-g"].to_numpy() for kind in ("flux", "mag"))
    b, flux_0 = softening["HSC-g"], 1e9
    expected = -2.5 / np.log(10) * (np.arcsinh(flux / flux_0 / (2 * b)) + np.log(b))
    assert magnitude == pytest.approx(expected, abs=1e-4)
    stated = pq.read_schema(results / "pixels/north.parquet").field("mag_HSC-g").metadata
    assert float(stated[b"softening"]) == b


def test_redshifts_follow_from_the_pixels(survey):
    results, objects, _ = survey
    predicted = pd.read_csv(results / "photoz/knn/objects.csv").set_index("object_id")
    tested = predicted[predicted["split"] == "test"]
    assert len(tested) >= 10
    truth = objects.set_index("id")["redshift"].loc[tested.index]
    error = (tested["z_phot"] - truth) / (1 + truth)
    assert 1.48 * np.median(abs(error - error.median())) < 0.05


def test_redshifts_of_whole_objects_follow_from_apertures_before_the_seeing(survey):
    results, objects, _ = survey
    fluxes = pd.concat(pd.read_csv(path) for path in sorted(results.glob("apertures/*.csv")))
    truth = objects.set_index("id").loc[fluxes["id"]]
    assert len(fluxes) == len(objects)
    # a colour of a Gaussian is the same in any aperture
    for (bluer, first), (redder, second) in pairwise(zip(BANDS[:5], SLOPES, strict=False)):
        colour = fluxes[f"gaap_flux_{bluer}"] / fluxes[f"gaap_flux_{redder}"]
        expected = flux_of(truth, first) / flux_of(truth, second)
        assert np.median(colour / expected) == pytest.approx(1, abs=0.005)
    predicted = pd.read_csv(results / "photoz/knn/objects.csv").set_index("object_id")
    tested = predicted[predicted["split"] == "test"]
    error = tested["z_aperture"] - truth["redshift"].loc[tested.index]
    assert np.median(abs(error / (1 + truth["redshift"].loc[tested.index]))) < 0.03


def test_the_report_shows_the_fields(survey):
    results, _, _ = survey
    check_page(results / "report.html")


def test_galaxies_of_the_fields_are_redshifted(survey):
    results, objects, _ = survey
    folder = results.parents[1]
    filters = ["lsst2023-u", *(f"hsc2017-{band}" for band in "grizy")]
    training = {"origin": "frames", "number": 3, "z_in": [0.1, 0.5], "z_out": [0.5, 0.8]}
    run(
        folder,
        "training_images",
        name="survey",
        frames=str(folder / "frames.tsv"),
        catalogue={"from": str(folder / "objects.csv")},
        photoz=PHOTOZ,
        injection={"psf": 1.3},
        training_images=training | {"size": 30, "filters": filters},
    )
    inputs = np.load(results / "training_images/inputs.npy")
    truth = pd.read_csv(results / "training_images/truth.csv")
    assert inputs.shape == (3, 30, 30, 6)
    # the cut-out of 6 arcsec holds a Gaussian of 0.55 arcsec, in each band
    expected = objects.set_index("id").loc[truth["id"]]
    for number, slope in enumerate(SLOPES[:5]):
        sums = inputs[..., number].sum(axis=(1, 2))
        assert sums == pytest.approx(flux_of(expected, slope), rel=0.03)
    assert truth["seeing_in_HSC-r"].to_numpy() == pytest.approx(1.3, rel=0.05)


def test_sources_are_injected_and_measured(survey):
    results, _, _ = survey
    folder = results.parents[1]
    magnitudes = dict(zip(BANDS, (19.0, 18.6, 18.2, 18.0, 17.9, 17.8), strict=True))
    stars = pd.DataFrame([{"kind": "star", **magnitudes}] * 4)
    stars.to_csv(folder / "stars.csv", index=False)
    sources = {"galaxies_per_field": 0, "points_per_field": 4, "points": str(folder / "stars.csv")}
    run(
        folder,
        "injection",
        name="survey",
        frames=str(folder / "frames.tsv"),
        catalogue={"from": str(folder / "objects.csv")},
        photoz=PHOTOZ,
        injection=sources | {"psf": 0.7},
    )
    made = results / "injection"
    truth = pd.read_csv(made / "truth.csv")
    assert truth["field"].value_counts().to_dict() == {"9813_4.4": 4, "north": 4}
    run(
        folder,
        "results/again/pixels/north.parquet",
        name="again",
        frames=str(made / "frames.tsv"),
        catalogue={"from": str(made / "truth.csv")},
    )
    north = truth[truth["field"] == "north"]
    pixels = pq.read_table(folder / "results/again/pixels/north.parquet").to_pandas()
    # where the sky is crowded, one may lie within a galaxy
    assert len(set(north["id"]) & set(pixels["object_id"])) >= 3
    for band in BANDS[:5]:
        flux = 10 ** (0.4 * (22.5 - magnitudes[band]))
        before, after = (
            fits.getdata(run_of / f"frames/north-{band}.fits")
            for run_of in (results, folder / "results/again")
        )
        wcs = celestial_wcs(fits.getheader(results / f"frames/north-{band}.fits"))
        rows, columns = np.indices(before.shape)
        for x, y in np.transpose(wcs.all_world2pix(north["ra"], north["dec"], 0)):
            aperture = np.hypot(rows - y, columns - x) < 14
            light = np.nansum((after - before)[aperture])
            assert light == pytest.approx(flux, rel=0.02)


def test_bands_of_one_psf(tmp_path):
    """Given PSFs of different widths."""
    bands = ("HSC-g", "HSC-r")
    rows, objects = write_field(tmp_path, "north", (150.1, 2.25), 3)
    rows = [row for row in rows if row["band"] in bands]
    for row, width in zip(rows, (1.6, 2.1), strict=True):
        row["psf"] = tmp_path / f"{row['band']}.psf.fits"
        fits.writeto(row["psf"], gaussian(width))
    objects[["id", "ra", "dec", "redshift", "class"]].to_csv(tmp_path / "objects.csv", index=False)
    run(
        tmp_path,
        "results/one/pixels/north.parquet",
        "results/one/apertures/north.csv",
        name="one",
        frames=str(write_table(tmp_path / "frames.tsv", rows)),
        catalogue={"from": str(tmp_path / "objects.csv")},
        registration={"match_psf": True},
    )
    results, headers = tmp_path / "results/one", []
    pixels = pq.read_table(results / "pixels/north.parquet").to_pandas()
    assert len(pixels) > 500
    for band in bands:
        with fits.open(results / f"matched/north-{band}.fits") as hdus:
            headers.append(hdus["SCI"].header)
            values = hdus["SCI"].data[pixels["y"], pixels["x"]]
            assert np.array_equal(values, pixels[f"flux_{band}"])
    g, r = headers
    assert (g["PSFFROM"], r["PSFFROM"]) == ("given", "given")
    assert g["FWHMIN"] == pytest.approx(2.355 * 1.6, rel=0.15)
    assert g["FWHMIN"] + 0.8 < r["FWHMIN"] < r["FWHMOUT"] == g["FWHMOUT"]
    assert g["NOISECOR"] < r["NOISECOR"]
    apertures = pd.read_csv(results / "apertures/north.csv")
    assert set(pixels["object_id"]) <= set(apertures["id"])
    assert (apertures["gaap_flux_HSC-r"] > 5 * apertures["gaap_flux_err_HSC-r"]).mean() > 0.9


def test_sky_that_two_fields_show_is_counted_once(tmp_path):
    """Crowded galaxies in two fields that nearly coincide; north-up coadds as of Legacy Surveys."""
    shape, noise, rows = (130, 140), 0.01, []
    wcs = celestial_wcs(tilted(shape, 0.262, 0, (150.1, 2.2)))
    objects = galaxies(5, wcs, shape, 1, step=13, margin=15)
    objects["mag"] += 2
    for seed, (field, crval, angle) in enumerate(
        (("brick", (150.1, 2.2), 0), ("other", (150.1008, 2.2006), 12))
    ):
        for band, slope in (("g", -1.0), ("r", 0.3)):
            header = tilted(shape, 0.262, angle, crval)
            light = flux_of(objects, slope)
            image, error = draw(objects, light, header, shape, noise, ZERO_POINT, [seed, ord(band)])
            paths = {name: tmp_path / f"{field}_{band}.{name}.fits" for name in ("image", "weight")}
            fits.writeto(paths["image"], image, header)
            fits.writeto(paths["weight"], np.full(shape, error**-2))
            rows.append({"field": field, "band": band, **paths, "zero_point": ZERO_POINT})
    targets = [f"results/two/pixels/{field}.parquet" for field in ("brick", "other")]
    run(
        tmp_path,
        *targets,
        name="two",
        frames=str(write_table(tmp_path / "frames.tsv", rows)),
        catalogue={"from": "detections"},
        reference_band="r",
    )
    tables = [pq.read_table(tmp_path / target).to_pandas() for target in targets]
    assert min(map(len, tables)) > 1000
    assert not set(tables[0]["object_id"]) & set(tables[1]["object_id"])
    trees = [cKDTree(np.stack([one["ra"], one["dec"]], axis=1) * 3600) for one in tables]
    assert trees[0].count_neighbors(trees[1], 0.131) == 0
