"""Sources injected into a frame of the demo, read by the workflow like any archive."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from conftest import run
from flux_fit import pulls
from redpix.catalogue.build import COLUMNS
from redpix.core.field_name import parse_field
from redpix.image.wcs import frame_wcs
from redpix.injection import inject
from redpix.psf.psf_file import read_psf
from redpix.sdss.error_map import dark_variance, gain, sky_image
from small import FIELDS, configuration, copy_archive, copy_catalogue

NAME = FIELDS[0]


@pytest.fixture(scope="module")
def injected(demo, tmp_path_factory):
    """Folder of a run that injected, and of one that worked on what it made."""
    folder = tmp_path_factory.mktemp("injection")
    root = copy_archive(demo, folder, [NAME], "r")
    catalogue = copy_catalogue(demo, folder, [NAME])
    settings = configuration(root, catalogue, "r")
    settings |= {"injection": {"galaxies_per_field": 70, "points_per_field": 60}}
    run(folder, "injection", cores=1, **settings)
    made = folder / "results/small/injection"
    again = configuration(made / "archive", made / "truth.csv", "r") | {"name": "again"}
    run(folder, f"results/again/pixels/{NAME}.parquet", **again)
    return folder / "results", settings


def test_truth(injected):
    results, _ = injected
    truth = pd.read_csv(results / "small/injection/truth.csv")
    assert list(truth.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert truth["kind"].value_counts().to_dict() == {"galaxy": 70, "star": 45, "transient": 15}
    assert truth["id"].is_unique
    assert (truth["run"].astype(str) + "-3-" + truth["field"].astype(str) == NAME).all()
    galaxies = truth[truth["kind"] == "galaxy"]
    assert galaxies["r"].to_numpy() == pytest.approx(
        22.5 - 2.5 * np.log10(galaxies["flux_r"]), abs=1e-5
    )
    hosted = truth[truth["host"].notna()]
    assert 1 < len(hosted) < 14
    hosts = truth.set_index("id").loc[hosted["host"]]
    apart = np.hypot(
        (hosted["ra"].to_numpy() - hosts["ra"]) * 0.704, hosted["dec"].to_numpy() - hosts["dec"]
    )
    assert np.all(3600 * apart <= hosts[["bulge_radius", "disk_radius"]].max(axis=1) * 1.01)


def test_fluxes_come_back(injected):
    results, _ = injected
    truth = pd.read_csv(results / "small/injection/truth.csv")
    before = fits.getdata(results / f"small/frames/{NAME}-r.fits")
    psf = read_psf(results / f"small/injection/psf/{NAME}.fits", "r")
    field = parse_field(NAME)
    with fits.open(results / f"again/frames/{NAME}-r.fits") as hdus:
        table = hdus[2].data[0]
        sky = sky_image(table["ALLSKY"], table["XINTERP"], table["YINTERP"])
        frame = hdus[0].data.astype(float), hdus[1].data.astype(float), sky
        wcs = frame_wcs(hdus[0].header)
        assert hdus[0].header["INJECTED"] == len(truth)
        assert len(hdus) == 4
    frame += (gain(field.camcol, "r", field.run), dark_variance(field.camcol, "r", field.run))
    light = inject.expected_light(truth, "r", psf, wcs, before.shape)
    pull, sn = pulls(frame, before, light, truth, "r", psf, wcs)
    pull = pull[sn > 20]
    assert len(pull) > 40
    assert np.std(pull) == pytest.approx(1, abs=0.2)
    assert np.mean(pull) == pytest.approx(0, abs=0.4)
    # nothing else was touched
    dark = light == 0
    assert dark.mean() > 0.2
    assert np.array_equal(frame[0][dark].astype(np.float32), before[dark])


def test_injected_objects_are_found_by_the_workflow(injected):
    results, _ = injected
    truth = pd.read_csv(results / "small/injection/truth.csv").set_index("id")
    pixels = pd.read_parquet(results / f"again/pixels/{NAME}.parquet")
    bright = truth[(truth["kind"] == "galaxy") & truth["r"].between(15, 20.5)]
    assert bright.index.isin(pixels["object_id"]).mean() > 0.85
    sums = pixels.groupby("object_id")["flux_r"].sum()
    ratio = sums / truth.loc[sums.index, "flux_r"]
    # pixels above the threshold hold most of the light
    assert 0.6 < ratio[sums.index.isin(bright.index)].median() < 1


def test_same_seed_same_sources_on_two_cores(injected):
    results, settings = injected
    path = results / f"small/injection/sources/{NAME}.csv"
    first = path.read_bytes()
    target = str(path.relative_to(results.parent))
    run(results.parent, target, "--forcerun", "injection_sources", cores=2, **settings)
    assert path.read_bytes() == first
