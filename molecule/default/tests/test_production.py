"""What site.yml promises: a controller that is ready, and a daemon on another host that is connected to it over TLS."""

import json

import pytest
from support.hosts import http, login, main_pid, parsed, ready, run_python, unit_property

CONTROLLER = "podman://controller-1"
DAEMON = "podman://daemon-1"
COMPONENTS = [(CONTROLLER, "controller"), (DAEMON, "daemon")]


@pytest.fixture(scope="module")
def config(get_host):
    return parsed(get_host(CONTROLLER), "/etc/prexorcloud/config/controller.yml")


@pytest.mark.parametrize(
    ("name", "component", "user", "port"),
    [(CONTROLLER, "controller", "prexorcloud", 8080), (DAEMON, "daemon", "prexorcloud-daemon", 9091)],
)
def test_service_is_ready_enabled_and_unprivileged(get_host, name, component, user, port):
    host = get_host(name)
    service = host.service(f"prexorcloud-{component}.service")
    assert service.is_running
    assert service.is_enabled
    pid = main_pid(host, component)
    assert host.check_output(f"stat -c %U /proc/{pid}") == user
    assert host.check_output(f"grep NoNewPrivs /proc/{pid}/status").split()[-1] == "1"
    assert ready(host, port) == 200


def test_profile_is_production_and_slices_are_written(config):
    assert config["runtime"]["profile"] == "production"
    assert config["raft"]["host"] == "127.0.0.1"
    assert config["uuid"] == "controller-1"
    assert config["modules"]["signing"]["required"] is True
    assert config["security"]["lockout"] == {
        "enabled": True,
        "maxAttempts": 5,
        "windowSeconds": 900,
        "lockoutSeconds": 900,
    }
    assert "trustedProxyCidrs" not in config["http"]


def test_networks_hold_operators_and_every_host_of_the_inventory(config):
    assert config["network"]["allowedSubnets"] == ["10.99.1.0/24", "10.99.1.11/32", "10.99.1.21/32"]


def test_first_password_left_no_trace(get_host, config):
    assert config["security"]["initialAdminPassword"] == ""
    assert not get_host(CONTROLLER).file("/opt/prexorcloud/controller/config/.initial-admin-password").exists


# The right one last: a success clears the count of wrong ones.
@pytest.mark.parametrize(("password", "status"), [("prexor-admin", 401), ("demo-admin-password", 200)])
def test_only_the_wanted_password_logs_in(get_host, password, status):
    assert login(get_host(CONTROLLER), "admin", password) == status


@pytest.mark.parametrize(
    ("name", "path", "owner", "group", "mode"),
    [
        (CONTROLLER, "/etc/prexorcloud/config/controller.yml", "root", "prexorcloud", 0o640),
        (CONTROLLER, "/etc/prexorcloud/config/security/module-trust.pem", "root", "root", 0o644),
        (CONTROLLER, "/opt/prexorcloud/controller", "root", "prexorcloud", 0o750),
        (CONTROLLER, "/opt/prexorcloud/controller/config", "root", "prexorcloud", 0o750),
        (CONTROLLER, "/opt/prexorcloud/controller/config/catalog.yml", "root", "prexorcloud", 0o640),
        (CONTROLLER, "/opt/prexorcloud/controller/config/security", "prexorcloud", "prexorcloud", 0o700),
        (CONTROLLER, "/opt/prexorcloud/controller/config/security/server.p12", "prexorcloud", "prexorcloud", 0o600),
        (CONTROLLER, "/opt/prexorcloud/controller/data", "prexorcloud", "prexorcloud", 0o700),
        (DAEMON, "/etc/prexorcloud/config/daemon.yml", "root", "prexorcloud-daemon", 0o640),
        (DAEMON, "/opt/prexorcloud/daemon/config", "root", "prexorcloud-daemon", 0o750),
        (DAEMON, "/opt/prexorcloud/daemon/config/security/node.p12", "prexorcloud-daemon", "prexorcloud-daemon", 0o600),
        (DAEMON, "/opt/prexorcloud/daemon/instances", "prexorcloud-daemon", "prexorcloud-daemon", 0o700),
    ],
)
def test_least_modes(get_host, name, path, owner, group, mode):
    file = get_host(name).file(path)
    assert (file.user, file.group, file.mode) == (owner, group, mode)


@pytest.mark.parametrize(("name", "component"), COMPONENTS)
def test_nothing_below_the_working_directory_is_open_to_others(get_host, name, component):
    found = get_host(name).check_output(f"find /opt/prexorcloud/{component} ! -type l ! -name ca.pem -perm /007 -print")
    assert found == ""


def test_daemon_is_connected(get_host):
    health = json.loads(http(get_host(DAEMON), "GET", "http://127.0.0.1:9091/health")[1])
    assert health["connected"] is True
    assert health["nodeId"] == "daemon-1"
    assert health["controller"] == {"host": "10.99.1.11", "grpcPort": 9090}


# The program's own CA has no subject key identifier, which Python 3.13 demands in its strict mode.
HANDSHAKE = """
import socket, ssl, sys
context = ssl.create_default_context(cafile="/opt/prexorcloud/daemon/config/security/ca.pem")
context.verify_flags &= ~ssl.VERIFY_X509_STRICT
try:
    context.wrap_socket(socket.create_connection(("10.99.1.11", 9090), 5), server_hostname=sys.argv[1]).close()
    print("verified")
except ssl.SSLCertVerificationError as error:
    print(error.verify_message)
"""


@pytest.mark.parametrize(("wanted", "answer"), [("10.99.1.11", "verified"), ("10.99.1.12", "IP address mismatch")])
def test_served_certificate_has_the_name_that_daemons_use(get_host, wanted, answer):
    assert answer in run_python(get_host(DAEMON), HANDSHAKE, wanted)


def test_no_token_is_left_on_the_daemon(get_host):
    assert parsed(get_host(DAEMON), "/etc/prexorcloud/config/daemon.yml")["security"]["joinToken"] == ""


@pytest.mark.parametrize(("name", "component"), COMPONENTS)
def test_one_active_link_per_component(get_host, name, component):
    host = get_host(name)
    assert host.check_output(f"readlink /opt/prexorcloud/releases/{component}/current") == "1.0.0"
    assert host.file(f"/opt/prexorcloud/releases/{component}/current/cloud-{component}.jar").user == "root"


@pytest.mark.parametrize(("name", "component", "files"), [(*COMPONENTS[0], "16384"), (*COMPONENTS[1], "131072")])
def test_limits_reach_the_unit(get_host, name, component, files):
    assert unit_property(get_host(name), component, "LimitNOFILE") == files


# The program answers SIGTERM with 143: without this each stop would count as a failure.
@pytest.mark.parametrize(("name", "component"), COMPONENTS)
@pytest.mark.parametrize(("wanted", "value"), [("SuccessExitStatus", "143"), ("UMask", "0077"), ("KillMode", "mixed")])
def test_unit_knows_how_the_program_stops_and_writes(get_host, name, component, wanted, value):
    assert unit_property(get_host(name), component, wanted) == value


@pytest.mark.parametrize(("name", "component", "tenths"), [(*COMPONENTS[0], 12), (*COMPONENTS[1], 13)])
def test_exposure_stays_low(get_host, name, component, tenths):
    host = get_host(name)
    host.check_output(f"systemd-analyze security --no-pager --threshold={tenths} prexorcloud-{component}.service")
