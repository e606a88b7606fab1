"""Section of the report on timings: the cost of each stage and of each field."""

from redpix.report import benchmark_checks, files, gantt, job_records, tables
from redpix.report.figures import data_uri
from redpix.report.timing_plots import timing_figure

#: maximum number of fields in the table
LONGEST = 50


def show_timings(benchmarks, folder, fields=()):
    """Return the cost of each stage as a table and a figure, and of each field as a table.

    Parameters
    ----------
    benchmarks : str
        Folder of Snakemake's benchmark files.
    folder : str
        Folder of the results, whose size per stage is shown.
    fields : sequence of str
        Names of the fields of the run, delivered or not; records of others are left out.

    Returns
    -------
    dict
        ``rows`` is empty if there are no benchmarks; ``gantt`` is None without Snakemake's records.
    """
    jobs, others = benchmark_checks.of_this_run(files.read_benchmarks(benchmarks), set(fields))
    table = tables.timings(jobs, files.stored(folder))
    chart = gantt.layout(job_records.read_jobs(folder))
    if table.empty:
        return {"rows": [], "gantt": chart}
    total = table[["jobs", "wall", "cpu", "stored"]].sum().to_dict()
    rows = [*table.to_dict("records"), {"stage": "all", **total, "memory": table["memory"].max()}]
    fields = tables.timings_by_field(jobs)
    return {
        "rows": rows,
        "gantt": chart,
        "remarks": benchmark_checks.remarks(jobs, others),
        "figure": data_uri(timing_figure(table)),
        "stages": list(fields),
        "fields": [(name, list(row)) for name, row in fields.head(LONGEST).iterrows()],
    }
