"""The order in which several processes run the files of tests."""

#: files whose tests run Snakemake in the folder of the demo, or read every file in it; one process
#: runs all of them, one after the other
IN_DEMO = ("test_demo", "test_records", "test_rerun", "test_mlz")

#: files that take longest, in the order of their start. The first makes the demo; the unit tests
#: that follow need none, so other processes do not wait for it. Short files end the run.
FIRST = (
    "test_restart",
    "test_kills",
    "test_run_pixels",
    "test_mdn",
    "test_crowded",
    "test_exposures",
    "test_learner_faults",
    "test_tuning",
    "test_stars",
    "test_night",
    "test_given_frames",
    "test_module",
    "test_image_variants",
    "test_shards",
    "test_faults",
    "test_commands",
    "test_own_input",
    *IN_DEMO,
    "test_choices",
    "test_damage",
    "test_coadds",
    "test_real",
    "test_changes",
    "test_injected",
    "test_training",
    "test_report",
    "test_refusals",
)
