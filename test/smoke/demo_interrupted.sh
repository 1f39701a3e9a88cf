#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Ctrl-C in the middle of the demo: it ends soon, with a non-zero status, and nothing is left.
. "$(dirname "$0")/lib.sh"

lab_create
log=$LAB_DIR/demo.log
env --default-signal=INT setsid "$OVNET_ROOT/scripts/demo.sh" \
	--hosts 1 --json "$LAB_DIR/demo.json" >"$log" 2>&1 </dev/null &
demo=$!
within 100 "the demo measures pairs" grep -q 'TCP Gbit/s' "$log"
kill -INT -- -$demo
rc=0
retry 20 gone_or_zombie $demo || { kill -KILL $demo && fail "the demo does not end on Ctrl-C"; }
wait $demo || rc=$?
equal "exit status" 130 $rc
expect "it says that nothing is left" grep -q '^nothing is left' "$log"
equal "namespaces left" "" "$(ip netns list | grep "^ov$demo-" || true)"
expect "its directory is gone" [ ! -e "$LAB_TOP/ov$demo" ]
equal "ok in the JSON" false "$(jq .ok "$LAB_DIR/demo.json")"
