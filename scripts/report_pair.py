"""Show one pair of files on a page of its own."""

from pathlib import Path

import report_changes
import report_files
from files import write_text
from job import job, log
from redpix.figures import house_style


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    with house_style():
        page = report_files.render(
            inputs.template,
            name=Path(inputs.transients).parent.name,
            science=params.science,
            reference=params.reference,
            pairs=report_changes.show_pairs([inputs.difference], [inputs.transients], None),
        )
    write_text(snakemake.output[0], page)
    log.info("%s: %.1f MB", snakemake.output[0], len(page) / 1e6)


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake)
