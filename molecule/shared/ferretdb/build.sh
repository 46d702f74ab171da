#!/bin/sh
# Builds FerretDB, the MongoDB of the tests: build.sh OUTPUT. Runs in the build image, in a copy of this directory.
set -eu
output=$1
go mod vendor
ferretdb=vendor/github.com/FerretDB/FerretDB
# The module lacks this file, without which the program panics at its start.
echo v1.24.2 > "$ferretdb/build/version/version.txt"
# The controller asks for a TTL index at its start. FerretDB refuses the options of one; here they are ignored like
# "background", so documents never expire by themselves.
handler=$ferretdb/internal/handler/msg_createindexes.go
sed -i \
    -e '/^\t*case .*"expireAfterSeconds"/s/"expireAfterSeconds", *//' \
    -e '/^\t*case .*"partialFilterExpression"/s/"partialFilterExpression", *//' \
    -e 's/^\(\t*case "background"\)/\1, "expireAfterSeconds", "partialFilterExpression"/' "$handler"
grep -q 'case "background", "expireAfterSeconds", "partialFilterExpression"' "$handler"
go build -mod=vendor -o "$output" github.com/FerretDB/FerretDB/cmd/ferretdb
