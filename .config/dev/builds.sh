# shellcheck shell=sh
prepare() { bootstrap; use_hosts; }
