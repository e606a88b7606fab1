"""The plan of pairs and stacks: the files of their exposures, and what is left out.

An image of a pair or of a stack is a field of the survey, a FITS file, or a coadd of the run
itself. A pair with several references is subtracted from their coadd.
"""

import os
from pathlib import Path

from redpix.config.coadd_names import COADDED_REFERENCE, named_coadd
from redpix.config.pairs_table import is_field
from redpix.core.exceptions import InputError
from redpix.io.image_path import image_file


class ExposurePlan:
    """Pairs and stacks of a run, and the files that they are made from.

    Parameters
    ----------
    pairs : list of Pair
    stacks : list of redpix.config.pairs_table.StackRow
    results : str
        ``results/<name>``.
    survey_psf : bool
        Whether fields bring the PSFs of the survey, in psField files.

    Attributes
    ----------
    stacks : dict of (str, str) to list of str
        Images by stack and band; a pair's several references are a stack, too.
    fields : list of str
        Fields of the survey that a pair or a stack names, sorted.

    Raises
    ------
    InputError
        If a stack has the name of a pair's reference, if a coadd is not defined, or if a coadd is
        made from itself. The message begins with the key, ``pairs`` or ``stacks``.
    """

    def __init__(self, pairs, stacks, results, survey_psf=False):
        self.pairs, self.results, self.survey_psf = pairs, results, survey_psf
        self.stacks = {}
        for row in stacks:
            self.stacks.setdefault((row.stack, row.band), []).append(row.image)
        for row in pairs:
            if len(row.references) > 1:
                self._add_reference(row)
        for stack, images in self.stacks.items():
            self._check_coadds("stacks", images, (stack,))
        for row in pairs:
            self._check_coadds("pairs", row.images)
        named = [row.images for row in pairs] + list(self.stacks.values())
        self.fields = sorted({image for images in named for image in images if is_field(image)})

    def _add_reference(self, row):
        """Add the stack of a pair's references."""
        stack = COADDED_REFERENCE.format(pair=row.pair), row.band
        if stack in self.stacks:
            raise InputError(
                f"stacks: {stack[0]}: the name of a pair's reference; allowed: another name"
            )
        self.stacks[stack] = row.references

    def _check_coadds(self, key, images, above=()):
        """Raise InputError if an image is an undefined coadd, or a coadd that needs itself."""
        for image in images:
            coadd = None if is_field(image) else named_coadd(image, self.results)
            if coadd in above:
                raise InputError(
                    f"{key}: {image}: is made from itself; allowed: coadds of other stacks"
                )
            if coadd in self.stacks:
                self._check_coadds(key, self.stacks[coadd], (*above, coadd))
            elif coadd and not Path(image_file(image)).is_file():
                raise InputError(
                    f"{key}: {image}: no stack of this run has this coadd, nor is there a file"
                )

    def coadd_of(self, path):
        """Return stack and band if a path is that of a coadd that this run makes, else None.

        Parameters
        ----------
        path : str
            Path of the file.

        Returns
        -------
        (str, str) or None
        """
        coadd = named_coadd(path, self.results)
        return coadd if coadd in self.stacks else None

    def path_of_coadd(self, stack, band):
        """Return the path of a coadd.

        Parameters
        ----------
        stack, band : str
            Names of the stack and the band.

        Returns
        -------
        str
        """
        return f"{self.results}/coadds/{stack}/{band}.fits"

    def files_of(self, image, band):
        """Return the files of an image in a band.

        Parameters
        ----------
        image : str
            Field of the survey, path of a FITS image, or path of a coadd of this run.
        band : str
            Name of the band.

        Returns
        -------
        list of str
            Frame, error map, masks and maybe PSFs of a field, else one file.
        """
        if not is_field(image):
            coadd = self.coadd_of(image)
            return [self.path_of_coadd(*coadd) if coadd else os.path.normpath(image_file(image))]
        names = [f"frames/{image}-{band}.fits", f"errors/{image}-{band}.fits"]
        names.append(f"frames/{image}.masks.fits")
        if self.survey_psf:
            names.append(f"frames/{image}.psField.fit")
        return [f"{self.results}/{name}" for name in names]

    def files_of_stack(self, stack, band):
        """Return the files of each image of a stack, by the names image_1, image_2 ...

        Parameters
        ----------
        stack, band : str
            Names of the stack and the band.

        Returns
        -------
        dict of str to list of str

        Raises
        ------
        InputError
            If the stack does not exist.
        """
        if (stack, band) not in self.stacks:
            raise InputError(f"stacks: no stack {stack} in band {band}")
        images = self.stacks[stack, band]
        return {f"image_{n}": self.files_of(image, band) for n, image in enumerate(images, start=1)}

    def row(self, pair, band):
        """Return the `redpix.config.pairs_table.Pair` of a name and a band, or raise InputError."""
        for row in self.pairs:
            if (row.pair, row.band) == (pair, band):
                return row
        raise InputError(f"pairs: no pair {pair} in band {band}")

    def images_of_pair(self, pair, band):
        """Return the images of a pair as its table names them, by the names science, reference.

        Parameters
        ----------
        pair, band : str
            Names of the pair and the band.

        Returns
        -------
        dict of str to str

        Raises
        ------
        InputError
            If the pair does not exist.
        """
        row = self.row(pair, band)
        reference = row.reference
        if len(row.references) > 1:
            reference = self.path_of_coadd(COADDED_REFERENCE.format(pair=pair), band)
        return {"science": row.science, "reference": reference}

    def files_of_pair(self, pair, band):
        """Return the files of both images of a pair, by the names science, reference.

        Parameters
        ----------
        pair, band : str
            Names of the pair and the band.

        Returns
        -------
        dict of str to list of str
        """
        images = self.images_of_pair(pair, band)
        return {name: self.files_of(image, band) for name, image in images.items()}

    def fields_of(self, images):
        """Yield the fields that images are made from, also through coadds of this run.

        Parameters
        ----------
        images : list of str
            Images as the tables name them.

        Yields
        ------
        str
        """
        for image in images:
            if is_field(image):
                yield image
            elif self.coadd_of(image):
                yield from self.fields_of(self.stacks[self.coadd_of(image)])

    def why_left_out(self, images, missing):
        """Return why the product of some images is left out, or None if it is made.

        Parameters
        ----------
        images : list of str
            Images as the tables name them.
        missing : dict of str to str
            Reason by field that was not delivered.

        Returns
        -------
        str or None
        """
        fields = [name for name in self.fields_of(images) if name in missing]
        return f"field {fields[0]}: {missing[fields[0]]}" if fields else None

    def delivered_pairs(self, missing):
        """Return the pairs whose exposures were all delivered.

        Parameters
        ----------
        missing : dict of str to str
            Reason by field that was not delivered.

        Returns
        -------
        list of Pair
        """
        return [row for row in self.pairs if self.why_left_out(row.images, missing) is None]

    def delivered_stacks(self, missing):
        """Return the stacks whose exposures were all delivered, with their images.

        Parameters
        ----------
        missing : dict of str to str
            Reason by field that was not delivered.

        Returns
        -------
        dict of (str, str) to list of str
        """
        return {
            stack: images
            for stack, images in self.stacks.items()
            if self.why_left_out(images, missing) is None
        }

    def composition(self):
        """Return the name of each pair and stack, and the fields that it is made from."""
        named = [(f"pair {row.pair}, {row.band}", row.images) for row in self.pairs]
        named += [(f"stack {name}, {band}", im) for (name, band), im in self.stacks.items()]
        return [(name, list(self.fields_of(images))) for name, images in named]

    def left_out(self, missing):
        """Return the name of each pair and stack that is left out, and the reason.

        Parameters
        ----------
        missing : dict of str to str
            Reason by field that was not delivered.

        Returns
        -------
        list of (str, str)
        """
        reasons = [
            (name, self.why_left_out(fields, missing)) for name, fields in self.composition()
        ]
        return [(name, reason) for name, reason in reasons if reason]
