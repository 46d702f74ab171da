"""What is not proven is never installed and what runs goes on running; what is proven is, with or without a network."""

import json
import shutil

import pytest
from support.hosts import main_pid, ready
from support.runs import ROOT, playbook, recorded, site

SCENARIO = ROOT / ".cache" / "release-scenario"
FORGE = "https://10.99.6.31:8443"
RELEASES = "/opt/prexorcloud/releases"
# What the service is and has: process, start, and every file of every version.
STATE = (
    "systemctl show --property=MainPID,InvocationID,ActiveState prexorcloud-controller.service;"
    f" find {RELEASES} -type f -exec sha256sum {{}} + | sort; readlink {RELEASES}/*/current"
)


@pytest.fixture(scope="module")
def host(get_host):
    return get_host("podman://released-1")


@pytest.fixture(scope="module")
def forge(get_host):
    return get_host("podman://forge-1")


@pytest.fixture
def log_mode(forge):
    """Sets what the log does; afterwards it is honest again."""

    def change(mode):
        forge.check_output(f"echo {mode} > /opt/forge/mode")

    yield change
    forge.check_output("rm -f /opt/forge/mode")


@pytest.fixture
def forge_is_down(forge):
    forge.check_output("systemctl stop forge.service")
    yield
    forge.check_output("systemctl start forge.service")


@pytest.fixture
def unchanged(host):
    """Process and files before and after the test are the same."""
    before = host.check_output(STATE)
    yield
    assert host.check_output(STATE) == before


def run_release(cache=None, **variables):
    """A run of the release's tag. cache: another directory than that of the scenario, which knows 1.0.0 already."""
    if cache is not None:
        variables["release_cache_directory"] = str(cache)
    return site(f"--extra-vars={json.dumps(variables)}", "--tags", "release")


def verified(directory, version, source, **variables):
    """playbooks/verify_release.yml, with everything put into the directory."""
    wanted = ["controller", "dashboard", "cli_amd64", "cli_arm64"]
    variables = {
        "prexorcloud_version": version,
        "prexorcloud_release_source": f"{FORGE}/{source}",
        "release_bundle_directory": str(directory),
        "release_artifacts": wanted,
        **variables,
    }
    return playbook("verify_release.yml", f"--extra-vars={json.dumps(variables)}")


def versions(host):
    return set(host.check_output(f"ls {RELEASES}/controller").split()) - {"current"}


def refused(run, artifact, reason):
    assert run.code != 0
    assert not run.changed
    assert f"{artifact} is refused, {reason}:" in run.text(), run.output[-3000:]


# --- what is proven is installed -------------------------------------------------------------------------------------


def test_the_first_run_proved_and_installed_everything(host):
    assert versions(host) == {"1.0.0"}
    for component in ("controller", "dashboard", "cli"):
        assert host.check_output(f"readlink {RELEASES}/{component}/current") == "1.0.0"
    for path, mode in (
        ("controller/current/cloud-controller.jar", 0o644),
        ("dashboard/current/index.html", 0o644),
        ("cli/current/prexorctl", 0o755),
    ):
        file = host.file(f"{RELEASES}/{path}")
        assert (file.user, file.group, file.mode) == ("root", "root", mode)
    assert "1.0.0" in host.check_output(f"{RELEASES}/cli/current/prexorctl")
    assert ready(host, 8080) == 200


def test_check_mode_on_a_bare_host_foresaw_it():
    runs = [run for run in recorded() if run["playbook"] in ("converge.yml", "site.yml") and not run["tags"]]
    check, real = (next(run for run in runs if run["check"] is wanted) for wanted in (True, False))
    assert not check["failed"]
    changed = [
        {tuple(pair) for pair in run["changed"] if " release : " in pair[1] or ".release : " in pair[1]}
        for run in (check, real)
    ]
    assert changed[0] == changed[1]
    assert len(changed[1]) >= 2


def test_what_was_proven_needs_neither_server_nor_log_again(forge_is_down):
    run = site("--tags", "release")
    assert run.code == 0, run.output[-3000:]
    assert run.changed == set()


def test_what_was_altered_on_the_host_is_mended_from_what_was_proven(host, forge_is_down):
    host.check_output(f"echo evil >> {RELEASES}/dashboard/1.0.0/index.html")
    mended = run_release()
    assert mended.code == 0, mended.output[-3000:]
    assert {task.rpartition(" : ")[2] for _host, task in mended.changed} == {"Install the artifacts"}
    assert "evil" not in host.file(f"{RELEASES}/dashboard/1.0.0/index.html").content_string


# --- what is not proven is not ---------------------------------------------------------------------------------------

# Directory of the forge: the file that is refused, and why.
ATTACKS = {
    "altered-jar": ("cloud-controller-2.0.0.jar", "digest_mismatch"),
    "altered-dashboard": ("dashboard-static-2.0.0.tar.gz", "digest_mismatch"),
    "altered-list": ("SHA256SUMS", "log_entry_missing"),
    "swapped-sidecars": ("SHA256SUMS", "log_entry_missing"),
    "other-workflow": ("SHA256SUMS", "identity_mismatch"),
    "other-repository": ("SHA256SUMS", "identity_mismatch"),
    "other-provider": ("SHA256SUMS", "issuer_mismatch"),
    "replayed": ("SHA256SUMS", "identity_mismatch"),
    "expired": ("SHA256SUMS", "chain_expired"),
    "not-logged": ("SHA256SUMS", "log_entry_missing"),
    "good-1.1.0": ("SHA256SUMS", "identity_mismatch"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_stops_before_anything_is_extracted(attack, tmp_path, unchanged):
    artifact, reason = ATTACKS[attack]
    source = f"{FORGE}/{attack}"
    run = run_release(tmp_path, prexorcloud_version="2.0.0", prexorcloud_release_source=source)
    refused(run, artifact, reason)
    assert not (tmp_path / "2.0.0" / artifact).exists()


def test_a_refused_release_stops_the_whole_run_before_any_change(tmp_path, unchanged):
    variables = {
        "prexorcloud_version": "2.0.0",
        "prexorcloud_release_source": f"{FORGE}/other-repository",
        "release_cache_directory": str(tmp_path),
        # What the run would change if it came to the files of the host.
        "prexorcloud_cors_origins": ["https://panel.example.com"],
    }
    refused(site(f"--extra-vars={json.dumps(variables)}"), "SHA256SUMS", "identity_mismatch")


LIES = {
    "down": "log_unreachable",
    "hang": "log_unreachable",
    "redirect": "log_unreachable",
    "endless": "input_too_large",
    "empty": "log_entry_missing",
    "lying-other-entry": "entry_mismatch",
    "lying-bad-set": "set_invalid",
    "lying-bad-proof": "proof_invalid",
    "lying-bad-checkpoint": "checkpoint_invalid",
}


@pytest.mark.parametrize("mode", ["down", "lying-bad-set"])
def test_a_log_that_is_down_or_lies_stops_the_run(mode, log_mode, tmp_path, unchanged):
    log_mode(mode)
    source = f"{FORGE}/good-2.0.0"
    run = run_release(tmp_path, prexorcloud_version="2.0.0", prexorcloud_release_source=source)
    refused(run, "SHA256SUMS", LIES[mode])


@pytest.mark.parametrize("mode", LIES)
def test_a_log_that_is_down_or_lies_is_not_believed(mode, log_mode, tmp_path):
    """Each of them, by the same tasks without the rest of the run."""
    log_mode(mode)
    refused(verified(tmp_path / "release", "2.0.0", "good-2.0.0"), "SHA256SUMS", LIES[mode])
    log_mode("ok")
    run = verified(tmp_path / "release", "2.0.0", "good-2.0.0")
    assert run.code == 0, run.output[-3000:]


def test_a_revoked_trust_root_stops_what_was_proven_before(unchanged):
    run = run_release(prexorcloud_release_trust_root=str(SCENARIO / "revoked_root.json"))
    refused(run, "SHA256SUMS", "chain_expired")


@pytest.mark.parametrize("name", ["prexorcloud_release_verification", "release_verification"])
def test_an_empty_value_does_not_switch_verification_off(name, unchanged):
    run = run_release(**{name: ""})
    assert run.code != 0
    assert not run.changed
    assert f"{name} is empty. Set it to required" in run.text()


def test_digests_alone_have_to_be_asked_for_and_are_no_proof(tmp_path):
    variables = {
        "prexorcloud_version": "2.0.0",
        "prexorcloud_release_source": f"{FORGE}/not-logged",
        "prexorcloud_release_verification": "digests_only",
        "release_bundle_directory": str(tmp_path / "release"),
        "release_artifacts": ["controller", "cli_amd64"],
    }
    run = playbook("verify_release.yml", f"--extra-vars={json.dumps(variables)}")
    assert run.code == 0, run.output[-3000:]
    assert "NO SIGNATURE IS VERIFIED" in run.text()
    assert "cloud-controller-2.0.0.jar NOT VERIFIED" in run.text()


# --- what is proven elsewhere ----------------------------------------------------------------------------------------


def test_a_release_signed_by_hand_is_accepted_only_when_asked_for(tmp_path):
    run = verified(tmp_path / "release", "2.2.0", "by-hand", release_artifacts=["controller"])
    refused(run, "SHA256SUMS", "identity_mismatch")
    ref = {"prexorcloud_release_ref": "refs/heads/main"}
    run = verified(tmp_path / "release", "2.2.0", "by-hand", release_artifacts=["controller"], **ref)
    assert run.code == 0, run.output[-3000:]
    assert "release-jars.yml@refs/heads/main" in run.text()


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    """A directory as it is made on a machine with a network."""
    directory = tmp_path_factory.mktemp("carried") / "release"
    run = verified(directory, "1.1.0", "good-1.1.0")
    assert run.code == 0, run.output[-3000:]
    assert not run.changed
    assert "cloud-controller-1.1.0.jar verified" in run.text()
    assert "release-jars.yml@refs/tags/v1.1.0" in run.text()
    return directory


def run_carried(directory, cache):
    return run_release(
        cache,
        prexorcloud_version="1.1.0",
        prexorcloud_release_source=str(directory),
        prexorcloud_release_trust_root=str(directory / "trusted_root.json"),
        prexorcloud_release_transparency_log="offline",
    )


def test_a_carried_directory_that_was_altered_is_refused(carried, tmp_path, forge_is_down, unchanged):
    altered = shutil.copytree(carried, tmp_path / "altered")
    jar = altered / "cloud-controller-1.1.0.jar"
    jar.write_bytes(jar.read_bytes() + b"x")
    refused(run_carried(altered, tmp_path / "cache"), jar.name, "digest_mismatch")
    sums = altered / "SHA256SUMS"
    sums.write_bytes(sums.read_bytes().replace(b"0", b"1", 1))
    refused(run_carried(altered, tmp_path / "cache"), sums.name, "digest_mismatch")


def test_a_carried_directory_installs_without_a_network(carried, host, tmp_path, forge_is_down):
    before = main_pid(host, "controller")
    run = run_carried(carried, tmp_path)
    assert run.code == 0, run.output[-3000:]
    assert versions(host) == {"1.0.0", "1.1.0"}
    assert host.check_output(f"readlink {RELEASES}/controller/current") == "1.1.0"
    assert main_pid(host, "controller") not in ("0", before)
    assert ready(host, 8080) == 200
    again = run_carried(carried, tmp_path)
    assert again.code == 0, again.output[-3000:]
    assert again.changed == set()
