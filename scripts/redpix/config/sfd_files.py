"""Find the maps of dust of Schlegel, Finkbeiner & Davis (1998, SFD) in a folder."""

from pathlib import Path

#: column of objects.csv with E(B-V) of the maps, mag
COLUMN = "ebv_sfd"

#: end of the name of a map, by Galactic hemisphere
POLES = {"north": "ngp", "south": "sgp"}


def sfd_files(folder):
    """Return the maps in a folder, at most one per hemisphere.

    Parameters
    ----------
    folder : str or path-like or None
        Folder with SFD_dust_4096_ngp.fits and SFD_dust_4096_sgp.fits, or with a folder sfd or maps
        that has them. Maps of another resolution and compressed ones are taken, too; of several,
        the finest.

    Returns
    -------
    list of str
        North first; empty without a folder or without maps.
    """
    if folder is None:
        return []
    places = (Path(folder), Path(folder, "sfd"), Path(folder, "maps"))
    files = []
    for pole in POLES.values():
        paths = [path for place in places for path in place.glob(f"SFD_dust_*_{pole}.fits*")]
        sizes = {path: path.name.split("_")[2] for path in paths}
        paths = [path for path in paths if sizes[path].isdigit()]
        if paths:
            files.append(str(max(paths, key=lambda path: int(sizes[path]))))
    return files


def hemisphere_of(path):
    """Return the Galactic hemisphere of a map, by its name.

    Parameters
    ----------
    path : str
        Result of `sfd_files`.

    Returns
    -------
    str
        north or south.
    """
    name = Path(path).name
    return next(hemisphere for hemisphere, pole in POLES.items() if f"_{pole}.fits" in name)
