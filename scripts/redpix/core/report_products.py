"""Mark products that Snakemake's own report shows."""

import re
from pathlib import Path

from snakemake.io import report


def shown_in_report(path, caption, category):
    """Return a product that `snakemake --report` shows.

    Parameters
    ----------
    path : str
        Pattern of the product's path.
    caption : str
        Name of a file of workflow/report/captions.
    category : str
        Heading under which the product stands.

    Returns
    -------
    str
        The pattern, with a flag of Snakemake.
    """
    labels = {name: f"{{{name}}}" for name in re.findall(r"\{(\w+)\}", path)}
    return report(
        path,
        caption=f"../report/captions/{caption}.rst",
        category=category,
        labels={"file": Path(path).name, **labels},
    )
