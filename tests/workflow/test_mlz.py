"""MLZ's files through the workflow: the very galaxies of the demo that kNN learns from."""

import json

import numpy as np
from conftest import run


def test_target(demo):
    run(demo, "mlz")
    folder = demo / "results/demo/photoz"
    metrics = json.loads((folder / "knn/metrics.json").read_text())
    numbers = {
        "pixels": (metrics["learner_of_pixels"]["index"]["vectors"], metrics["pixels"]["n"]),
        "objects": (metrics["index"]["vectors"], metrics["objects"]["n"]),
    }
    for kind, expected in numbers.items():
        rows = [np.loadtxt(folder / f"mlz/{kind}.{part}") for part in ("train", "test")]
        assert tuple(map(len, rows)) == expected
        assert f"{kind}.train" in (folder / f"mlz/{kind}.inputs").read_text()
