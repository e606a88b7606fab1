"""redpix: sky images to measurements. The front door: configuration, stages, named targets."""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/exposures.smk"
include: "workflow/rules/images.smk"


# what --sdm apptainer runs every job in
container: container_image()


include: "workflow/rules/demo.smk"
include: "workflow/rules/catalogue.smk"
include: "workflow/rules/frames.smk"
include: "workflow/rules/errors.smk"
include: "workflow/rules/registration.smk"
include: "workflow/rules/sources.smk"
include: "workflow/rules/pixels.smk"
include: "workflow/rules/photoz.smk"
include: "workflow/rules/coaddition.smk"
include: "workflow/rules/mlz.smk"
include: "workflow/rules/subtraction.smk"
include: "workflow/rules/photometry.smk"
include: "workflow/rules/injection.smk"
include: "workflow/rules/training_images.smk"
include: "workflow/rules/report.smk"


whole_run = [
    rules.report.output,
    demo_products,
    image_products(".csv"),
    light_curves(),
    all_coadds,
    table_products("objects.csv"),
    training_products,
]


rule all:
    default_target: True
    input:
        all_transients,
        *([pair_page] if ALONE else whole_run),
    localrule: True


rule shard:
    input:
        pixel_tables,
        pixel_counts,
    localrule: True


rule photoz:
    input:
        photoz_products("objects.csv"),
        table_products("objects.csv"),
    localrule: True


rule mlz:
    input:
        mlz_products,
    localrule: True


rule transients:
    input:
        all_transients,
    localrule: True


rule photometry:
    input:
        image_products(".csv"),
        light_curves(),
    localrule: True


rule coadds:
    input:
        all_coadds,
    localrule: True


rule injection:
    input:
        injected_archive,
        rules.injection_truth.output,
    localrule: True


onstart:
    if workflow.local_exec:
        # Snakemake's limit of 100 jobs a second, for schedulers of clusters, has it look at all jobs
        # that are ready again each second: with 40 fields a tenth of all CPU
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    print(closing_words(Path(RESULTS)))


onerror:
    print(words_of_failure(log))
