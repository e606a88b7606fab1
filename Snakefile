"""redpix: sky images to measurements. The front door: configuration, stages, named targets."""

import subprocess
import sys
import tempfile
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")


def unpacked(source):
    """Return a folder with the files of a git repository, as of the commit that a module names."""
    if hasattr(source, "hosted_repo"):
        source.fetch_if_required()
        repository = source.hosted_repo.repo.git_dir
    else:
        repository = source.repo_path
    git = ["git", "-C", repository]
    commit = subprocess.check_output([*git, "rev-parse", f"{source.ref}^{{commit}}"], text=True)
    folder = Path(".snakemake/redpix", commit.strip()).absolute()
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = tempfile.mkdtemp(dir=folder.parent)
        packed = subprocess.check_output([*git, "archive", commit.strip()])
        subprocess.run(["tar", "-x", "-C", part], input=packed, check=True)
        Path(part).rename(folder)  # whole, or not there
    return f"{folder}/"


# of a module from git, the rules, doors and the library have to be files
HERE = unpacked(workflow.current_basedir) if hasattr(workflow.current_basedir, "ref") else ""
sys.path.insert(0, f"{HERE or workflow.current_basedir}/scripts")

from redpix.core.cache_folders import keep_fonts_here
from redpix.core.configuration_files import check_configuration
from redpix.core.exceptions import refusals
from redpix.core.needed_programs import check_programs
from redpix.core.run_summary import check_disk

keep_fonts_here(".snakemake")

# a folder without a configuration takes that of redpix, so that -s works from anywhere
CONFIGURATION = Path("config/config.yaml")
if not CONFIGURATION.exists() and not workflow.overwrite_configfiles:
    CONFIGURATION = Path(workflow.basedir, CONFIGURATION)
if workflow.is_main_process:
    # as a module, redpix is given no file of the command line
    alone = workflow.basedir == str(workflow.current_basedir)
    with refusals(""):
        if not workflow.dryrun:
            check_disk(".")
        for path in [CONFIGURATION, *(workflow.overwrite_configfiles if alone else [])]:
            if path.exists():
                check_configuration(path)


configfile: str(CONFIGURATION)


include: f"{HERE}workflow/rules/common.smk"


from redpix.core.resume import release_after_kill, retry_catalogues, retry_left_out
from redpix.core.run_summary import closing_words, failure_words
from redpix.core.terminal_lines import shorten_terminal


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


include: f"{HERE}workflow/rules/demo.smk"
include: f"{HERE}workflow/rules/catalogue.smk"
include: f"{HERE}workflow/rules/frames.smk"
include: f"{HERE}workflow/rules/errors.smk"
include: f"{HERE}workflow/rules/registration.smk"
include: f"{HERE}workflow/rules/sources.smk"
include: f"{HERE}workflow/rules/pixels.smk"
include: f"{HERE}workflow/rules/photoz.smk"
include: f"{HERE}workflow/rules/coaddition.smk"
include: f"{HERE}workflow/rules/mlz.smk"
include: f"{HERE}workflow/rules/subtraction.smk"
include: f"{HERE}workflow/rules/night.smk"
include: f"{HERE}workflow/rules/photometry.smk"
include: f"{HERE}workflow/rules/injection.smk"
include: f"{HERE}workflow/rules/training_images.smk"
include: f"{HERE}workflow/rules/report.smk"
include: f"{HERE}workflow/rules/compare.smk"


page = f"subtraction/{PLAN.pairs[0].pair}/report.html" if INPUT.alone else "report.html"
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
    return [f"{RESULTS}/{page}"] if OWN and INPUT.targets == {target} else []


rule all:
    default_target: True
    input:
        all_transients,
        all_series,
        *([f"{RESULTS}/{page}"] if INPUT.alone else whole_run),
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


rule qp:
    input:
        photoz_products("pdfs.hdf5"),
        table_products("pdfs.hdf5"),
    localrule: True


rule mlz:
    input:
        mlz_products,
    localrule: True


rule transients:
    input:
        all_transients,
        all_series,
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
    if workflow.local_exec and not workflow.deployment_settings.deployment_method:
        with refusals(""):
            names = {job.rule.name for job in workflow.dag.needrun_jobs()}
            for line in check_programs(names, config["registration"]["engine"]):
                print(f"WARNING {line}", file=sys.stderr)
    if workflow.local_exec:
        # Snakemake's limit of 100 jobs a second, for schedulers of clusters, has it look at all jobs
        # that are ready again each second: with 40 fields a tenth of all CPU
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    unpredicted = ["No redshift is predicted: detections need a model, photoz.model"]
    remarks = unpredicted if not METHODS and not OWN else []
    if COMPARED and Path(COMPARISON, "report.html").exists():
        remarks.append(f"Comparison: {Path(COMPARISON, 'report.html').resolve()}")
    print(closing_words(Path(RESULTS), page, PLAN.left_out if PLAN.fields else None, remarks))


onerror:
    print(failure_words(RESULTS, log))


workflow.global_resources["downloads"] = config["download"]["parallel"]
if workflow.is_main_process and workflow.basedir == str(workflow.current_basedir):
    shorten_terminal()  # as a module, redpix leaves the terminal as it is
if workflow.is_main_process:
    held_lock, alone = release_after_kill(Path(".snakemake"))
    if alone:
        with refusals(""):
            retry_left_out(Path(RESULTS) / "frames")
        retry_catalogues(Path(RESULTS) / "photometry/catalogues")
        retry_catalogues(Path(RESULTS) / "known")
