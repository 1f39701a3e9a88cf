#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A client key that belongs to etcd's user, in a folder that is closed to others: root reads it by a
# capability only, which is then kept, and no other; the files that replace it are read as well.
LAB_ETCD_TLS=1
. "$(dirname "$0")/lib.sh"

# may HOST BIT: is that capability in force there?
may() {
	local caps
	caps=$(awk '$1 == "CapEff:" { print $2 }' "/proc/$(ovnetd_pid "$1")/status")
	(((0x$caps >> $2 & 1) == 1))
}
DAC_OVERRIDE=1 DAC_READ_SEARCH=2

give_keys() {
	cp "$TLS/client.key" "$TLS/client.crt" "$LAB_DIR/keys/"
	chown nobody: "$LAB_DIR/keys" "$LAB_DIR"/keys/*
	chmod 600 "$LAB_DIR"/keys/*
}

connected_is() {
	[ "$(ctl a status | jq .etcd.connected)" = "$1" ]
}

lab_up
mkdir -m 700 "$LAB_DIR/keys"
give_keys
flags=("--etcd-certfile=$LAB_DIR/keys/client.crt" "--etcd-keyfile=$LAB_DIR/keys/client.key")
host_add a ovnet
expect "the configuration is good" on a "$OVNETD" --check-config "${flags[@]}"
ovnetd_start a "${flags[@]}"
ovnetd_wait a
expect "the log says what is kept" logged a 'keeping CAP_DAC_READ_SEARCH .*setfacl'
expect "CAP_DAC_READ_SEARCH is kept" may a "$DAC_READ_SEARCH"
expect "CAP_DAC_OVERRIDE is not" eval "! may a $DAC_OVERRIDE"

# A new certificate, again its own user's, is shown to an etcd that comes back.
etcd_stop
within 20 "a notices" connected_is false
tls_cert client ca DNS:client
give_keys
etcd_start
within 20 "a is back with the new key" connected_is true

host_add b ovnet
ovnetd_start b # whose key is root's
ovnetd_wait b
expect "nothing is kept where nothing needs it" eval "! may b $DAC_READ_SEARCH"
expect "nothing is said there" eval "! logged b CAP_DAC"
