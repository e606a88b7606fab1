"""redpix: sky images to measurements. The front door: configuration, stages, named targets."""

from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"


from redpix.core.resume import release_after_kill, retry_left_out
from redpix.core.run_summary import closing_words, failure_words


def container_image():
    """Return the image of jobs if the user asks for apptainer, else None."""
    image = config["container"]
    methods = {one.name.lower() for one in workflow.deployment_settings.deployment_method}
    if "apptainer" not in methods:
        return None
    if "://" in image:
        return image
    if not (ROOT / image).is_file():
        sys.exit(
            f"configuration: container: {ROOT / image}: the image does not exist; envs/image makes it"
        )
    # Snakemake takes no path with a space in it: from the folder of the run
    return os.path.relpath(ROOT / image)


# the image of every job with --sdm apptainer
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
include: "workflow/rules/night.smk"
include: "workflow/rules/photometry.smk"
include: "workflow/rules/injection.smk"
include: "workflow/rules/training_images.smk"
include: "workflow/rules/report.smk"


page = f"subtraction/{PLAN.pairs[0].pair}/report.html" if ALONE else "report.html"
whole_run = [
    rules.report.output,
    demo_products,
    image_products(".csv"),
    light_curves,
    target_curves,
    all_coadds,
    table_products("objects.csv"),
    training_products,
]


def own_page(target):
    """Return the page of a run on the user's input, if all of it belongs to one target."""
    return [f"{RESULTS}/{page}"] if OWN and OWN_TARGETS == {target} else []


rule all:
    default_target: True
    input:
        all_transients,
        *([f"{RESULTS}/{page}"] if ALONE else whole_run),
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
        own_page("photoz"),
    localrule: True


rule mlz:
    input:
        mlz_products,
    localrule: True


rule transients:
    input:
        all_transients,
        own_page("transients"),
    localrule: True


rule photometry:
    input:
        image_products(".csv"),
        light_curves,
        target_curves,
        own_page("photometry"),
    localrule: True


rule coadds:
    input:
        all_coadds,
        own_page("coadds"),
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
    unpredicted = ["No redshift is predicted: detections need a model, photoz.model"]
    remarks = unpredicted if not METHODS and not OWN else []
    print(closing_words(Path(RESULTS), page, PLAN.left_out if PLAN.fields else None, remarks))


onerror:
    print(failure_words(RESULTS, log))


workflow.global_resources["downloads"] = config["download"]["parallel"]
if workflow.is_main_process:
    held_lock, alone = release_after_kill(Path(".snakemake"))
    if alone:
        retry_left_out(Path(RESULTS) / "frames")
