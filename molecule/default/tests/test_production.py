"""What site.yml promises: a controller that is ready, and a daemon on another host that is connected over verified TLS."""

import json

import pytest

CONTROLLER = "podman://controller-1"
DAEMON = "podman://daemon-1"


@pytest.fixture(scope="module")
def config(get_host):
    text = get_host(CONTROLLER).check_output(
        "python3 -c 'import json, ruamel.yaml; "
        'print(json.dumps(ruamel.yaml.YAML(typ="safe", pure=True).load(open("/etc/prexorcloud/config/controller.yml"))))\''
    )
    return json.loads(text)


@pytest.mark.parametrize(
    ("name", "user", "port"), [(CONTROLLER, "prexorcloud", 8080), (DAEMON, "prexorcloud-daemon", 9091)]
)
def test_service_is_ready_enabled_and_unprivileged(get_host, name, user, port):
    host = get_host(name)
    component = "controller" if port == 8080 else "daemon"
    service = host.service(f"prexorcloud-{component}.service")
    assert service.is_running
    assert service.is_enabled
    pid = host.check_output(f"systemctl show --property=MainPID --value prexorcloud-{component}.service")
    assert host.check_output(f"stat -c %U /proc/{pid}") == user
    assert host.check_output(f"grep NoNewPrivs /proc/{pid}/status").split()[-1] == "1"
    answer = host.check_output(
        "python3 -c 'import urllib.request; "
        f'print(urllib.request.urlopen("http://127.0.0.1:{port}/ready", timeout=5).status)\''
    )
    assert answer == "200"


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


LOGIN = (
    "python3 -c '\n"
    "import json, sys, urllib.error, urllib.request\n"
    'body = json.dumps({"username": "admin", "password": sys.stdin.read()}).encode()\n'
    'request = urllib.request.Request("http://127.0.0.1:8080/api/v1/auth/login", body, '
    '{"Content-Type": "application/json"})\n'
    "try:\n"
    "    print(urllib.request.urlopen(request, timeout=5).status)\n"
    "except urllib.error.HTTPError as error:\n"
    "    print(error.code)\n"
    "'"
)


@pytest.mark.parametrize(("password", "status"), [("demo-admin-password", "200"), ("prexor-admin", "401")])
def test_only_the_wanted_password_logs_in(get_host, password, status):
    assert get_host(CONTROLLER).check_output(f"printf %s {password} | {LOGIN}") == status


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


def test_nothing_below_the_working_directories_is_open_to_others(get_host):
    for name, directory in ((CONTROLLER, "controller"), (DAEMON, "daemon")):
        found = get_host(name).check_output(
            f"find /opt/prexorcloud/{directory} -path '*/config/*.yml' -prune -o ! -type l -perm /007 -print"
        )
        assert found == ""


def test_daemon_is_connected_over_verified_tls(get_host):
    daemon = get_host(DAEMON)
    health = json.loads(
        daemon.check_output(
            "python3 -c 'import urllib.request; "
            'print(urllib.request.urlopen("http://127.0.0.1:9091/health", timeout=5).read().decode())\''
        )
    )
    assert health["connected"] is True
    assert health["nodeId"] == "daemon-1"
    # The same check as the daemon's: the served certificate has the name that the daemon uses and chains to its CA.
    verified = daemon.check_output(
        "python3 -c '\n"
        "import socket, ssl\n"
        'context = ssl.create_default_context(cafile="/opt/prexorcloud/daemon/config/security/ca.pem")\n'
        # The program's own CA has no subject key identifier, which Python 3.13 demands beyond RFC 5280's path validation.
        "context.verify_flags &= ~ssl.VERIFY_X509_STRICT\n"
        'with context.wrap_socket(socket.create_connection(("10.99.1.11", 9090), 5), server_hostname="10.99.1.11"):\n'
        '    print("verified")\n'
        "'"
    )
    assert verified == "verified"


def test_no_token_is_left_on_the_daemon(get_host):
    text = get_host(DAEMON).file("/etc/prexorcloud/config/daemon.yml").content_string
    assert "joinToken: ''" in text or 'joinToken: ""' in text
    assert "pxr_" not in text


def test_one_active_link_per_component(get_host):
    for name, component in ((CONTROLLER, "controller"), (DAEMON, "daemon")):
        host = get_host(name)
        link = host.file(f"/opt/prexorcloud/releases/{component}/current")
        assert link.is_symlink
        assert host.check_output(f"readlink /opt/prexorcloud/releases/{component}/current") == "1.0.0"
        assert host.file(f"/opt/prexorcloud/releases/{component}/current/cloud-{component}.jar").user == "root"


@pytest.mark.parametrize(("name", "component", "files"), [(CONTROLLER, "controller", "16384"), (DAEMON, "daemon", "131072")])
def test_limits_reach_the_unit(get_host, name, component, files):
    shown = get_host(name).check_output(f"systemctl show --property=LimitNOFILE --value prexorcloud-{component}.service")
    assert shown == files


def test_a_normal_stop_is_no_failure(get_host):
    controller = get_host(CONTROLLER)
    assert controller.check_output("systemctl show --property=SuccessExitStatus --value prexorcloud-controller.service") == "143"
