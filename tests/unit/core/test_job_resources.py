"""The memory of a job follows the files that it reads; missing files and folders have no size."""

from redpix.core.job_resources import memory, minutes


def test_memory_follows_the_files_that_are_there(tmp_path):
    (tmp_path / "image").write_bytes(bytes(3_000_000))
    inputs = [tmp_path / "image", tmp_path / "missing", tmp_path]
    assert memory(100, times_input=2)({}, inputs, 1) == 106
    assert memory(100, times_input=2)({}, inputs, 3) == 318
    assert memory(100)({}, inputs, 2) == 200


def test_time_grows_with_each_attempt():
    assert [minutes(10)({}, attempt) for attempt in (1, 2)] == [10, 20]


def test_packed_files_count_as_they_are_unpacked(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(bytes(2_000_000))
    assert memory(100, times_input=3)({}, [str(path)], 1) == 124
