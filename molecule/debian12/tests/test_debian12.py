"""Debian 12 with a Java archive runs what Debian 13 runs with its own package."""

import json

import pytest
from support.hosts import main_pid, ready
from support.runs import recorded, site

HOSTS = {"podman://bookworm-controller": ("controller", 8080), "podman://bookworm-1": ("daemon", 9091)}


@pytest.mark.parametrize("name", HOSTS)
def test_component_is_ready_on_the_archive(get_host, name):
    host = get_host(name)
    component, port = HOSTS[name]
    assert host.file("/etc/debian_version").content_string.startswith("12.")
    assert host.check_output(f"readlink /proc/{main_pid(host, component)}/exe").startswith("/opt/prexorcloud/java/")
    assert ready(host, port) == 200


def test_check_mode_foresees_the_real_run_and_the_second_changes_nothing():
    runs = [run for run in recorded() if run["playbook"] == "converge.yml"]
    check = next(run for run in runs if run["check"])
    first, second = [run for run in runs if not run["check"]][:2]
    assert sorted(check["changed"]) == sorted(first["changed"])
    assert second["changed"] == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"prexorcloud_java_archive_url": ""}, ["no Java 25", "prexorcloud_java_archive_url", "Debian 13"]),
        ({"prexorcloud_java_archive_sha256": "latest"}, ["prexorcloud_java_archive_sha256", "64 hex digits"]),
    ],
)
def test_without_a_proven_java_the_run_stops_with_the_cure(variables, words):
    run = site(f"--extra-vars={json.dumps(variables)}", "--tags", "release")
    assert run.code != 0
    assert not run.changed
    for word in words:
        assert word in run.text()
