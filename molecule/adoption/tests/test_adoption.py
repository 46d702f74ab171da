"""What an adopted install keeps, and what it becomes."""

import json
from pathlib import Path

import pytest
from support.runs import site

ADOPTED = "podman://adopted-1"
OTHERS = Path(__file__).parents[1] / "others"

READ = (
    "python3 -c 'import json, ruamel.yaml; print(json.dumps(ruamel.yaml.YAML(typ=\"safe\", pure=True)"
    '.load(open("/opt/prexorcloud/controller/config/controller.yml"))))\''
)
LOGIN = (
    "python3 -c '\n"
    "import json, sys, urllib.error, urllib.request\n"
    'body = json.dumps({"username": sys.argv[1], "password": sys.argv[2]}).encode()\n'
    'request = urllib.request.Request("http://127.0.0.1:8080/api/v1/auth/login", body)\n'
    "try:\n"
    "    print(urllib.request.urlopen(request, timeout=5).status)\n"
    "except urllib.error.HTTPError as error:\n"
    "    print(error.code)\n"
    "' "
)


def ready(host, port):
    return host.check_output(
        f"python3 -c 'import urllib.request as r; print(r.urlopen(\"http://127.0.0.1:{port}/ready\", timeout=5).status)'"
    )


@pytest.fixture(scope="module")
def adopted(get_host):
    return get_host(ADOPTED)


@pytest.mark.parametrize(("component", "user"), [("controller", "prexorcloud"), ("daemon", "prexorcloud-daemon")])
def test_root_service_ends_unprivileged_and_hardened(adopted, component, user):
    unit = f"prexorcloud-{component}.service"
    pid = adopted.check_output(f"systemctl show --property=MainPID --value {unit}")
    assert adopted.check_output(f"stat -c %U /proc/{pid}") == user
    assert adopted.check_output(f"systemctl show --property=ProtectSystem --value {unit}") == "strict"
    assert adopted.check_output(f"systemctl show --property=NoNewPrivileges --value {unit}") == "yes"
    assert ready(adopted, 8080 if component == "controller" else 9091) == "200"


def test_identity_secret_and_own_settings_survive(adopted):
    config = json.loads(adopted.check_output(READ))
    assert config["uuid"] == "operators-own-uuid"
    assert config["security"]["jwtSecret"] == "b3BlcmF0b3JzLW93bi1zZWNyZXQtb2YtZW5vdWdoLWJ5dGVzLWluLWl0"
    assert config["raft"]["host"] == "127.0.0.1"
    assert config["crashes"]["ringBufferSize"] == 77
    assert "Written by the operator" in adopted.file("/opt/prexorcloud/controller/config/controller.yml").content_string


def test_openness_does_not_survive(adopted):
    config = json.loads(adopted.check_output(READ))
    assert config["network"]["allowedSubnets"] == ["10.99.2.11/32"]
    assert config["modules"]["signing"]["required"] is True


def test_certificates_and_node_identity_survive(adopted):
    """All but the server certificate, which was valid for localhost only."""
    adopted.check_output("grep -v server.p12 /root/survivors > /run/survivors && cd /opt/prexorcloud && sha256sum --quiet -c /run/survivors")


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
    [("alice", "alice-has-a-password", "200"), ("admin", "adoption-admin-password", "200")],
)
def test_users_survive(adopted, user, password, status):
    assert adopted.check_output(LOGIN + f"{user} {password}") == status


def test_bootstrap_file_is_gone(adopted):
    assert not adopted.file("/opt/prexorcloud/controller/config/.initial-admin-password").exists


def test_used_token_is_gone_from_the_daemon(adopted):
    text = adopted.file("/opt/prexorcloud/daemon/config/daemon.yml").content_string
    assert "pxr_used" not in text
    assert "rack: a7" in text


def test_install_left_unstartable_by_the_maintenance_call_starts_again(get_host):
    host = get_host("podman://adopted-2")
    assert "0.0.0.0" in json.dumps(json.loads(host.check_output(READ))["raft"])
    run = site(inventories=[OTHERS / "adopted-2"])
    assert run.code == 0, run.output[-3000:]
    config = json.loads(host.check_output(READ))
    assert config["raft"]["host"] == "127.0.0.1"
    assert config["uuid"] == "operators-own-uuid"
    assert ready(host, 8080) == "200"
    assert host.check_output(LOGIN + "alice alice-has-a-password") == "200"
    assert site(inventories=[OTHERS / "adopted-2"]).changed == set()


def test_install_that_never_started_for_lack_of_a_uuid_gets_one(get_host):
    host = get_host("podman://adopted-3")
    run = site(inventories=[OTHERS / "adopted-3"])
    assert run.code == 0, run.output[-3000:]
    config = json.loads(host.check_output(READ))
    assert config["uuid"] == "adopted-3"
    assert len(config["security"]["jwtSecret"]) >= 64
    assert ready(host, 8080) == "200"
