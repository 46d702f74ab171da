"""What the runs of this scenario changed: check mode told the truth, and nothing was done twice."""

import pytest
from support.runs import recorded

# (host, task) pairs that check mode cannot foresee, each with its reason. At most ten.
UNFORESEEABLE: dict[tuple[str, str], str] = {}


@pytest.fixture(scope="module")
def site_runs():
    return [run for run in recorded() if run["playbook"] in ("converge.yml", "site.yml") and not run["tags"]]


def changed(run):
    return {(host, task) for host, task in run["changed"]}


def test_check_mode_on_bare_hosts_foresees_the_real_run(site_runs):
    check = next(run for run in site_runs if run["check"])
    real = next(run for run in site_runs if not run["check"])
    assert not check["failed"]
    assert len(changed(real)) > 20
    assert changed(check) ^ changed(real) == set(UNFORESEEABLE)
    assert len(UNFORESEEABLE) <= 10


def test_second_run_changes_nothing(site_runs):
    second = [run for run in site_runs if not run["check"]][1]
    assert changed(second) == set()
    assert not second["failed"]
