"""A first run that is killed anywhere is finished by the next one, and the result equals that of a clean run."""

import os
import random
import signal
import subprocess
import time

import pytest
from support.runs import ROOT, recorded, site

HOSTS = {"podman://killed-controller": "controller", "podman://killed-1": "daemon"}
# ./dev test takes a seeded sample, ./dev faults the whole series.
SEEDS = range(int(os.environ.get("PREXORCLOUD_FAULTS", "3")))

# Everything that a run puts on a host: kind, mode, owner, link target; and digests where the content is not random.
MANIFEST = r"""
find /etc/prexorcloud /opt/prexorcloud /usr/local/lib/prexorcloud /etc/security/limits.d \
    /etc/systemd/system/prexorcloud-* /etc/systemd/system/multi-user.target.wants/prexorcloud-* \
    ! -path '*/data/*' ! -path '*/logs/*' ! -path '*/cache/*' ! -path '*/__pycache__*' \
    -printf '%p %y %m %u %g %l\n' | sort
sha256sum /etc/systemd/system/prexorcloud-*.service /etc/systemd/system/prexorcloud-*/* \
    /etc/prexorcloud/config/security/* /opt/prexorcloud/releases/*/current/*.jar
sed -E 's/(jwtSecret: ).*/\1masked/' /etc/prexorcloud/config/*.yml
systemctl is-enabled prexorcloud-COMPONENT; systemctl is-active prexorcloud-COMPONENT
"""


def manifest(get_host):
    return {
        name: get_host(name).check_output(MANIFEST.replace("COMPONENT", component)) for name, component in HOSTS.items()
    }


def playbook(path):
    """Command line for a playbook, behind the scenario's inventories."""
    inventories = [f"--inventory={path}" for path in os.environ["PREXORCLOUD_TEST_INVENTORY"].split(":")]
    return ["ansible-playbook", *inventories, str(ROOT / path)]


def make_hosts_anew():
    for name in ("create", "prepare"):
        command = playbook(f"molecule/shared/{name}.yml")
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def clean(get_host):
    """What the scenario's converge, which nobody killed, has made."""
    return manifest(get_host)


@pytest.fixture(scope="module")
def seconds(clean):
    return next(run["seconds"] for run in recorded() if run["playbook"] == "converge.yml")


def kill_after(delay):
    """Start the first run, kill it with its workers after ``delay`` seconds. Returns whether it was still running."""
    running = subprocess.Popen(
        playbook("site.yml"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        running.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        return True
    return False


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_first_run_is_finished_by_the_next(get_host, clean, seconds, seed):
    # Each seed owns one part of the run, so that a small sample covers all of it. The end is left out, since this run
    # may be faster than the one that was measured.
    share = (seed % 3 + random.Random(seed).random()) / 3
    delay = 0.5 + share * 0.8 * seconds
    make_hosts_anew()
    # Where the measured run was a slow one, this one may be over before its kill: it is repeated with less time.
    while not kill_after(delay):
        delay *= 0.7
        make_hosts_anew()
    time.sleep(1)
    run = site()
    assert run.code == 0, run.output[-4000:]
    assert manifest(get_host) == clean
    assert site().changed == set()
