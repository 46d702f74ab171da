"""The planted secrets of the vault appear nowhere but in the files that must hold them."""

import base64
import json
import re
from urllib.parse import quote

import pytest
from support.runs import ROOT, ephemeral, site

VAULT = {"demo/mongo:p@ss word", "demo-valkey-password", "demo-admin-password"}
HOSTS = ["controller-1", "daemon-1"]

# Files that must hold a secret; everything else is a leak.
HOLDERS = re.compile(
    r"^/etc/prexorcloud/config/(controller|daemon)\.yml$"
    r"|^/opt/prexorcloud/(controller/data/raft|controller/config/security|daemon/config/security)/"
)
# Every file that others may read, and every temporary one.
OPEN_FILES = (
    "find / -xdev -type f \\( -perm -004 -o -path '/tmp/*' -o -path '/var/tmp/*' -o -path '/root/.ansible/*' \\)"
    " ! -path '/proc/*' ! -path '/sys/*' ! -path /run/markers -print0"
)


@pytest.fixture(scope="module")
def markers(get_host):
    """Secrets as they stand and percent-encoded, and those that were generated on the hosts."""
    text = get_host("podman://controller-1").file("/etc/prexorcloud/config/controller.yml").content_string
    found = re.search(r"jwtSecret: ['\"]?([A-Za-z0-9+/=]+)", text)
    assert found
    node = get_host("podman://daemon-1").file("/opt/prexorcloud/daemon/config/security/.node-password").content_string
    secrets = VAULT | {found.group(1), node.strip()}
    return sorted(secrets | {quote(secret, safe="") for secret in secrets})


def test_no_secret_in_the_output_of_the_scenario(markers):
    """The scenario runs with -vvv --diff and writes this log."""
    log = (ephemeral() / "ansible.log").read_text(encoding="utf-8", errors="replace")
    assert "Merge profile, stores and identity into controller.yml" in log
    assert '"module_args"' in log
    assert [marker for marker in markers if marker in log] == []


def test_no_secret_in_the_output_of_a_failing_run(markers):
    variables = json.dumps({"prexorcloud_mongodb_database": "no such"})
    run = site("--extra-vars", variables, "--tags", "runtime_profile", "--diff", verbosity="-vvv")
    assert run.code != 0
    assert [marker for marker in markers if marker in run.output] == []


@pytest.mark.parametrize("name", HOSTS)
def test_no_secret_in_journal_or_process_list(get_host, markers, name):
    host = get_host(f"podman://{name}")
    journal = host.check_output("journalctl --no-pager --output=cat")
    # Written by the scenario's sampler all through the run.
    processes = host.file("/run/process-list.log").content_string
    assert "ansible" in processes.lower() or "python3" in processes
    for text in (journal, processes):
        assert [marker for marker in markers if marker in text] == []


@pytest.mark.parametrize("name", HOSTS)
def test_no_secret_in_temporary_or_world_readable_files(get_host, markers, name):
    host = get_host(f"podman://{name}")
    patterns = base64.b64encode("\n".join(markers).encode()).decode()
    host.check_output(f"echo {patterns} | base64 -d > /run/markers")
    found = host.run(f"{OPEN_FILES} | xargs -0 grep -lFf /run/markers -- ; rm /run/markers").stdout.splitlines()
    assert [path for path in found if not HOLDERS.match(path)] == []


@pytest.mark.parametrize("name", HOSTS)
def test_holders_of_secrets_are_closed_to_others(get_host, name):
    host = get_host(f"podman://{name}")
    assert host.check_output("find /etc/prexorcloud/config -maxdepth 1 -name '*.yml' -perm /007") == ""


def test_the_demo_vault_is_encrypted():
    vault = ROOT / "inventories" / "demo" / "group_vars" / "all" / "vault.yml"
    assert vault.read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT;")
