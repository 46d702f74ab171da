# shellcheck shell=sh
# From a bare Debian 12 or 13 to the tools of this checkout: packages, Python tools at pinned versions, the collection's place.

packages='ca-certificates git openssh-client openssl procps python3 python3-venv shellcheck xz-utils zstd
    podman crun runc iptables nftables netavark aardvark-dns mmdebstrap debian-archive-keyring'

install_packages() {
    # shellcheck disable=SC2086 # a list of words
    missing=$(for package in $packages; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf ' %s' "$package"
    done)
    [ -n "$missing" ] || return 0
    say "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    {
        apt-get -o DPkg::Lock::Timeout=120 update
        # shellcheck disable=SC2086 # a list of words
        apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $missing
    } >"$logs/packages.log" 2>&1 </dev/null || {
        tail -n 20 "$logs/packages.log"
        die "packages could not be installed; log: $logs/packages.log"
    }
}

# The tools in .venv, made anew only if requirements.txt or the system's Python changed.
install_tools() {
    wanted=$( (/usr/bin/python3 -V && cat .config/requirements.txt) | sha256sum)
    [ "$(cat .venv/.installed 2>/dev/null)" != "$wanted" ] || return 0
    say "installing the Python tools into .venv"
    {
        .venv/bin/python -c 'import pip' || /usr/bin/python3 -m venv --clear .venv
        .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps -r .config/requirements.txt
        .venv/bin/python -m pip check
    } >"$logs/tools.log" 2>&1 </dev/null || {
        tail -n 20 "$logs/tools.log"
        die "tools could not be installed; log: $logs/tools.log"
    }
    say "$wanted" >.venv/.installed
}

# FQCN names resolve from the checkout itself: edits act at once, nothing is copied.
link_collection() {
    place=.ansible/collections/ansible_collections/prexorcloud
    mkdir -p "$place"
    [ "$(readlink "$place/production")" = ../../../.. ] || ln -sfn ../../../.. "$place/production"
}

bootstrap() {
    # shellcheck disable=SC2016 # expanded by the inner shell, which may read the file's variables
    system=$(sh -c '. /etc/os-release && echo "$ID $VERSION_ID"')
    case $system in
        'debian 12' | 'debian 13') ;;
        *) say "note: this is $system; ./dev is tested on Debian 12 and 13" ;;
    esac
    install_packages
    install_tools
    link_collection
    export ANSIBLE_HOME="$root/.ansible"
    # The tools of this checkout and of the system, none of the user's: else results differ from machine to machine.
    export PATH="$root/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
