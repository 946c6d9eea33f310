"""Which figures are drawn."""

import orjson

from bench.growth.drawing import _full, _newest
from bench.site import FULL, QUICK


def written(path, sizes, **failures):
    results = [{"benchmark": name, "failure": failure} for name, failure in failures.items()]
    options = {"sizes": {"growth_writes": sizes.growth_writes}}
    path.write_bytes(orjson.dumps({"options": options, "results": results}))
    return path


def test_each_curve_comes_from_the_last_file_that_has_all_of_it(tmp_path):
    one = written(tmp_path / "growth-1.json", FULL, batch="", memory="")
    two = written(tmp_path / "growth-2.json", FULL, memory="", groups="interrupted")
    assert _newest([one, two]) == {"batch": one, "memory": two}


def test_quick_runs_are_left_out(tmp_path):
    full = written(tmp_path / "growth-1.json", FULL, batch="")
    quick = written(tmp_path / "growth-2.json", QUICK, batch="")
    assert _full([full, quick]) == [full]
