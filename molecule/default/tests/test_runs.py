"""What the runs of this scenario changed: check mode told the truth, and nothing was done twice."""

import pytest
from support.hosts import ready, run_python, unit_property
from support.runs import recorded, site

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


# As the recordings show it: the whole file serialised anew, comments and order lost, owner and mode kept.
REWRITE = """
import io, ruamel.yaml
path = "/etc/prexorcloud/config/controller.yml"
yaml = ruamel.yaml.YAML(typ="safe", pure=True)
yaml.default_flow_style = False
tree = yaml.load(open(path))
text = io.StringIO()
yaml.dump(dict(reversed(sorted(tree.items()))), text)
with open(path, "r+") as stream:
    stream.truncate()
    stream.write(text.getvalue())
"""


def test_nothing_is_changed_after_the_program_has_rewritten_its_file(get_host):
    controller = get_host("podman://controller-1")
    before = controller.file("/etc/prexorcloud/config/controller.yml").content_string
    run_python(controller, REWRITE)
    rewritten = controller.file("/etc/prexorcloud/config/controller.yml").content_string
    assert rewritten != before
    assert site().changed == set()
    assert controller.file("/etc/prexorcloud/config/controller.yml").content_string == rewritten


def test_a_normal_stop_is_no_failure_and_the_next_run_starts_the_service(get_host):
    daemon = get_host("podman://daemon-1")
    daemon.check_output("systemctl stop prexorcloud-daemon.service")
    assert unit_property(daemon, "daemon", "ActiveState") == "inactive"
    started = site().changed
    assert {host for host, _task in started} == {"daemon-1"}
    assert len(started) == 1
    assert ready(daemon, 9091) == 200
