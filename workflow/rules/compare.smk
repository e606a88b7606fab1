"""Two runs side by side: metrics, objects, and what differed in configuration and versions."""

from redpix.report.compared_settings import check_runs, digest_of

COMPARED = config["runs"] or []
COMPARISON = f"results/{'-and-'.join(['compare', *COMPARED])}"

if COMPARED:
    with refusals(""):
        check_runs(COMPARED, Path("results"))


def comparable(path):
    """Return an input function that refuses to compare without the names of two runs."""

    def checked(wildcards):
        with refusals(""):
            check_runs(COMPARED, Path("results"))
        return path

    return checked


rule compare:
    input:
        # what the template includes
        report_parts("macros"),
        own_file("workflow/report/style.css"),
        own_file("workflow/report/fingers.js"),
        template=comparable(own_file("workflow/report/compare.html.j2")),
        definitions=own_file("workflow/report/definitions.yaml"),
    output:
        page=shown_in_report(f"{COMPARISON}/report.html", "comparison", "Report"),
        table=f"{COMPARISON}/objects.csv",
    log:
        f"{COMPARISON}/logs/compare.log",
    benchmark:
        f"{COMPARISON}/benchmarks/compare/compare.tsv"
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=memory(1500),
        runtime=minutes(20),
    params:
        code=code_of("compare"),
        runs=COMPARED,
        folder="results",
        seed=config["seed"],
        # the products are no input: a comparison makes nothing of a run again
        state=[digest_of(f"results/{run}") for run in COMPARED],
    message:
        "comparing runs"
    script:
        "../../scripts/compare.py"
