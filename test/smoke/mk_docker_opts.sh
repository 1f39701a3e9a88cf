#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# scripts/mk-docker-opts.sh writes what flannel's own wrote when it was run, and refuses what that
# refused.
. "$(dirname "$0")/lib.sh"

script=$OVNET_ROOT/scripts/mk-docker-opts.sh
# run ARG...: as the fixture shows a run.
run() {
	local rc=0
	rm -f out
	"$script" "$@" >said 2>&1 || rc=$?
	echo "rc=$rc"
	[ ! -e out ] || cat -E out
}
lab_create
cd "$LAB_DIR" || exit
printf '%s\n' FLANNEL_NETWORK=10.1.0.0/16 FLANNEL_SUBNET=10.1.74.1/24 FLANNEL_MTU=1472 \
	FLANNEL_IPMASQ=true >s.env
fixture=$OVNET_ROOT/test/fixtures/flannel/v0.20.2-mk-docker-opts.txt
grep '^\$ ' "$fixture" | while read -r line; do
	echo "$line"
	read -ra words <<<"$line"
	run "${words[@]:2}"
done >runs
# The prompt's line ends in a blank where no option follows.
expect "the same output as flannel's" diff <(sed 's/ *$//' "$fixture") runs
expect "each case of the fixture ran" [ "$(grep -c '^rc=0$' runs)" = 8 ]

equal "a bare name" "rc=0 DOCKER_OPTS=\" --mtu=1472\"$" "$(
	echo FLANNEL_MTU=1472 >bare.env
	run -c -f bare.env -d ./out | paste -sd' '
)"
equal "no file" "rc=0 DOCKER_OPTS=\"\"$" "$(run -f ./none -d ./out | paste -sd' ')"
equal "options that were there" "DOCKER_OPTS=\"--debug  --bip=10.1.74.1/24 --ip-masq=false --mtu=1472\"" "$(
	DOCKER_OPTS=--debug run -f ./s.env -d ./out -c >/dev/null
	cat out
)"
(
	cat s.env
	echo OVNET_FIXED_CIDR=10.1.74.0/25
) >pool.env
equal "a part for VMs" 'DOCKER_OPT_BIP="--bip=10.1.74.1/24" DOCKER_OPT_FIXED_CIDR="--fixed-cidr=10.1.74.0/25" DOCKER_OPT_IPMASQ="--ip-masq=false" DOCKER_OPT_MTU="--mtu=1472" DOCKER_OPTS=" --bip=10.1.74.1/24 --fixed-cidr=10.1.74.0/25 --ip-masq=false --mtu=1472"' "$(
	run -f ./pool.env -d ./out >/dev/null
	paste -sd' ' out
)"
equal "each for itself" 'DOCKER_OPT_FIXED_CIDR="--fixed-cidr=10.1.74.0/25"' "$(
	run -f ./pool.env -d ./out -i >/dev/null
	grep FIXED out
)"
equal "together, without --ip-masq" 'X=" --bip=10.1.74.1/24 --fixed-cidr=10.1.74.0/25 --mtu=1472"' "$(
	run -f ./pool.env -d ./out -c -m -k X >/dev/null
	cat out
)"
run -h >/dev/null
expect "the help names it" grep -q -- --fixed-cidr said
sed 's/true/yes/' s.env >yes.env
equal "neither true nor false" "rc=1" "$(run -f ./yes.env -d ./out)"
equal "its message" "Invalid value of FLANNEL_IPMASQ: yes" "$(<said)"
equal "help" "rc=1" "$(run -h)"
equal "a key that is none" "rc=1" "$(run -k 'A;touch x' -f ./s.env -d ./out)"
for path in ./s.env "$PWD/s.env"; do # walkthrough B: over the daemon's own file
	cp s.env own.env
	equal "in place" "rc=0" "$(run -k DOCKER_NETWORK_OPTIONS -f "${path/s.env/own.env}" \
		-d ./own.env)"
	expect "options in it" grep -qx \
		'DOCKER_NETWORK_OPTIONS=" --bip=10.1.74.1/24 --ip-masq=false --mtu=1472"' own.env
done

# EnvironmentFile= of docker's unit, by the parser of systemd's that can be run alone.
parser=/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator
if [ -x $parser ]; then
	mkdir environment.d
	equal "for systemd" "rc=0" "$(run -f ./pool.env -d environment.d/docker.conf -k DOCKER_NETWORK_OPTIONS)"
	equal "as systemd reads it" \
		" --bip=10.1.74.1/24 --fixed-cidr=10.1.74.0/25 --ip-masq=false --mtu=1472" \
		"$(env -i "XDG_CONFIG_HOME=$PWD" $parser | sed -n 's/^DOCKER_NETWORK_OPTIONS=//p' | tr -d '"')"
fi

ns_add routes
ip -n "$LAB-routes" link add d0 type veth peer name d1
ip -n "$LAB-routes" addr add 10.9.0.1/24 dev d0
ip -n "$LAB-routes" link set d0 up
ip -n "$LAB-routes" link set d1 up
ip -n "$LAB-routes" route add 10.1.74.0/24 via 10.9.0.2
rc=0
on routes "$script" -f ./s.env -d ./out >said || rc=$?
equal "a route to the subnet already" \
	"1 Your routing table already contains the subnet: 10.1.74.0/24 via 10.9.0.2 dev d0 " \
	"$rc $(<said)"
