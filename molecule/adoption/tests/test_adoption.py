"""What an adopted install keeps, and what it becomes."""

from pathlib import Path

import pytest
from support.hosts import login, main_pid, parsed, ready, unit_property
from support.runs import site

ADOPTED = "podman://adopted-1"
OTHERS = Path(__file__).parents[1] / "others"

CONFIG = "/opt/prexorcloud/controller/config/controller.yml"


@pytest.fixture(scope="module")
def adopted(get_host):
    return get_host(ADOPTED)


@pytest.mark.parametrize(("component", "user"), [("controller", "prexorcloud"), ("daemon", "prexorcloud-daemon")])
def test_root_service_ends_unprivileged_and_hardened(adopted, component, user):
    assert adopted.check_output(f"stat -c %U /proc/{main_pid(adopted, component)}") == user
    assert unit_property(adopted, component, "ProtectSystem") == "strict"
    assert unit_property(adopted, component, "NoNewPrivileges") == "yes"
    assert ready(adopted, 8080 if component == "controller" else 9091) == 200


def test_identity_secret_and_own_settings_survive(adopted):
    config = parsed(adopted, CONFIG)
    assert config["uuid"] == "operators-own-uuid"
    assert config["security"]["jwtSecret"].startswith("b3BlcmF0b3JzLW93bi1zZWNyZXQ")
    assert config["raft"]["host"] == "127.0.0.1"
    assert config["crashes"]["ringBufferSize"] == 77
    assert "Written by the operator" in adopted.file("/opt/prexorcloud/controller/config/controller.yml").content_string


def test_openness_does_not_survive(adopted):
    config = parsed(adopted, CONFIG)
    assert config["network"]["allowedSubnets"] == ["10.99.2.11/32"]
    assert config["modules"]["signing"]["required"] is True


def test_certificates_and_node_identity_survive(adopted):
    """All but the server certificate, which was valid for localhost only."""
    adopted.check_output("grep -v server.p12 /root/survivors > /run/survivors")
    adopted.check_output("cd /opt/prexorcloud && sha256sum --quiet -c /run/survivors")


def test_existing_directory_is_used_as_it_is(adopted):
    """controller.yml was a regular file below /opt and still is, now out of the service's reach."""
    file = adopted.file("/opt/prexorcloud/controller/config/controller.yml")
    assert file.is_file
    assert not file.is_symlink
    assert (file.user, file.group, file.mode) == ("root", "prexorcloud", 0o640)


def test_data_survives_and_belongs_to_the_service(adopted):
    template = adopted.file("/opt/prexorcloud/controller/templates/lobby/server.properties")
    assert template.content_string == "motd=adopted\n"
    assert template.user == "prexorcloud"
    for component, user in (("controller", "prexorcloud"), ("daemon", "prexorcloud-daemon")):
        strangers = adopted.check_output(f"find /opt/prexorcloud/{component}/config/security ! -user {user}")
        assert strangers == ""


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [("alice", "alice-has-a-password", 200), ("admin", "adoption-admin-password", 200)],
)
def test_users_survive(adopted, user, password, status):
    assert login(adopted, user, password) == status


def test_bootstrap_file_is_gone(adopted):
    assert not adopted.file("/opt/prexorcloud/controller/config/.initial-admin-password").exists


def test_used_token_is_gone_from_the_daemon(adopted):
    text = adopted.file("/opt/prexorcloud/daemon/config/daemon.yml").content_string
    assert "pxr_used" not in text
    assert "rack: a7" in text


def test_install_left_unstartable_by_the_maintenance_call_starts_again(get_host):
    host = get_host("podman://adopted-2")
    assert parsed(host, CONFIG)["raft"]["host"] == "0.0.0.0"
    run = site(inventories=[OTHERS / "adopted-2"])
    assert run.code == 0, run.output[-3000:]
    config = parsed(host, CONFIG)
    assert config["raft"]["host"] == "127.0.0.1"
    assert config["uuid"] == "operators-own-uuid"
    assert ready(host, 8080) == 200
    assert login(host, "alice", "alice-has-a-password") == 200
    assert site(inventories=[OTHERS / "adopted-2"]).changed == set()


def test_install_that_never_started_for_lack_of_a_uuid_gets_one(get_host):
    host = get_host("podman://adopted-3")
    run = site(inventories=[OTHERS / "adopted-3"])
    assert run.code == 0, run.output[-3000:]
    config = parsed(host, CONFIG)
    assert config["uuid"] == "adopted-3"
    assert len(config["security"]["jwtSecret"]) >= 64
    assert ready(host, 8080) == 200
