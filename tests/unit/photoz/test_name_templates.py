"""Names of bands in columns of any form, as further surveys write them."""

import numpy as np
import pandas
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.column_names import Names, find_roles
from redpix.photoz.magnitude_columns import choose_columns
from redpix.photoz.table_input import read

#: survey, columns in order of wavelength, how the name of the error follows, zero point of fluxes
SURVEYS = {
    "COSMOS2020 Farmer": (
        ["CFHT_ustar_FLUX", "HSC_g_FLUX", "HSC_y_FLUX", "UVISTA_J_FLUX", "IRAC_CH1_FLUX"],
        ("FLUX", "FLUXERR"),
        23.9,
    ),
    "COSMOS2020 Classic": (
        ["CFHT_ustar_MAG_AUTO", "HSC_g_MAG_AUTO", "UVISTA_Ks_MAG_AUTO", "IRAC_CH1_MAG_AUTO"],
        ("MAG_AUTO", "MAGERR_AUTO"),
        None,
    ),
    "COSMOS2015": (
        ["u_MAG_APER3", "ip_MAG_APER3", "zpp_MAG_APER3", "Y_MAG_APER3"],
        ("MAG", "MAGERR"),
        None,
    ),
    "CANDELS": (
        ["CTIO_U_FLUX", "ACS_F435W_FLUX", "WFC3_F160W_FLUX", "ISAAC_KS_FLUX", "IRAC_CH1_FLUX"],
        ("FLUX", "FLUXERR"),
        23.9,
    ),
    "VIPERS": (["uT07", "gT07", "rT07", "iT07"], ("", "e"), None),
    "zCOSMOS": (["SDSS_u", "SDSS_g", "SDSS_r"], None, None),
    "GAMA": (["flux_FUVt", "flux_ut", "flux_Zt", "flux_W1t"], ("flux_", "flux_err_"), 8.9),
    "DES Y3": (
        ["SOF_CM_MAG_CORRECTED_G", "SOF_CM_MAG_CORRECTED_R", "SOF_CM_MAG_CORRECTED_I"],
        ("MAG_CORRECTED", "MAG_ERR"),
        None,
    ),
    "DES DR2": (["MAG_AUTO_G_DERED", "MAG_AUTO_R_DERED"], None, None),
    "HSC": (["g_convolvedflux_0_20_mag", "z_convolvedflux_0_20_mag"], ("_mag", "_magerr"), None),
    "DEEP2": (["MAGB", "MAGR", "MAGI"], None, None),
    "LSST GAaP": (["u_gaap1p0Flux", "g_gaap1p0Flux", "z_gaap1p0Flux"], None, 31.4),
    "LSST free": (["u_free_cModelFlux", "z_free_cModelFlux"], None, 31.4),
    "Euclid": (
        ["FLUX_G_EXT_DECAM_TEMPLFIT", "FLUX_VIS_PSF", "FLUX_Z_EXT_DECAM_TEMPLFIT"]
        + ["FLUX_Y_TEMPLFIT", "FLUX_H_TEMPLFIT"],
        ("FLUX", "FLUXERR"),
        23.9,
    ),
    "Euclid apertures": (
        ["FLUX_G_EXT_DECAM_1FWHM_APER", "FLUX_VIS_1FWHM_APER", "FLUX_H_1FWHM_APER"],
        ("FLUX", "FLUXERR"),
        23.9,
    ),
    "Flagship": (["lsst_u_odonnell_ext", "euclid_nisp_h_odonnell_ext"], None, -48.6),
    "JADES": (["F090W_KRON", "F115W_KRON", "F444W_KRON"], ("KRON", "KRON_e"), 31.4),
    "grizli": (["f090w_tot_1", "f115w_tot_1", "f444w_tot_1"], ("tot", "etot"), 23.9),
    "PHAT": (["F275W_VEGA", "F475W_VEGA", "F110W_VEGA"], ("VEGA", "ERR"), None),
    "J-PLUS": (["MAG_AUTO_uJAVA", "MAG_AUTO_J0410", "MAG_AUTO_rSDSS"], ("MAG", "MAG_ERR"), None),
    "KiDS DR5": (
        ["MAG_GAAP_r", "MAG_GAAP_i1", "MAG_GAAP_i2", "MAG_GAAP_z"],
        ("MAG", "MAGERR"),
        None,
    ),
    "PAUS": (["flux_pau_nb455", "flux_pau_nb845"], ("flux_", "flux_error_"), 26.0),
    "NSA": (["NMGY_FUV", "NMGY_u", "NMGY_g"], ("NMGY", "NMGY_IVAR"), 22.5),
    "COSMOS-Web": (["flux_auto_f115w_uJy", "flux_auto_f444w_uJy"], ("flux", "flux_err"), 23.9),
    "unit in the name": (["flux_g_njy", "flux_r_njy"], ("flux", "flux_err"), 31.4),
    "blanks": (["SDSS g", "SDSS r"], ("SDSS", "err SDSS"), None),
    "dots": (["mag.g", "mag.r", "mag.z"], ("mag", "mag.err"), None),
    "CIGALE": (["sdss.up", "sdss.gp", "sdss.rp", "sdss.ip"], ("sdss", "err_sdss"), None),
    "DELVE": (["MAG_PSF_SFD_G", "MAG_PSF_SFD_R"], ("MAG_PSF_SFD", "MAGERR_PSF"), None),
    "Buzzard": (["mag_g_dered", "mag_r_dered"], ("mag", "mag_err"), None),
    "gband": (["gband", "rband"], ("", "e_"), None),
    "m": (["m_g", "m_r", "m_z"], ("", "d"), None),
    "ALHAMBRA": (["F365W", "F814W", "F923W", "J", "KS"], ("", "d"), None),
}
ERRORS = {
    "zCOSMOS": "{}_err",
    "DES DR2": "MAGERR_AUTO_{b}",
    "DEEP2": "{}ERR",
    "LSST GAaP": "{}Err",
    "LSST free": "{}Err",
    "Flagship": "{}_error",
}


def error_of(survey, column):
    rule = SURVEYS[survey][1]
    if rule is None:
        return ERRORS[survey].format(column, b=column[9:10])
    return rule[1] + column if not rule[0] else column.replace(*rule, 1)


@pytest.mark.parametrize("survey", SURVEYS)
def test_names_of_further_surveys(survey):
    columns, _, zero_point = SURVEYS[survey]
    header = ["ID", "zspec", "FLAG_r", "petroRad_r", "petroRadErr_r", "petroRad_i", "petroRadErr_i"]
    for column in sorted(columns):
        header += [error_of(survey, column), column]
    found = choose_columns(header, (), "a.csv", lambda _: None)
    assert found.magnitudes == tuple(columns)
    assert found.errors == tuple(error_of(survey, column) for column in columns)
    assert set(found.zero_points) == ({zero_point} if zero_point else set())


def test_the_bands_of_gaia_are_in_order():
    header = ["source_id", "redshift", *[f"phot_{b}_mean_mag" for b in ("g", "bp", "rp")]]
    found = choose_columns(header, (), "a.csv", pytest.fail)
    assert found.magnitudes == tuple(f"phot_{b}_mean_mag" for b in ("bp", "g", "rp"))


def test_fluxes_with_errors_are_preferred_to_magnitudes_without():
    header = ["z_spec", *[f"dered_mag_{b}" for b in "grz"]]
    header += [f"{kind}_{b}" for b in "grz" for kind in ("flux", "flux_ivar")]
    assert choose_columns(header, (), "a.csv", pytest.fail).magnitudes[0] == "flux_g"
    assert choose_columns(header[:4], (), "a.csv", pytest.fail).magnitudes[0] == "dered_mag_g"


def test_a_band_without_values_is_left_out(tmp_path, caplog):
    generator = np.random.default_rng(1)
    table = pandas.DataFrame({"zspec": generator.uniform(0.1, 1, 50)})
    for band in "griy":
        table[f"MAG_{band}"] = generator.uniform(18, 22, 50) if band != "y" else 99.0
        table[f"MAGERR_{band}"] = generator.uniform(0.01, 0.1, 50) if band != "y" else 99.0
    table.to_csv(tmp_path / "a.csv", index=False)
    found = read(str(tmp_path / "a.csv"))
    assert found.columns.magnitudes == ("MAG_g", "MAG_r", "MAG_i")
    assert found.columns.errors == ("MAGERR_g", "MAGERR_r", "MAGERR_i")
    assert found.objects.errors.shape == (50, 3)
    assert "MAG_y: no object has a value" in caplog.text


def test_psf_magnitudes_of_sdss_are_not_those_of_gaia():
    header = ["zsp", *[f"{e}{b}{k}" for e in ("", "e_") for b in "ugriz" for k in ("mag", "pmag")]]
    found = choose_columns(header, (), "a.csv", lambda _: None)
    assert found.magnitudes == tuple(f"{b}mag" for b in "ugriz")


def test_names_that_hold_the_letters_of_errors():
    found = choose_columns(["id", "red", "z_spec", "g", "r", "i"], (), "a.csv", pytest.fail)
    assert (found.magnitudes, found.errors) == (("g", "r", "i"), ())


def test_the_redshift_of_truth_tables():
    for name in ("redshift_truth", "observed_redshift_gal", "Z_VI"):
        assert find_roles([name, "u_psfFlux"], Names(), "a.csv").redshift == name


def test_two_tables_of_other_names_are_refused(tmp_path):
    header = [f"mag{kind}_{b}_lsst" for b in "gri" for kind in ("", "_err")]
    values = np.random.default_rng(1).uniform(18, 22, (30, 6))
    table = pandas.DataFrame(values, columns=header).assign(redshift=0.5)
    table.to_csv(tmp_path / "a.csv", index=False)
    table.rename(columns=lambda name: name.replace("_lsst", "")).to_csv(tmp_path / "b.csv")
    columns = read(str(tmp_path / "a.csv")).columns
    with pytest.raises(InputError, match="b.csv: no column mag_g_lsst, .*mag_r, .* same names in"):
        read(str(tmp_path / "b.csv"), columns=columns)
