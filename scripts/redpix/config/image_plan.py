"""The plan of images whose stars are measured: their files, their fields, their products."""

from redpix.config.images_table import FILES, fields
from redpix.io.image_path import image_file


class ImagePlan:
    """Images of a run.

    Parameters
    ----------
    images : list of redpix.config.images_table.Image
    results : str
        ``results/<name>``.
    light_curves : bool
        Whether fields with several images get light curves.
    survey : str, optional
        Catalogue of the images without one of their own, except frames of the survey.

    Attributes
    ----------
    images : dict of str to Image
        By name.
    fields : dict of str to list of str
        Names of the images of each field that gets light curves.
    by_field : dict of str to list of Image
        Images of every field.
    """

    def __init__(self, images, results, light_curves=True, survey=None):
        if survey:
            images = [
                row if row.catalogue or row.frame else row._replace(catalogue=survey)
                for row in images
            ]
        self.images = {row.image: row for row in images}
        self.by_field = fields(images)
        self.results = results
        self.fields = {
            name: [row.image for row in rows]
            for name, rows in self.by_field.items()
            if light_curves and len(rows) > 1
        }

    @property
    def exposures(self):
        """Return the names of all images that get light curves."""
        return [image for images in self.fields.values() for image in images]

    def row(self, name):
        """Return the row of an image as a plain dict; ``frame`` is its field and band, or None.

        Parameters
        ----------
        name : str
            Name of an image.

        Returns
        -------
        dict
        """
        row = self.images[name]
        return {**row._asdict(), "frame": row.frame}

    def files_of(self, name):
        """Return the files that an image is calibrated from, by their names in the table.

        A frame of the survey has an error map and masks instead of dark and flat.

        Parameters
        ----------
        name : str
            Name of an image.

        Returns
        -------
        dict of str to str
        """
        row = self.images[name]
        given = {column: getattr(row, column) for column in FILES if column != "catalogue"}
        paths = {column: image_file(path) for column, path in given.items() if path}
        if row.frame is None:
            return {"image": image_file(row.path), **paths}
        field, band = row.frame
        return paths | {
            "image": f"{self.results}/frames/{field}-{band}.fits",
            "errors": f"{self.results}/errors/{field}-{band}.fits",
            "masks": f"{self.results}/frames/{field}.masks.fits",
        }

    def catalogue_of(self, name):
        """Return the file of the catalogue of an image, or None.

        Parameters
        ----------
        name : str
            Name of an image.

        Returns
        -------
        str or None
        """
        row = self.images[name]
        if row.survey is None:
            return row.catalogue
        return f"{self.results}/photometry/catalogues/{row.survey}/{row.field or 'all'}.ecsv"

    def images_with(self, field, survey):
        """Return the names of the images of a field that take the stars of a survey.

        Parameters
        ----------
        field, survey : str
            Name of the field, and of the survey.

        Returns
        -------
        list of str
        """
        return [row.image for row in self.by_field[field] if row.survey == survey]

    def raw_images(self):
        """Return the path of every image as it came, with the HDU that the table names."""
        return [
            f"{self.results}/frames/{'-'.join(row.frame)}.fits" if row.frame else row.path
            for row in self.images.values()
        ]

    def products(self, suffix):
        """Return the path of a product of every image.

        Parameters
        ----------
        suffix : str
            End of the name, such as ``.csv``.

        Returns
        -------
        list of str
        """
        return [f"{self.results}/photometry/{name}{suffix}" for name in self.images]

    def light_curves(self):
        """Return the paths of light curves, their scatter and the exposures; empty without them."""
        names = ("lightcurves", "scatter", "light_curves/exposures") if self.fields else ()
        return [f"{self.results}/photometry/{name}.csv" for name in names]
