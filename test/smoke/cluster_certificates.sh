#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Certificates that expire, do not fit or come from a stranger are named in the error; files that
# are replaced in place are taken up without a restart.
. "$(dirname "$0")/lib.sh"

# refused REGEX...: a has to connect anew, cannot, and says why.
refused() {
	local regex
	host_cut a
	host_join a
	for regex in "$@"; do
		within 20 "a says '$regex', not: $(ctl a status | json .etcd.error)" says a "$regex"
	done
	connected a false || fail "a is connected"
}
mended() {
	within 20 "a is back with $1" connected a true
}

cluster_up
tls_cert node ca DNS:node
cp "$TLS/ca.crt" "$TLS/trust.crt"
cluster_hosts "--etcd-certfile=$TLS/node.crt" "--etcd-keyfile=$TLS/node.key" \
	"--etcd-cafile=$TLS/trust.crt"
tls_cert node ca DNS:node '-1 minute'
refused "etcd.certfile, etcd.keyfile"
tls_cert node ca DNS:node
mended "a new client certificate"

members_cert ca '' '-1 minute'
refused "certificate has expired" "https://10\.168\.0\.[123]:2379"
members_cert ca 'DNS:etcd.example,IP:10.99.0.9'
refused "10\.168\.0\.[123]" "etcd\.example" "10\.99\.0\.9"
tls_ca stranger
members_cert stranger
refused "etcd\.cafile the one that signed"
mv "$TLS/stranger.crt" "$TLS/trust.crt"
mended "a new authority"
flow_ends
