# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Certificates for a lab's etcd, made on the spot: authorities, servers, clients. LAB_ETCD_TLS=1
# makes etcd ask for them; every daemon and etcdctl then shows client.crt.

export LAB_ETCD_TLS=${LAB_ETCD_TLS:-}
TLS=$LAB_DIR/tls

over_tls() {
	[ -n "$LAB_ETCD_TLS" ]
}

# tls_ca NAME: an authority.
tls_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/O=$1" -keyout "$TLS/$1.key" -out "$TLS/$1.crt" 2>>"$TLS/log"
}

# What only "openssl ca" can do: an end of validity to the second.
tls_ca_conf() {
	cat <<-END
		[ca]
		default_ca = lab
		[lab]
		database = $TLS/index
		new_certs_dir = $TLS
		rand_serial = yes
		unique_subject = no
		default_md = sha256
		policy = any
		[any]
		organizationName = optional
	END
}

# tls_cert NAME CA NAMES [END]: good for both ends of a connection, valid until END, as "date -d"
# takes it. A certificate of that name is replaced. No CN: etcd's gateway would take it for a
# user's name. etcd is its own gateway's client, so a server's is good for a client, too.
tls_cert() {
	local end
	end=$(date -u -d "${4:-1 day}" +%y%m%d%H%M%SZ)
	printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$3" >"$TLS/ext"
	tls_ca_conf >"$TLS/conf"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=$1" \
		-keyout "$TLS/key.new" -out "$TLS/csr" 2>>"$TLS/log"
	openssl ca -batch -notext -config "$TLS/conf" -extfile "$TLS/ext" -cert "$TLS/$2.crt" \
		-keyfile "$TLS/$2.key" -startdate 200101000000Z -enddate "$end" -in "$TLS/csr" \
		-out "$TLS/crt.new" 2>>"$TLS/log"
	mv "$TLS/key.new" "$TLS/$1.key"
	mv "$TLS/crt.new" "$TLS/$1.crt"
}

# tls_up: the authority and the client certificate.
tls_up() {
	[ ! -e "$TLS" ] || return 0
	mkdir "$TLS"
	: >"$TLS/index"
	tls_ca ca
	tls_cert client ca DNS:client
}

# tls_etcd_flags NAME: of a server that shows NAME.crt and wants a client certificate.
tls_etcd_flags() {
	printf '%s\n' "--cert-file=$TLS/$1.crt" "--key-file=$TLS/$1.key" \
		"--trusted-ca-file=$TLS/ca.crt" --client-cert-auth
}
