# shellcheck shell=sh
# Checks of the signature verifier that need more than this checkout: other verifiers beside ours, a fuzzer, and the
# public-good trust root. None of them is part of ./dev test: what they fetch can disappear from where it is.

# The verifiers that ours is compared with, as Debian builds them: name, place in the pool, digest. Another version is
# another verdict, so they are pinned; docs/sigstore-conformance.md says what each one is good for.
debian_verifiers='
cosign-2.5.0 main/c/cosign/cosign_2.5.0-2+b5_amd64.deb 3b6eadd27f3c4c00bfa7eab5c2397a6a15a763630c7a1d40d06ff60d24799eef
cosign-3.1.1 main/c/cosign/cosign_3.1.1-2_amd64.deb d8622ebffce1d69197288fc030ff06a4c247af5507107f85c5a878870b686b23
sigstore-go-1.3.0 main/s/sigstore-go/sigstore-go_1.3.0-1_amd64.deb 9a316dbb069b370ffd47c1a0cd0b07b42d45575f1f623c0301ebdad4bb19d83d
docker-registry main/d/docker-registry/docker-registry_2.8.2+ds1-1_amd64.deb a9bd06c0e006854608f8469b4371743f40604ad90975532bb3b7ceeb72fe2913'

# The collection under its own name.
sigstore_path=$root/.ansible/collections

# tool_environment NAME: set $environment to a Python environment with .config/requirements-NAME.txt, made anew only if that
# or the system's Python changed.
tool_environment() {
    requirements=.config/requirements-$1.txt
    wanted=$( (/usr/bin/python3 -V && cat "$requirements") | sha256sum | cut -c1-16)
    environment=$shared/environments/$1-$wanted
    [ ! -e "$environment/.installed" ] || return 0
    say "installing $requirements"
    mkdir -p "$shared/environments"
    take_lock
    {
        /usr/bin/python3 -m venv --clear "$environment" &&
            "$environment/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps -r "$requirements" &&
            "$environment/bin/python" -m pip check
    } >"$logs/$1-environment.log" 2>&1 </dev/null || {
        tail -n 20 "$logs/$1-environment.log"
        die "$requirements could not be installed; log: $logs/$1-environment.log"
    }
    touch "$environment/.installed"
    release_lock
}

# Set $verifiers to a folder with the programs of the table, each below its name; fetched only if the table changed.
fetch_verifiers() {
    verifiers=$shared/verifiers-$(printf '%s' "$debian_verifiers" | sha256sum | cut -c1-16)
    [ ! -d "$verifiers" ] || return 0
    [ "$(dpkg --print-architecture)" = amd64 ] || die "the pinned verifiers are programs for amd64"
    # shellcheck disable=SC2016 # apt's own variable
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' | grep -v security | head -n 1)
    [ -n "$mirror" ] || die "apt knows no archive of Debian yet: run apt-get update"
    fetched=$(mktemp -d "$shared/.verifiers.XXXXXX")
    while read -r name place digest; do
        [ -n "$name" ] || continue
        say "fetching $name"
        # apt's own client: with its proxy, and it refuses what has another digest.
        if ! /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "${mirror}pool/$place" \
            "$fetched/$name.deb" "SHA256:$digest" >"$logs/verifiers.log" 2>&1; then
            cat "$logs/verifiers.log" >&2
            rm -rf "$fetched"
            die "no $place with the pinned digest in Debian's pool: pin its current version in .config/dev/sigstore.sh"
        fi
        dpkg-deb --extract "$fetched/$name.deb" "$fetched/$name"
        rm "$fetched/$name.deb"
    done <<TABLE
$debian_verifiers
TABLE
    chmod 0755 "$fetched"
    mv "$fetched" "$verifiers"
}

# What tests/conformance and tests/bench find the other verifiers by.
use_verifiers() {
    tool_environment conformance
    take_lock
    fetch_verifiers
    release_lock
    export SIGSTORE_PYTHON="$environment/bin/python" SIGSTORE_VERIFIERS="$verifiers" PYTHONPATH="$sigstore_path"
}

# ./dev conformance [ARG...]: every verdict beside those of the other verifiers.
conformance() {
    bootstrap
    use_verifiers
    python -m tests.conformance.run "$@"
}

# ./dev bench [hosts|signatures]
bench() {
    case ${1:-both} in hosts | signatures | both) ;; *) die "./dev bench [hosts|signatures]" ;; esac
    if [ "${1:-both}" != hosts ]; then
        bootstrap
        use_verifiers
        python tests/bench/signatures.py
    fi
    [ "${1:-both}" = signatures ] || run_gates bench
}

# ./dev trust-root: the public-good root that is shipped, anew.
trust_root() {
    bootstrap
    tool_environment conformance
    "$environment/bin/python" tests/conformance/public_root.py plugins/module_utils/_sigstore/public_good.py
}

# ./dev fuzz [SECONDS] [TARGET...]
fuzz() {
    bootstrap
    tool_environment fuzz
    export FUZZ_PYTHON="$environment/bin/python" PYTHONPATH="$sigstore_path"
    python -m tests.fuzz.run --work "$state/fuzz" --logs "$logs" "$@"
}
