# shellcheck shell=sh
# The gates: what each one checks, and how they are run one after another.

# The demo's hosts, for ansible-playbook.
inventory='-i inventories/demo -i molecule/shared/inventory -i molecule/default/inventory'
python_code='plugins tests molecule .config'

gate_lint() {
    lint_failed=0
    for check in yamllint ansible_lint ruff ruff_format mypy shellcheck; do
        say "---- $check"
        "check_$check" || { lint_failed=1 && say "$check FAILED"; }
    done
    return "$lint_failed"
}

check_yamllint() { yamllint --strict .; }
check_ansible_lint() { ansible-lint --offline --strict; }
# shellcheck disable=SC2086 # a list of folders
check_ruff() { ruff check $python_code; }
# shellcheck disable=SC2086 # a list of folders
check_ruff_format() { ruff format --check $python_code; }
check_mypy() { mypy; }
check_shellcheck() {
    git ls-files | while read -r file; do
        case $file in
            .config/dev/*.sh) ;; # parts of ./dev, checked with it
            *.sh | dev) printf '%s\n' "$file" ;;
            *) [ ! -f "$file" ] || ! head -n 1 "$file" | grep -qaE '^#! ?/(usr/)?bin/(env )?(ba|da)?sh( |$)' || printf '%s\n' "$file" ;;
        esac
    done | xargs shellcheck --external-sources --check-sourced
}

gate_docs() {
    antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all --disallow-unknown-collection-refs \
        --skip-rstcheck .
    rm -rf "$state/docs" && mkdir -p "$state/docs"
    antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir "$state/docs" prexorcloud.production
}

# In as many processes as there are cores: fast feedback is worth more than an order of tests.
gate_unit() { pytest -q --numprocesses auto tests/unit "$@"; }

# What is shipped, checked where it would be installed: the collection is built and installed into a place of its own, since
# ansible-test wants a real folder named like it. The venvs it makes would fetch pip from a place of its own: Python brings
# one along, which is used instead.
gate_sanity() {
    sanity=$state/sanity
    rm -rf "$sanity" && mkdir -p "$sanity/source" "$HOME/.ansible/test/cache"
    git ls-files -z | tar --null --files-from=- --ignore-failed-read -cf - | tar -xf - -C "$sanity/source"
    ansible-galaxy collection build --output-path "$sanity" "$sanity/source"
    ANSIBLE_COLLECTIONS_PATH=$sanity ansible-galaxy collection install --offline -p "$sanity" "$sanity"/prexorcloud-production-*.tar.gz
    version=$(python -c 'from ansible_test._internal import python_requirements as r
print(r.get_venv_packages(type("Python", (), {"version": "3"}))["pip"].replace(".", "_"))')
    pip_script=$HOME/.ansible/test/cache/get_pip_$version.py
    [ -e "$pip_script" ] || printf 'import ensurepip\n\nensurepip.bootstrap()\n' >"$pip_script"
    cd "$sanity/ansible_collections/prexorcloud/production"
    git init -q
    git add -A
    ansible-test sanity --color no "$@"
}

# The recordings against the stand-ins, in a network of its own: the programs' ports and addresses are part of the contract.
gate_contract() {
    use_hosts
    podman run --rm --network none --cap-add=NET_ADMIN --tmpfs /tmp:exec,mode=1777 \
        --volume "$root:/checkout:ro" --workdir /checkout \
        --env PREXORCLOUD_CONTROLLER_JAR=/checkout/.cache/release/cloud-controller-1.0.0.jar \
        --env PREXORCLOUD_DAEMON_JAR=/checkout/.cache/release/cloud-daemon-1.0.0.jar \
        --env PREXORCLOUD_FERRETDB=/checkout/.cache/ferretdb --env PYTHONDONTWRITEBYTECODE=1 \
        localhost/prexorcloud-build:trixie python3 -m pytest -p no:cacheprovider -q tests/contract "$@"
}

# One scenario. Hosts have names of their own on the whole machine, so two runs of it wait for each other.
gate_molecule() {
    use_hosts
    export MOLECULE_COMMAND_BORDERS=0 COLUMNS=150
    flock --close "$shared/scenario-$1.lock" molecule test --scenario-name "$1" ${PREXORCLOUD_KEEP_HOSTS:+--destroy=never}
}

gate_faults() {
    export PREXORCLOUD_FAULTS="${PREXORCLOUD_FAULTS:-20}"
    gate_molecule interrupted
}

# On the demo's hosts, which are made and removed for it.
gate_bench() {
    use_hosts
    export MOLECULE_COMMAND_BORDERS=0
    flock --close "$shared/scenario-default.lock" sh -euc '
        molecule destroy --scenario-name default
        molecule converge --scenario-name default
        python tests/bench/bench.py inventories/demo molecule/shared/inventory molecule/default/inventory
        molecule destroy --scenario-name default'
}

gate() {
    name=$1
    shift
    bootstrap
    "gate_$name" "$@"
}

scenarios() {
    for file in molecule/*/molecule.yml; do
        name=${file%/molecule.yml}
        say "${name#molecule/}"
    done
}

# run_gate NAME [ARG...]: as one step with a log. The limits are far above what each takes; they end what hangs.
run_gate() {
    name=$1
    shift
    case $name in
        molecule) step "molecule-$1" "./dev molecule $1" 1800 sh "$root/dev" gate molecule "$1" ;;
        faults) step faults "./dev faults" 7200 sh "$root/dev" gate faults ;;
        *) step "$name" "./dev $name${*:+ $*}" 1800 sh "$root/dev" gate "$name" "$@" ;;
    esac
}

# Most gates need the tools only; hosts, stand-ins and stores are made for those that use them.
prepare_step() {
    step prepare "./dev prepare" 2400 sh "$root/dev" prepare
    [ "$failed" -eq 0 ] || close_run
}

run_gates() {
    case $1 in faults | bench) prepare_step ;; *) bootstrap ;; esac
    for one in "$@"; do run_gate "$one"; done
    close_run
}

run_gate_with_arguments() {
    case $1 in contract) prepare_step ;; *) bootstrap ;; esac
    run_gate "$@"
    close_run
}

run_scenarios() {
    for one in "$@"; do
        [ -f "molecule/$one/molecule.yml" ] || die "no scenario $one; there are: $(scenarios | tr '\n' ' ')"
    done
    prepare_step
    # shellcheck disable=SC2046 # a list of names
    [ $# -gt 0 ] || set -- $(scenarios)
    for one in "$@"; do run_gate molecule "$one"; done
    close_run
}

run_all_gates() {
    prepare_step
    for one in lint docs unit sanity contract; do run_gate "$one"; done
    for one in $(scenarios); do run_gate molecule "$one"; done
    close_run
}

demo() {
    controller_jar='' daemon_jar=''
    while [ $# -gt 0 ]; do
        case $1 in
            --controller-jar) controller_jar=${2:-} ;;
            --daemon-jar) daemon_jar=${2:-} ;;
            *) die "./dev demo takes --controller-jar FILE and --daemon-jar FILE, not $1" ;;
        esac
        [ $# -ge 2 ] || die "$1 needs a file"
        [ -f "$2" ] || die "$1: no such file: $2"
        shift 2
    done
    prepare_step
    publish "${controller_jar:-$state/release/cloud-controller-1.0.0.jar}" "${daemon_jar:-$state/release/cloud-daemon-1.0.0.jar}"
    step demo-hosts "./dev demo" 900 sh "$root/dev" gate demo_hosts
    [ "$failed" -eq 0 ] || close_run
    step demo-site "./dev exec ansible-playbook $inventory site.yml" 1800 sh "$root/dev" gate demo_site
    [ "$failed" -eq 0 ] || close_run
    cat <<DEMO

The demo is up: controller-1 (10.99.1.11), daemon-1 (10.99.1.21), store-1 (10.99.1.31).

  ready?            curl http://10.99.1.11:8080/ready
  look inside       podman exec -it controller-1 bash
  its log           podman exec controller-1 journalctl -u prexorcloud-controller
  the daemon's log  podman exec daemon-1 journalctl -u prexorcloud-daemon
  the run's log     $logs/demo-site.log
  log in over ssh   ssh -i $state/hosts/id_ed25519 root@10.99.1.11
  run it again      ./dev exec ansible-playbook $inventory site.yml --check --diff
  remove the hosts  ./dev clean hosts

DEMO
    close_run
}

# Hosts that this checkout made before are started again if need be; without them, Molecule forgets that it made them.
gate_demo_hosts() {
    use_hosts
    found=$(podman ps --all --quiet --filter label=prexorcloud.network=prexorcloud-demo --filter "label=prexorcloud.checkout=$root")
    if [ "$(printf '%s' "$found" | grep -c .)" -eq 3 ]; then
        # shellcheck disable=SC2086 # a list of ids
        podman start $found
    else
        rm -rf .ansible/tmp/molecule.*.default
    fi
    export MOLECULE_COMMAND_BORDERS=0
    flock --close "$shared/scenario-default.lock" molecule create --scenario-name default
}

gate_demo_site() {
    use_hosts
    # shellcheck disable=SC2086 # a list of arguments
    ansible-playbook $inventory site.yml
}

clean() {
    case ${1:-} in
        '') rm -rf "$state" "$logs" .mypy_cache .ruff_cache .pytest_cache .hypothesis ;;
        venv) rm -rf .venv ;;
        hosts) clean_hosts ;;
        all)
            clean_hosts
            for image in host:trixie host:bookworm build:trixie base:trixie base:bookworm; do
                podman rmi --force --ignore "localhost/prexorcloud-$image"
            done
            rm -rf "$state" "$logs" "$shared" .venv .ansible .mypy_cache .ruff_cache .pytest_cache .hypothesis
            ;;
        *) die "./dev clean [venv|hosts|all]" ;;
    esac
}

# The test hosts that this checkout made and their networks, and what Molecule knows of them. Those of other checkouts stay.
clean_hosts() {
    command -v podman >/dev/null || return 0
    mine=label=prexorcloud.checkout=$root
    networks=$(podman ps --all --filter "$mine" --format '{{index .Labels "prexorcloud.network"}}' | sort -u)
    podman ps --all --quiet --filter "$mine" | xargs -r podman rm --force --time 0 --volumes
    for network in $networks; do podman network rm "$network"; done
    rm -rf .ansible/tmp/molecule.*
}
