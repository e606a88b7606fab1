"""Keywords of `redshift_galaxies`, and the PSF files that it reads."""

from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_file import write_psfs
from redpix.psf.psf_model import PsfModel, full_width

ARRAYS = ("inputs", "input_errors", "targets", "target_errors", "z_in", "z_out")


def write_seeing(path, seeing, scale):
    """Write PSFs of a FWHM (arcsec) in each band on frames of a pixel scale."""
    stamps = {band: moffat_stamp(fwhm / scale) for band, fwhm in seeing.items()}
    models = {
        band: PsfModel(stamp[None], 0, (0.0, 0.0), (1.0, 1.0), full_width(stamp), 0)
        for band, stamp in stamps.items()
    }
    write_psfs(path, models, dict.fromkeys(seeing, "given"), dict.fromkeys(seeing, scale))


def redshifting_job(folder, inputs, bands, fields, **changes):
    """Return the keywords for some inputs; the outputs lie in a folder."""
    options = {
        "number": 3,
        "z_in": [0.05, 0.2],
        "pixel_scale_out": None,
        "seeing": None,
        "cosmology": "Planck18",
    }
    return {
        **inputs,
        **{name: folder / f"{name}.npy" for name in ARRAYS},
        "truth": folder / "truth.csv",
        "settings": folder / "settings.json",
        "bands": bands,
        "reference_band": "r",
        "fields": fields,
        "options": options | changes,
        "seed": 1,
    }
