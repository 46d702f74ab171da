"""Wrong input stops with one clear sentence and leaves the running service as it was."""

import base64
import json
import shutil

import pytest
from support.runs import ROOT, site

CONTROLLER = "podman://controller-1"

# What the service is and has: process, start, and every byte of its files that a run could touch.
STATE = (
    "systemctl show --property=MainPID,InvocationID,ActiveState prexorcloud-controller.service;"
    " sha256sum /etc/prexorcloud/config/*.yml /etc/systemd/system/prexorcloud-*.service;"
    " readlink /opt/prexorcloud/releases/controller/current"
)

LISTING = "sha256sum /etc/prexorcloud/config/controller.yml; ls -A /etc/prexorcloud/config"

SHORT = base64.b64encode(b"sixteen bytes!!!").decode()
URL_SAFE = base64.urlsafe_b64encode(bytes(range(200, 248))).decode()

# name: extra variables, arguments, what the message has to contain.
WRONG = {
    "misspelt variable": (
        {"prexorcloud_alowed_subnets": []},
        [],
        ["prexorcloud_alowed_subnets", "prexorcloud_allowed_subnets"],
    ),
    "misspelt role variable": (
        {"login_lockout_max_atempts": 5},
        [],
        ["login_lockout_max_atempts", "login_lockout_max_attempts"],
    ),
    "world-open subnet": ({"prexorcloud_allowed_subnets": ["0.0.0.0/0"]}, [], ["0.0.0.0/0"]),
    "jwt secret of 16 bytes": ({"prexorcloud_jwt_secret": SHORT}, [], ["prexorcloud_jwt_secret", "32"]),
    "jwt secret in the URL-safe alphabet": (
        {"prexorcloud_jwt_secret": URL_SAFE},
        [],
        ["prexorcloud_jwt_secret", "Base64"],
    ),
    "equal ports": ({"prexorcloud_grpc_port": 8080}, [], ["8080"]),
    "valkey scheme": ({"prexorcloud_redis_uri": "valkey://:x@10.99.1.31:6379"}, [], ["redis://"]),
    "store that does not answer": (
        {"prexorcloud_redis_uri": "redis://:x@10.99.1.31:6380"},
        ["--tags", "runtime_profile"],
        ["10.99.1.31:6380"],
    ),
    "wrong password of a store": (
        {"prexorcloud_redis_uri": "redis://:wrong-store-password@10.99.1.31:6379"},
        ["--tags", "runtime_profile"],
        ["10.99.1.31:6379"],
    ),
}


@pytest.fixture
def unchanged(get_host):
    """The service before and after the test is the same one with the same files."""
    controller = get_host(CONTROLLER)
    before = controller.check_output(STATE)
    yield
    assert controller.check_output(STATE) == before


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_stops_with_a_clear_sentence(name, unchanged):
    variables, arguments, words = WRONG[name]
    run = site(f"--extra-vars={json.dumps(variables)}", *arguments)
    assert run.code != 0
    assert not run.changed
    for word in words:
        assert word in run.text()
    for secret in (SHORT, URL_SAFE, "wrong-store-password"):
        assert secret not in run.output


def test_artifact_altered_by_one_byte_is_not_installed(tmp_path, unchanged):
    shutil.copytree(ROOT / ".cache" / "release", tmp_path / "release")
    jar = tmp_path / "release" / "cloud-controller-1.0.0.jar"
    content = bytearray(jar.read_bytes())
    content[len(content) // 2] ^= 1
    jar.write_bytes(bytes(content))
    variables = {
        "prexorcloud_release_source": str(tmp_path / "release"),
        "release_cache_directory": str(tmp_path / "cache"),
    }
    run = site(f"--extra-vars={json.dumps(variables)}", "--tags", "release")
    assert run.code != 0
    assert "cloud-controller-1.0.0.jar is refused, digest_mismatch:" in run.text()
    assert not run.changed


def test_full_disk_leaves_the_configuration_and_the_service(get_host, unchanged):
    controller = get_host(CONTROLLER)
    # A file system of the size of the configuration's directory with no room left, over the real one.
    controller.check_output(
        "cp -a /etc/prexorcloud/config /run/config-copy && mount -t tmpfs -o size=64k tmpfs /etc/prexorcloud/config"
        " && cp -a /run/config-copy/. /etc/prexorcloud/config/"
        " && (dd if=/dev/zero of=/etc/prexorcloud/config/filler bs=1k 2>/dev/null || true)"
    )
    try:
        before = controller.check_output(LISTING)
        run = site("--extra-vars", '{"login_lockout_max_attempts": 4}', "--tags", "login_lockout")
        after = controller.check_output(LISTING)
    finally:
        controller.check_output("umount /etc/prexorcloud/config && rm -r /run/config-copy")
    assert run.code != 0
    assert "No space left on device" in run.text()
    assert after == before
