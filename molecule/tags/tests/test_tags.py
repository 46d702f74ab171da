"""`--tags <concern>` does what the concern needs on any host, and touches nothing else."""

import pytest
from support.runs import site

CONCERNS = [
    "module_signing",
    "runtime_profile",
    "network_lockdown",
    "jwt_secret",
    "login_lockout",
    "release",
    "systemd_hardening",
    "ulimits",
    "bootstrap_shred",
    "certificates",
]
# Needs a controller that answers; on bare hosts it says so.
NEEDS_A_CONTROLLER = "daemon_enrolment"


def roles_of(run):
    """Roles whose tasks changed something; the common preparation of a host belongs to every concern."""
    return {task.split(" : ")[0].rpartition(".")[2] for _host, task in run.changed} - {"prexorcloud"}


# In this order each concern meets a host on which it has not been applied yet; the first one meets a bare host.
@pytest.mark.parametrize("concern", CONCERNS)
def test_concern_works_on_a_host_that_is_not_set_up(concern):
    run = site("--tags", concern)
    assert run.code == 0, run.output[-3000:]
    assert roles_of(run) <= {concern}


@pytest.mark.parametrize(("name", "component"), [("tagged-controller", "controller"), ("tagged-1", "daemon")])
def test_no_concern_alone_puts_a_service_into_operation(get_host, name, component):
    service = get_host(f"podman://{name}").service(f"prexorcloud-{component}.service")
    assert not service.is_running
    assert not service.is_enabled


def test_enrolment_without_a_controller_says_what_is_missing():
    run = site("--tags", NEEDS_A_CONTROLLER)
    assert run.code != 0
    assert "127.0.0.1:8080" in run.text()


def test_whole_run_completes_what_the_concerns_began():
    run = site()
    assert run.code == 0, run.output[-3000:]
    assert site().changed == set()


@pytest.mark.parametrize("concern", [*CONCERNS, NEEDS_A_CONTROLLER])
def test_concern_changes_nothing_on_a_converged_host(concern):
    run = site("--tags", concern)
    assert run.code == 0, run.output[-3000:]
    assert run.changed == set()
