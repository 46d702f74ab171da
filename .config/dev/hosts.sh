# shellcheck shell=sh
# Test hosts: the container runtime as this machine allows it, base images, host and build images, the shared package pool.

releases='trixie bookworm'

# A machine may lack the right to raise limits, and podman asks for more by default. Only there, settings of our own
# replace the machine's (CONTAINERS_CONF); everywhere else its own hold.
limits_conf() {
    hard=$(awk '/^Max open files/ {print $5}' /proc/self/limits)
    [ "$hard" != unlimited ] && [ "$hard" -lt 1048576 ] || return 0
    capable=$((0x$(awk '/^CapEff/ {print $2}' /proc/self/status) >> 24 & 1)) # CAP_SYS_RESOURCE
    [ "$capable" -eq 0 ] || return 0
    printf '[containers]\ndefault_ulimits = ["nofile=%s:%s", "nproc=20000:20000"]\n' "$hard" "$hard"
}

use_conf() {
    # A file per runtime: what one process tries must not change what another one runs with.
    conf=$state/containers${1:+-$1}.conf
    limits_conf >"$conf.$$"
    [ -z "$1" ] || printf '[engine]\nruntime = "%s"\n' "$1" >>"$conf.$$"
    mv "$conf.$$" "$conf"
    unset CONTAINERS_CONF
    [ ! -s "$conf" ] || export CONTAINERS_CONF="$conf"
}

runs() { podman run --rm --network none "$1" true >>"$logs/images.log" 2>&1; }

# crun refuses every container while the v2 mount of a machine with cgroup v1 has a controller, and whether it has one changes
# with what runs there; runc always works. On v2 alone podman's own choice is tried first.
choose_runtime() {
    base=$1
    if [ "$(stat --file-system --format %T /sys/fs/cgroup)" = cgroup2fs ]; then
        use_conf ''
        ! runs "$base" || return 0
    fi
    use_conf runc
    runs "$base" || die "podman cannot run a container; log: $logs/images.log"
}

base_image() { printf 'localhost/prexorcloud-base:%s' "$1"; }

# Debian's public image; where no registry can be reached, the same made from Debian's packages.
ensure_base() {
    ! podman image exists "$(base_image "$1")" || return 0
    say "making the base image of Debian $1"
    {
        if timeout 300 podman pull -q "docker.io/library/debian:$1-slim"; then
            podman tag "docker.io/library/debian:$1-slim" "$(base_image "$1")"
        else
            mmdebstrap --variant=minbase --include=ca-certificates "$1" "$state/base-$1.tar" &&
                podman import -q "$state/base-$1.tar" "$(base_image "$1")" && rm "$state/base-$1.tar"
        fi
    } >>"$logs/images.log" 2>&1 || die "the base image of Debian $1 could not be made; log: $logs/images.log"
}

# ensure_image NAME RELEASE: localhost/prexorcloud-NAME:RELEASE from molecule/shared/images/NAME, anew if that changed.
ensure_image() {
    image=localhost/prexorcloud-$1:$2
    folder=molecule/shared/images/$1
    content=$(content_of "$folder")
    found=$(podman image inspect --format '{{index .Labels "prexorcloud.content"}}' "$image" 2>/dev/null) || :
    [ "$found" != "$content" ] || return 0
    say "building the image $image"
    podman build -q --build-arg "BASE=$(base_image "$2")" --label "prexorcloud.content=$content" -t "$image" "$folder" \
        >>"$logs/images.log" 2>&1 || die "the image $image could not be built; log: $logs/images.log"
}

# fill_pool RELEASE: package files that hosts find in /var/cache/apt/archives, each fetched once for all of them.
pool() { printf '%s/packages/%s' "$shared" "$1"; }

fill_pool() {
    wanted=$(sed -n "s/^$1 //p" molecule/shared/images/packages)
    mkdir -p "$(pool "$1")"
    [ "$(cat "$(pool "$1")/.wanted" 2>/dev/null)" != "$wanted" ] || return 0
    say "fetching the packages of Debian $1 hosts"
    podman run --rm -v "$(pool "$1"):/var/cache/apt/archives" "localhost/prexorcloud-host:$1" \
        sh -c "apt-get -q update && apt-get -q install -y --no-install-recommends --download-only $wanted" \
        >>"$logs/images.log" 2>&1 || die "packages could not be fetched; log: $logs/images.log"
    say "$wanted" >"$(pool "$1")/.wanted"
}

ensure_images() {
    take_lock
    for release in $releases; do
        ensure_base "$release"
    done
    choose_runtime "$(base_image trixie)"
    for release in $releases; do
        ensure_image host "$release"
        fill_pool "$release"
    done
    ensure_image build trixie
    release_lock
}

# Settings that playbooks, tests and tools read; each is documented where it is used.
use_hosts() {
    ensure_images
    export PREXORCLOUD_TEST_KEY="$state/hosts/id_ed25519" PREXORCLOUD_PACKAGE_POOL="$shared/packages"
    export PREXORCLOUD_FERRETDB="$state/ferretdb" PYTHONPATH="$root/molecule/shared"
    export ANSIBLE_VAULT_PASSWORD_FILE="$root/inventories/demo/vault-password.txt"
}

# ./dev exec: a command where it finds the tools, the hosts' settings and the collection.
run_command() {
    [ $# -gt 0 ] || die "./dev exec needs a command"
    bootstrap
    use_hosts
    exec "$@"
}
