#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A second ovnetd on the same host is refused and leaves the first one's traffic alone.
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
linux_host b
reach a b
first=$(ovnetd_pid a)
mkdir "$LAB_DIR/second"
cp "$LAB_DIR/a/log" "$LAB_DIR/first.log"
ovnetd_refuses a "another ovnetd"
echo "$first" >"$LAB_DIR/a/ovnetd.pid"
all_arrive a b 62

# Another control socket does not help: the host device and the port are taken.
ovnetd_refuses a "ovnet0|8472|another" "--control-socket=$LAB_DIR/second/ctl.sock"
echo "$first" >"$LAB_DIR/a/ovnetd.pid"
all_arrive a b 62
equal "state of the first one" running "$(ctl a status | json .state)"
