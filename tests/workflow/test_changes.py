"""Difference images of the demo's second epoch, held to its truth, and of two real epochs."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from conftest import ROOT, run
from redpix.image.masks import bit_value
from redpix.image.wcs import frame_wcs
from redpix.report.difference_section import show_pairs
from redpix.subtraction.transients import matches

HDUS = ["D", "S", "SCORR", "ALPHA", "ALPHA_ERR", "VARIANCE", "MASK", "NEW", "REF", "PSF_D"]
COLUMNS = ["id", "ra", "dec", "x", "y", "band", "scorr", "flux", "flux_error", "mag", "kind"]
COLUMNS += ["flags", "host_id", "host_z_phot", "host_z_error"]


@pytest.fixture(scope="module")
def pair(demo):
    """The second epoch of the demo, subtracted: folder, simulated and found transients."""
    folder = demo / "results/demo/subtraction/second_epoch"
    truth = pd.read_csv(demo / "results/demo/demo/truth.csv")
    return folder, truth[truth["kind"] == "transient"], pd.read_csv(folder / "transients.csv")


def robust_std(values):
    values = values[np.isfinite(values)]
    return 1.4826 * np.median(abs(values - np.median(values)))


@pytest.mark.parametrize("band", "gr")
def test_scores_have_unit_variance(pair, band):
    folder, *_ = pair
    with fits.open(folder / band / "difference.fits") as hdus:
        assert [hdu.name for hdu in hdus] == HDUS
        clean = hdus["MASK"].data == 0
        common = (hdus["MASK"].data & bit_value("NO_DATA")) == 0
        assert robust_std(hdus["SCORR"].data[clean]) == pytest.approx(1, abs=0.02)
        assert np.median(hdus["SCORR"].data[clean]) == pytest.approx(0, abs=0.03)
        assert clean.sum() / common.sum() > 0.93
        # sky that one exposure alone covers is masked
        assert np.all(np.isnan(hdus["D"].data[~common]))
        assert 0.85 < common.mean() < 0.9
        assert hdus["PSF_D"].data.sum() == pytest.approx(1, abs=0.01)
        header = hdus["D"].header
    assert header["FLXRATIO"] == pytest.approx(1, abs=0.003)
    assert header["NSTARS"] > 20
    assert max(header["REGRMSX"], header["REGRMSY"]) < 0.05


@pytest.mark.parametrize("band", "gr")
def test_transients_are_found_and_nothing_else(pair, band):
    folder, truth, found = pair
    assert list(found.columns[: len(COLUMNS)]) == COLUMNS
    assert np.array_equal(found["id"], np.arange(1, len(found) + 1))
    rows = found[found["band"] == band]
    with fits.open(folder / band / "difference.fits") as hdus:
        x, y = frame_wcs(hdus["D"].header).all_world2pix(truth["ra"], truth["dec"], 0)
        error = hdus["ALPHA_ERR"].data[np.rint(y).astype(int), np.rint(x).astype(int)]
    strong = truth[f"flux_{band}"].to_numpy() / error > 7.5
    assert strong.sum() > 30
    hit, used = matches(rows["x"], rows["y"], x, y)
    assert hit[strong].mean() >= 0.95
    clean = ((rows["flags"] == 0) & (rows["scorr"].abs() > 7.5)).to_numpy()
    assert used[clean].mean() >= 0.95
    # galaxies' cores included
    on_galaxies = strong & truth["host"].notna().to_numpy()
    assert on_galaxies.sum() > 8
    assert hit[on_galaxies].mean() >= 0.9


def test_fluxes_and_places_are_right(pair):
    _, truth, found = pair
    pulls, distances = [], []
    for row in truth.itertuples():
        near = found[np.hypot((found.ra - row.ra) * 0.704, found.dec - row.dec) * 3600 < 0.8]
        for match in near.itertuples():
            pulls.append((match.flux - getattr(row, f"flux_{match.band}")) / match.flux_error)
            distances.append(np.hypot((match.ra - row.ra) * 0.704, match.dec - row.dec) * 3600)
            assert match.kind == "brighter"
            assert match.mag == pytest.approx(getattr(row, match.band), abs=0.6)
    assert len(pulls) > 60
    assert np.mean(pulls) == pytest.approx(0, abs=0.4)
    assert np.std(pulls) == pytest.approx(1, abs=0.35)
    assert np.median(distances) < 0.1


def test_hosts_are_the_galaxies_that_transients_were_put_on(pair, demo):
    _, truth, found = pair
    objects = pd.read_csv(demo / "results/demo/photoz/knn/objects.csv").set_index("object_id")
    right = []
    for row in truth[truth["host"].isin(objects.index)].itertuples():
        near = found[np.hypot((found.ra - row.ra) * 0.704, found.dec - row.dec) * 3600 < 0.8]
        for match in near.itertuples():
            right.append(match.host_id == row.host)
            if right[-1]:
                assert match.host_z_phot == objects.loc[row.host, "z_phot"]
    assert len(right) > 5
    assert np.mean(right) > 0.8


def test_the_report_says_how_many_were_found(pair, demo):
    folder, *_ = pair
    differences = [str(folder / band / "difference.fits") for band in "gr"]
    truth = demo / "results/demo/demo/truth.csv"
    (shown,) = show_pairs(differences, [str(folder / "transients.csv")], truth)
    assert [band["name"] for band in shown["bands"]] == ["g", "r"]
    assert shown["triplets"].startswith("data:image/webp")
    assert shown["completeness"].startswith("data:image/webp")
    assert any(fact.endswith("simulated") for fact in shown["bands"][0]["facts"].values())
    (without,) = show_pairs(differences, [str(folder / "transients.csv")], None)
    assert without["completeness"] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pair\tscience\treference\tband\na\t../x\t9001-3-100\tr\n", "line 2: science: '../x'"),
        ("pair,science\n", "columns pair,science; allowed"),
    ],
)
def test_a_wrong_table_of_pairs_ends_in_a_line(tmp_path, text, words):
    (tmp_path / "p.tsv").write_text(text)
    said = run(tmp_path, "-n", status=1, pairs="p.tsv")
    assert f"pairs: p.tsv: {words}" in said
    assert "Traceback" not in said


def test_exposures_that_do_not_overlap(demo, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "results").mkdir()
    text = "pair\tscience\treference\tband\nfar\t9001-2-210\t9001-3-100\tr\n"
    (tmp_path / "config/pairs.tsv").write_text(text)
    (tmp_path / "config/config.yaml").write_text((ROOT / "config/config.yaml").read_text())
    source = (demo / "results/demo/demo/archive").as_uri()
    settings = {"name": "far", "source": source, "catalogue": {"from": "detections"}}
    settings |= {"fields": ["9001-2-210"], "bands": ["r"], "pairs": "config/pairs.tsv"}
    words = run(tmp_path, "transients", status=1, **settings)
    assert "do not overlap" in words
    assert not list((tmp_path / "results").rglob("difference.fits"))


def test_a_turned_mirror_image_without_wcs_is_registered_by_its_sources(pair, demo, tmp_path):
    _, truth, _ = pair
    part = np.s_[100:1300, 200:1500]
    paths = {}
    for name, frame in (("science", "9003-3-101"), ("reference", "9001-3-100")):
        with fits.open(demo / f"results/demo/frames/{frame}-r.fits") as hdus:
            image, header = hdus[0].data.astype(np.float32), hdus[0].header
        paths[name] = tmp_path / f"{name}.fits"
        if name == "science":
            wcs = frame_wcs(header)[part]
            fits.writeto(paths[name], image[part], wcs.to_header())
        else:
            fits.writeto(paths[name], np.ascontiguousarray(np.rot90(image)[:, ::-1]))
    names = {key: str(path) for key, path in paths.items()}
    run(tmp_path, **names, subtraction={"registration": "sources"})
    folder = tmp_path / "results/demo/subtraction/science_minus_reference"
    found = pd.read_csv(folder / "transients.csv")
    with fits.open(next(folder.glob("*/difference.fits"))) as hdus:
        header, error = hdus["D"].header, hdus["ALPHA_ERR"].data
        x, y = frame_wcs(header).all_world2pix(truth["ra"], truth["dec"], 0)
        rows, columns = np.rint(y).astype(int), np.rint(x).astype(int)
        inside = (rows > 20) & (rows < 1180) & (columns > 20) & (columns < 1280)
        strong = inside.copy()
        strong[inside] = truth["flux_r"][inside] / error[rows[inside], columns[inside]] > 7.5
    assert max(header["REGRMSX"], header["REGRMSY"]) < 0.05
    hit, used = matches(found["x"], found["y"], x, y)
    assert strong.sum() > 10
    assert hit[strong].mean() >= 0.95
    assert used[(found["flags"] == 0) & (found["scorr"].abs() > 7.5)].mean() >= 0.95


def test_two_real_epochs(real, tmp_path):
    """From the .bz2 to transients.csv; what moved between them crosses the field."""
    (tmp_path / "p.tsv").write_text(
        "pair\tscience\treference\tband\n"
        "stripe\t6377-4-399\t4192-4-300\tg\nstripe\t6377-4-399\t4192-4-300\tr\n"
    )
    settings = {"name": "real", "source": (real / "sas").as_uri(), "pairs": "p.tsv"}
    settings |= {"catalogue": {"from": "detections"}, "fields": ["6377-4-399"]}
    run(tmp_path, "transients", **settings, bands=["g", "r"])
    folder = tmp_path / "results/real/subtraction/stripe"
    found = pd.read_csv(folder / "transients.csv")
    for band in "gr":
        with fits.open(folder / band / "difference.fits") as hdus:
            mask, scorr = hdus["MASK"].data, hdus["SCORR"].data
            common = (mask & bit_value("NO_DATA")) == 0
            # blank sky: no source adds as much as a fiftieth to the variance
            variance = hdus["VARIANCE"].data
            blank = (mask == 0) & (variance < 1.02 * np.nanmedian(variance))
            assert robust_std(scorr[blank]) == pytest.approx(1, abs=0.02)
            assert hdus["D"].header["DSTD"] == pytest.approx(1, abs=0.005)
        assert np.sum(blank) / np.sum(common) > 0.7
        assert np.sum(mask == 0) / np.sum(common) > 0.93
        clean = found[(found["band"] == band) & (found["flags"] == 0)]
        assert np.sum(clean["scorr"].abs() > 6) < 10
        # three objects that show in one epoch alone, in both bands, a few pixels farther in one
        for x, y in ((1872, 1274), (1455, 1097), (34, 187)):
            assert np.hypot(clean["x"] - x, clean["y"] - y).min() < 6
    assert json.loads((tmp_path / "results/real/frames/6377-4-399.json").read_text())["delivered"]
