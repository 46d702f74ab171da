"""A restart of a daemon waits for its game servers, and ends them only as the operator says."""

import json
import time

import pytest
from support.hosts import http, main_pid, ready
from support.runs import site

INSTANCE = "/opt/prexorcloud/daemon/instances/game-1"
CONFIG = "/opt/prexorcloud/daemon/config/daemon.yml"
API = "http://127.0.0.1:8080/api/v1"
PASSWORD = "demo-admin-password"

MERGED = ("daemon-1", "prexorcloud.production.daemon_enrolment : Merge node and controller into daemon.yml")
RUN = ("daemon-1", "prexorcloud.production.systemd_hardening : Run the daemon with its present inputs")
DRAINED = ("daemon-1", "prexorcloud.production.systemd_hardening : Move the game servers away")


@pytest.fixture(scope="module")
def daemon(get_host):
    """The daemon's host; afterwards it is as before, and another run changes nothing."""
    host = get_host("podman://daemon-1")
    host.check_output(f"cp {CONFIG} /run/daemon.yml")
    yield host
    as_user(host, f"rm -rf {INSTANCE}")
    within(30, lambda: not children(host))
    host.check_output(f"cat /run/daemon.yml > {CONFIG} && rm /run/daemon.yml")
    assert site().changed <= {RUN}
    assert site().changed == set()


def as_user(host, command):
    """Run shell words as the daemon's user."""
    return host.check_output(f"runuser --user prexorcloud-daemon -- sh -c '{command}'")


def children(host):
    """Process ids of the daemon's children."""
    return host.run(f"pgrep --parent {main_pid(host, 'daemon')}").stdout.split()


def within(seconds, condition):
    """What the condition says as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(1)
    return found


@pytest.fixture
def game(daemon):
    """A game server: process ids of the daemon and of its children."""
    as_user(daemon, f"mkdir -p {INSTANCE} && rm -f {INSTANCE}/stopped && touch {INSTANCE}/start")
    return main_pid(daemon, "daemon"), within(30, lambda: children(daemon))


def state(host):
    return main_pid(host, "daemon"), children(host)


def run(labels, restart="pending", *arguments, **variables):
    """Apply the concern with other labels of the node, for which a restart is due."""
    variables |= {"daemon_enrolment_labels": {"round": labels}, "prexorcloud_daemon_restart": restart}
    return site("--tags=daemon_enrolment", f"--extra-vars={json.dumps(variables)}", *arguments)


def node(get_host):
    """The daemon's node as the controller shows it."""
    controller = get_host("podman://controller-1")
    account = {"username": "admin", "password": PASSWORD}
    token = json.loads(http(controller, "POST", f"{API}/auth/login", account)[1])["token"]
    return json.loads(http(controller, "GET", f"{API}/nodes/daemon-1", token=token)[1])


def test_a_due_restart_waits_for_game_servers_and_is_reported(daemon, game):
    done = run("first")
    assert done.code == 0, done.output
    assert state(daemon) == game
    assert done.changed == {MERGED}
    assert f"A restart of prexorcloud-daemon on daemon-1 is due (yaml:{CONFIG}) and waits" in done.text()


def test_a_drain_that_fails_leaves_daemon_and_game_servers_running(daemon, game, get_host):
    failed = run("first", "drain", prexorcloud_admin_password="not-the-right-one")
    assert failed.code != 0 and failed.changed == set()
    assert "the controller refuses the password of admin. The daemon was left running" in failed.text()
    assert "To resume: run the same playbook again" in failed.text()
    assert "not-the-right-one" not in failed.output
    assert state(daemon) == game
    assert node(get_host)["status"] == "ONLINE"


def test_drain_ends_game_servers_by_their_stop_command_before_the_restart(daemon, game, get_host):
    check = run("first", "drain", "--check")
    assert check.code == 0, check.output
    assert state(daemon) == game
    done = run("first", "drain")
    assert done.code == 0, done.output
    assert done.changed == check.changed == {DRAINED, RUN}
    assert PASSWORD not in done.output
    assert daemon.file(f"{INSTANCE}/stopped").content_string == "command\n"
    assert not daemon.file(f"/proc/{game[0]}").exists and not daemon.file(f"/proc/{game[1][0]}").exists
    assert ready(daemon, 9091) == 200
    assert node(get_host)["status"] == "ONLINE"
    within(30, lambda: children(daemon))


def test_now_restarts_at_once(daemon, game):
    done = run("second", "now")
    assert done.code == 0, done.output
    assert done.changed == {MERGED, RUN}
    assert main_pid(daemon, "daemon") != game[0]
    assert ready(daemon, 9091) == 200
