#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Nothing is lost while everything changes; runs by perf/run.sh churn.
export OVNET_BUILD=$1
BENCH=churn
. "$(dirname "$0")/lib/verb.sh"
. "$perf/lib/etcd.sh"
shift
churn=$perf/churn
for part in node events report; do
	# shellcheck source=/dev/null
	. "$churn/$part.sh"
done
unset part

usage() {
	cat <<-END
		usage: perf/run.sh churn [OPTION...]

		Is a packet lost while things change? At 80 % of the rate at which nothing is lost undisturbed,
		10,000 leases come and go in a real etcd, over and over, statistics are read 1,000 times a second,
		ports are added and removed, taps are switched. Exit status 1 if anything is lost but while
		the machine itself was away. Root, two CPUs, some three minutes; reserves hugepages and gives
		them back.

		  --json FILE    write the figures there too
		  --quick        fewer windows, noisier
		  --windows N    so many windows of 20 ms in which the machine was not away, instead of 1500
		  --leases N     so many come and go instead of 10000, at most 16000
		  --highest PPS  the highest rate to look for, 10000000 if not said
		  --rate PPS     this rate, instead of 80 % of what is found
	END
}

CHANGING=10000 # leases that come and go: lease_load's first
STAY=16384     # where those of the frames begin
PEERS=4096
PORTS=32       # in a go
WINDOWS=1500 HIGHEST=10000000 RATE=''
CHURN_MB=640
while [ $# -gt 0 ]; do
	case $1 in
	--json) json_file "${2:?--json takes a file}" && shift ;;
	--quick) QUICK=yes WINDOWS=150 ;;
	--windows) WINDOWS=${2:?--windows takes a number} && shift ;;
	--leases) CHANGING=${2:?--leases takes a number} && shift ;;
	--highest) HIGHEST=${2:?--highest takes packets per second} && shift ;;
	--rate) RATE=${2:?--rate takes packets per second} && shift ;;
	*) other_option "$1" ;;
	esac
	shift
done
[[ $WINDOWS =~ ^[1-9][0-9]{0,5}$ ]] || fail "churn: --windows takes 1 to 999999, not '$WINDOWS'"
[[ $CHANGING =~ ^[1-9][0-9]{1,4}$ ]] && [ "$CHANGING" -le 16000 ] ||
	fail "churn: --leases takes 10 to 16000, not '$CHANGING'"
for number in $HIGHEST $RATE; do
	[[ $number =~ ^[1-9][0-9]{3,7}$ ]] || fail "churn: a rate is 1000 to 99999999 packets per second, not '$number'"
done

trial() {
	chrt -f 20 "$churn/trial.py" "$LAB_DIR/commands" "$LAB_DIR/answers" "$GENERATOR" \
		"$LAB_DIR/witness.log" "$LAB_DIR/node/ctl.sock" "$@"
}

fill() {
	on etcd "$OVNET_BUILD/perf/lease_load" fill "$ETCD_URL" "$@"
}

setup() {
	network
	etcd_run
	netconf '{"Network":"10.0.0.0/8","SubnetLen":24,"Backend":{"Type":"vxlan"}}'
	fill $((CHANGING + 1)) 0
	fill $PEERS $STAY
	"$churn/make.py" $STAY $PEERS "$LAB_DIR/frames.pcap"
	node_start $((CHANGING + 1 + PEERS))
	generator_start
}

# quiet and churned in turn: half of the quiet windows before, half after.
measure() {
	FOUND='{}'
	if [ -z "$RATE" ]; then
		say "churn: looking for the highest rate at which nothing is lost"
		FOUND=$(trial search "$HIGHEST" "$SHARE")
		RATE=$(jq '.rate_pps * 0.8 | floor' <<<"$FOUND")
	fi
	say "churn: undisturbed, $RATE packets per second"
	BEFORE=$(trial run "$RATE" $((WINDOWS / 2)))
	say "churn: leases, statistics, ports, taps"
	events_start
	sleep 1
	CHURNED=$(trial run "$RATE" "$WINDOWS")
	events_stop
	say "churn: undisturbed again"
	AFTER=$(trial run "$RATE" $((WINDOWS / 2)))
}

lab_create
role_cpus
choose_memory $CHURN_MB
quiet_begin
setup
measure
quiet_end
generator_stop
ovnetd_stop node
report
jq -e '.lost == 0 and .wrong == 0' "$LAB_DIR/result.json" >/dev/null ||
	fail "churn: packets were lost, or came wrong, while the machine was not away (above)"
