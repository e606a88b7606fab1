"""Names of the columns of surveys, and the rules of the redshift."""

import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.band_names import wavelength
from redpix.photoz.catalogue_doubts import check_errors, check_extinction
from redpix.photoz.column_families import looks_like_magnitude
from redpix.photoz.column_names import Names, find_roles
from redpix.photoz.magnitude_columns import choose_columns

NAMED = [
    ("mag_{}_lsst", "mag_err_{}_lsst"),
    ("modelMag_{}", "modelMagErr_{}"),
    ("cModelMag_{}", "cModelMagErr_{}"),
    ("psfmag_{}", "psfmagerr_{}"),
    ("dered_{}", "err_{}"),
    ("MAG_AUTO_{}", "MAGERR_AUTO_{}"),
    ("MAG_GAAP_{}", "MAGERR_GAAP_{}"),
    ("{}_cmodel_mag", "{}_cmodel_magsigma"),
    ("{}MeanPSFMag", "{}MeanPSFMagErr"),
    ("{}Mag", "{}MagErr"),
    ("{}mag", "e_{}mag"),
    ("mag_{}", "mag_err_{}"),
    ("mag_{}", "err_{}"),
    ("dered_mag_{}", "dered_mag_err_{}"),
    ("{}_MAG_AUTO", "{}_MAGERR_AUTO"),
    ("{}cmodel_mag", "{}cmodel_mag_err"),
    ("{}_lsst", "{}_lsst_err"),
    ("BDF_MAG_{}", "BDF_MAG_ERR_{}"),
    ("SOF_CM_MAG_{}", "SOF_CM_MAG_ERR_{}"),
    ("{}_psf", "e_{}_psf"),
    ("{}_PStotal", "e_{}_PStotal"),
    ("Magnitude_{}", "Magnitude_error_{}"),
]
FLUXES = [
    ("flux_{}", "flux_{}_err", 22.5, False),
    ("FLUX_{}", "FLUX_IVAR_{}", 22.5, True),
    ("modelFlux_{}", "modelFluxIvar_{}", 22.5, True),
    ("modelflux_{}", "modelflux_ivar_{}", 22.5, True),
    ("{}_cModelFlux", "{}_cModelFluxErr", 31.4, False),
    ("f_{}", "e_{}", 25.0, False),
    ("FLUX_AUTO_{}", "FLUXERR_AUTO_{}", 30.0, False),
    ("{}_cmodel_flux", "{}_cmodel_fluxerr", 31.4, False),
    ("{}_flux", "{}_flux_ivar", 22.5, True),
    ("HSC_{}_FLUX", "HSC_{}_FLUXERR", 23.9, False),
    ("BDF_FLUX_{}", "BDF_FLUX_ERR_{}", 30.0, False),
    ("flux_{}", "flux_error_{}", 22.5, False),
    ("FLUX_{}_TEMPLFIT", "FLUXERR_{}_TEMPLFIT", 23.9, False),
]


def columns_of(header, magnitudes=(), **more):
    return choose_columns(header, magnitudes, "a.csv", pytest.fail, **more)


@pytest.mark.parametrize(("magnitude", "error"), NAMED)
@pytest.mark.parametrize("redshift", ["redshift", "z"])
def test_magnitudes_of_surveys_by_wavelength(magnitude, error, redshift):
    header = ["objID", redshift]
    for band in "zigur":
        header += [error.format(band), magnitude.format(band)]
    assert find_roles(header, Names(), "a.csv").redshift == redshift
    found = columns_of(header)
    assert found.magnitudes == tuple(magnitude.format(band) for band in "ugriz")
    assert found.errors == tuple(error.format(band) for band in "ugriz")
    assert found.zero_points == ()
    assert columns_of([c for c in header if c not in found.errors]).errors == ()


@pytest.mark.parametrize(("flux", "error", "zero_point", "inverse"), FLUXES)
def test_fluxes_of_surveys(flux, error, zero_point, inverse):
    header = ["z_spec"]
    for band in "grz":
        header += [flux.format(band), error.format(band)]
    found = columns_of(header)
    assert found.magnitudes == tuple(flux.format(band) for band in "grz")
    assert found.errors == tuple(error.format(band) for band in "grz")
    assert found.ivar == (found.errors if inverse else ())
    assert found.zero_points == (zero_point,) * 3
    units = dict.fromkeys(found.magnitudes, "uJy")
    assert columns_of(header, units=units).zero_points == (23.9,) * 3


def test_bands_of_unknown_name_belong_to_a_family_with_errors():
    header = ["ZSPEC", "NUMBER", "MAG_AUTO_TOTAL"]
    for band in ("u", "r", "ip", "zpp"):
        header += [f"{band}_MAG_AUTO", f"{band}_MAGERR_AUTO"]
    found = columns_of(header)
    assert found.magnitudes == tuple(f"{band}_MAG_AUTO" for band in ("u", "r", "ip", "zpp"))
    assert found.errors == tuple(f"{band}_MAGERR_AUTO" for band in ("u", "r", "ip", "zpp"))


def test_numbered_fluxes_of_eazy_are_no_filters_of_hubble():
    header = ["id", "F205", "E205", "F206", "E206", "F207", "E207", "z_spec"]
    found = columns_of(header)
    assert found.magnitudes == ("F205", "F206", "F207")
    assert found.errors == ("E205", "E206", "E207")
    assert found.zero_points == (25.0, 25.0, 25.0)
    assert columns_of(["F435", "F606", "F814", "z_spec"]).zero_points == ()


def test_magnitudes_of_gaia_and_narrow_bands_by_wavelength():
    gaia = [f"phot_{band}_mean_mag" for band in ("rp", "g", "bp")]
    assert sorted(columns_of(gaia).magnitudes) == sorted(gaia)
    narrow = ["r_PStotal", "J0378_PStotal", "u_PStotal"]
    assert columns_of(narrow).magnitudes == ("u_PStotal", "J0378_PStotal", "r_PStotal")


def test_errors_that_no_rule_finds_are_named():
    told = []
    header = ["id", "u", "g", "r", "mistake", "uncert1", "z_spec", "zErr"]
    columns = columns_of(header)
    check_errors(header, columns, "z_spec", "a.csv", told.append)
    assert told == [
        "a.csv: no errors found for u, g, r, although uncert1 may hold them; the listing's "
        "column errors names them"
    ]
    whole = columns._replace(errors=("uncert1", "mistake", "zErr"))
    check_errors(header, whole, "z_spec", "a.csv", pytest.fail)


@pytest.mark.parametrize("error", ["err{}", "sig_{}", "{}_unc", "e_{}"])
def test_errors_of_columns_named_as_their_bands(error):
    header = ["zspec", *"ugriz", *(error.format(band) for band in "ugriz")]
    assert columns_of(header).errors == tuple(error.format(band) for band in "ugriz")


def test_the_preferred_family_is_completed_by_further_bands():
    header = ["psfMag_g", "psfMag_r", "modelMag_g", "modelMag_r", "W1mpro", "W1sigmpro", "z"]
    found = columns_of(header)
    assert found.magnitudes == ("modelMag_g", "modelMag_r", "W1mpro")
    assert found.errors == ("", "", "W1sigmpro")


def test_a_lone_z_with_an_error_beside_other_magnitudes_is_not_a_band():
    header = ["redshift", "z", "zErr", *(f"modelMag_{band}" for band in "ugriz")]
    assert columns_of(header).magnitudes == tuple(f"modelMag_{band}" for band in "ugriz")


def test_an_error_that_is_missing_leaves_the_others():
    assert columns_of(["u", "g", "g_err", "r", "r_err"]).errors == ("", "g_err", "r_err")


@pytest.mark.parametrize(
    "name", ["z_spec", "Z_SPEC", "specz", "zs", "z_true", "zspec", "REDSHIFT", "specz_redshift"]
)
def test_names_of_the_redshift(name):
    header = ["u", "g", "r", "i", "z", name, "z_phot"]
    assert find_roles(header, Names(), "a.csv").redshift == name
    assert columns_of(header).magnitudes == tuple("ugriz")
    assert find_roles([*header, "redshift"], Names(), "a.csv").redshift == "redshift"


def test_the_redshift_is_never_guessed():
    bands = ["u", "g", "r", "i", "z"]
    assert find_roles(bands, Names(), "a.csv").redshift is None
    header = [*bands, "z_spec", "z_true"]
    with pytest.raises(InputError, match=r"a\.csv: columns z_spec, z_true may all be the redshift"):
        find_roles(header, Names(), "a.csv")
    assert find_roles(header, Names(redshift="z_true"), "a.csv").redshift == "z_true"
    assert find_roles([*header, "redshift"], Names(), "a.csv").redshift == "redshift"
    with pytest.raises(InputError, match=r"no column zz, which the listing's column redshift"):
        find_roles(header, Names(redshift="zz"), "a.csv")


def test_ids_and_classes_are_found_and_named():
    header = ["specobjid", "objID", "SPECTYPE", "name"]
    assert find_roles(header, Names(), "a.csv") == (None, "objID", "SPECTYPE")
    named = Names(id="name", label="objID")
    assert find_roles(header, named, "a.csv") == (None, "name", "objID")


@pytest.mark.parametrize("name", ["logmass", "log_mstar", "petroRad", "absmag_r", "photoz", "sfr"])
def test_other_quantities_with_errors_are_not_magnitudes(name):
    told = []
    header = ["u", "u_err", "g", "g_err", name, f"{name}_err"]
    assert choose_columns(header, (), "a.csv", told.append).magnitudes == ("u", "g")
    assert f"do not look like magnitudes: {name};" in told[0]


def test_a_quantity_made_with_the_distance_is_refused_even_if_named():
    with pytest.raises(InputError, match="logmass is computed with the distance"):
        columns_of(["u", "g", "logmass"], ("u", "g", "logmass"))


def test_named_errors_belong_to_named_magnitudes():
    header = ["a", "b", "sa", "sb"]
    assert columns_of(header, ("a", "b"), errors=("sa", "")).errors == ("sa", "")
    with pytest.raises(InputError, match="1 errors of 2 magnitudes"):
        columns_of(header, ("a", "b"), errors=("sa",))
    with pytest.raises(InputError, match="no column sc"):
        columns_of(header, ("a", "b"), errors=("sa", "sc"))
    with pytest.raises(InputError, match="mix magnitudes and fluxes"):
        columns_of(["r", "flux_g"], ("r", "flux_g"))


def test_bands_have_wavelengths():
    assert wavelength("f814w") == 814
    assert wavelength("f160w") == 1600
    assert wavelength("Ks") > wavelength("J") > wavelength("y") > wavelength("z")
    assert looks_like_magnitude("z850")
    assert not looks_like_magnitude("MAG_ABS_R")


@pytest.mark.parametrize("column", ["EBV", "MW_TRANSMISSION_G", "extinction_r", "a_g", "E(B-V)"])
def test_extinction_that_is_not_applied_is_told(column):
    told = []
    header = ["id", column, "mag_g", "mag_r", "z_spec"]
    check_extinction(header, columns_of(header), "a.csv", told.append)
    assert f"a.csv: the extinction in {column} is not applied: correct mag_g" in told[0]
    header = ["id", column, "dered_g", "dered_r", "z_spec"]
    check_extinction(header, columns_of(header), "a.csv", pytest.fail)
    check_extinction(["ebvalue", "mag_g"], columns_of(["mag_g", "mag_r"]), "a.csv", pytest.fail)


def test_narrow_bands_and_errors_with_a_d():
    header = ["zspec"]
    for band in (515, 455, 575):
        header += [f"flux_NB{band}", f"flux_error_NB{band}"]
    found = columns_of(header)
    assert found.magnitudes == ("flux_NB455", "flux_NB515", "flux_NB575")
    assert found.errors == ("flux_error_NB455", "flux_error_NB515", "flux_error_NB575")
    assert wavelength("NB816") == 816
    assert wavelength("NB118") == 1180
    header = ["zspec", "F365W", "dF365W", "F489W", "dF489W"]
    assert columns_of(header).errors == ("dF365W", "dF489W")
    # dz is the error of a redshift
    assert columns_of(["redshift", "u", "g", "r", "i", "z", "dz"]).errors == ()


def test_named_fluxes_of_an_unknown_survey_are_no_magnitudes():
    said, names = [], ("g_totflux", "r_totflux")
    header = ["redshift", *names, "g_totflux_err", "r_totflux_err"]
    found = choose_columns(header, names, "a.csv", said.append)
    assert found.zero_points == (22.5, 22.5)
    assert "g_totflux, r_totflux: taken as fluxes in nanomaggies, zero point 22.5" in said[0]
    units = dict.fromkeys(names, "uJy")
    assert columns_of(header, names, units=units).zero_points == (23.9, 23.9)
