"""Settings files of programs, by the names of the functions that take them."""

from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "resources/sextractor"

#: SExtractor's settings for a list of detections
SETTINGS = {
    "config": str(_FOLDER / "sources.sex"),
    "parameters": str(_FOLDER / "detections.param"),
    "filter": str(_FOLDER / "sources.conv"),
}
