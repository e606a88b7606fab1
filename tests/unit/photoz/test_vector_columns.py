"""Columns of vectors: SDSS's in its order of bands, others by the listing."""

import numpy as np
import pandas
import pytest
from astropy.table import Table
from redpix.core.exceptions import InputError
from redpix.photoz.column_names import Names
from redpix.photoz.magnitude_columns import choose_columns
from redpix.photoz.run_catalogue import estimate_from_table
from redpix.photoz.table_input import read
from table_runs import FILES, PARAMS


def galaxies(n=60):
    """Return redshifts and magnitudes in five bands, u the faintest."""
    generator = np.random.default_rng(1)
    redshift = generator.uniform(0.02, 0.5, n)
    magnitudes = 22 - 0.7 * np.arange(5) + redshift[:, None] + generator.normal(0, 0.1, (n, 5))
    return redshift, magnitudes


def stored(folder, form, columns):
    """Write a table with vectors, and return its path."""
    path = str(folder / f"a.{form}")
    if form == "parquet":
        lists = {n: list(c) if np.ndim(c) == 2 else c for n, c in columns.items()}
        pandas.DataFrame(lists).to_parquet(path)
    else:
        form = {"vot": "votable", "ecsv": "ascii.ecsv"}.get(form, form)
        more = {"path": "table"} if form == "hdf5" else {}
        Table(columns).write(path, format=form, **more)
    return path


def estimate(folder, table, **params):
    """Run the stage on a table, and return the folder of its files."""
    out = folder / "mine" / "knn"
    out.mkdir(parents=True, exist_ok=True)
    output = {name: str(out / file) for name, file in FILES.items()}
    estimate_from_table([table], **output, **{**PARAMS, **params})
    return out


@pytest.mark.parametrize("form", ["fits", "vot", "ecsv", "parquet", "hdf5"])
def test_vectors_of_sdss_are_in_its_order(tmp_path, form):
    redshift, magnitudes = galaxies()
    columns = {"z": redshift, "MODELMAG": magnitudes, "MODELMAGERR": np.full((60, 5), 0.03)}
    found = read(stored(tmp_path, form, columns))
    assert found.columns.magnitudes == tuple(f"MODELMAG_{number}" for number in range(1, 6))
    assert found.columns.errors == tuple(f"MODELMAGERR_{number}" for number in range(1, 6))
    assert found.understood["bands"] == list("ugriz")
    np.testing.assert_allclose(found.objects.magnitudes, magnitudes)
    np.testing.assert_allclose(found.objects.redshift, redshift)


def test_vectors_of_fluxes_with_inverse_variances(tmp_path):
    redshift, magnitudes = galaxies()
    flux = 10 ** (0.4 * (22.5 - magnitudes))
    columns = {"z": redshift, "modelFlux": flux, "modelFlux_ivar": (50 / flux) ** 2}
    found = read(stored(tmp_path, "fits", columns))
    assert found.columns.ivar == tuple(f"modelFlux_ivar_{number}" for number in range(1, 6))
    np.testing.assert_allclose(found.objects.magnitudes, magnitudes, atol=0.002)
    np.testing.assert_allclose(found.objects.errors, 2.5 / np.log(10) / 50, rtol=0.02)


def test_a_wrong_order_is_told(tmp_path, caplog):
    redshift, magnitudes = galaxies()
    read(stored(tmp_path, "fits", {"z": redshift, "modelMag": magnitudes[:, ::-1]}))
    assert "modelMag_1 is brighter than modelMag_5 in most objects" in caplog.text


def test_other_vectors_are_refused_until_they_are_named(tmp_path):
    redshift, magnitudes = galaxies()
    columns = {"redshift": redshift, "mags": magnitudes[:, :4], "sig": np.full((60, 4), 0.1)}
    path = stored(tmp_path, "fits", columns)
    with pytest.raises(InputError, match="mags, sig: vectors whose bands are unknown; name one"):
        read(path)
    found = read(path, Names(magnitudes=("mags",), errors=("sig",)))
    assert found.columns.magnitudes == ("mags_1", "mags_2", "mags_3", "mags_4")
    assert found.columns.errors == ("sig_1", "sig_2", "sig_3", "sig_4")
    np.testing.assert_allclose(found.objects.magnitudes, magnitudes[:, :4])
    found = read(path, Names(magnitudes=("mags_4", "mags_1")))
    np.testing.assert_allclose(found.objects.magnitudes, magnitudes[:, [3, 0]])


def test_a_saved_model_takes_a_vector_of_another_name(tmp_path):
    redshift, magnitudes = galaxies(200)
    train = {"redshift": redshift, "modelMag": magnitudes, "modelMagErr": np.full((200, 5), 0.03)}
    (tmp_path / "a").mkdir()
    first = stored(tmp_path / "a", "fits", train)
    model = str(estimate(tmp_path / "a", first) / "model.npz")
    (tmp_path / "b").mkdir()
    test = {"redshift": redshift, "mags": magnitudes, "sig": np.full((200, 5), 0.03)}
    other = stored(tmp_path / "b", "fits", test)
    named = {"magnitudes": ("mags",), "names": {"errors": ("sig",)}, "trained_model": model}
    out = estimate(tmp_path / "b", other, **named)
    found = pandas.read_csv(out / "objects.csv")
    assert np.median(abs(found["z_phot"] - redshift)) < 0.08
    with pytest.raises(InputError, match="sig_1; allowed: one error per band of the model"):
        estimate(tmp_path / "b", other, **named | {"names": {"errors": ("sig_1",)}})


def test_vectors_of_the_nasa_sloan_atlas():
    header = ["NSAID", "Z", *[f"NMGY{kind}_{k}" for kind in ("", "_IVAR") for k in range(1, 8)]]
    found = choose_columns(header, (), "a.fits", pytest.fail)
    assert found.magnitudes == tuple(f"NMGY_{k}" for k in range(1, 8))
    assert found.ivar == tuple(f"NMGY_IVAR_{k}" for k in range(1, 8))
    assert found.bands == ("FUV", "NUV", "u", "g", "r", "i", "z")
