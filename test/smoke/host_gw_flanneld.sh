#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# backend host-gw beside a flanneld: it has no port to hold, so both would fight over the routes. One
# that lives and serves the same network is refused; the routes of a dead one are taken over.
# Flanneld is known by its process's name, so a process of that name stands for it.
LAB_BACKEND=host-gw
. "$(dirname "$0")/lib.sh"

printf -v SLEEPER '#!/bin/bash\nwhile :; do sleep 0.2; done\n'

# flanneld HOST [FLAG...]
flanneld() {
	printf %s "$SLEEPER" >"$LAB_DIR/flanneld"
	chmod +x "$LAB_DIR/flanneld"
	spawn "$LAB_DIR/flanneld.log" ip netns exec "$LAB-$1" "$LAB_DIR/flanneld" "${@:2}"
	FLANNELD=$SPAWNED
	within 5 "its name is there" named flanneld
}

named() {
	[ "$(<"/proc/$FLANNELD/comm")" = "$1" ]
}

lab_up
linux_host b
host_add a ovnet
host_add c ovnet

flanneld a "--etcd-prefix=$PREFIX/"
ovnetd_refuses a "flanneld runs here as well \(process $FLANNELD\) and serves network 10.5.0.0/16.*stop it"
end_process "$FLANNELD" 5 || true

# Several run where there are several networks.
flanneld a --etcd-prefix=/other/network
other=$FLANNELD
flanneld a "--etcd-prefix=$PREFIX"
ovnetd_refuses a "flanneld runs here as well \(process $FLANNELD\)"
end_process "$FLANNELD" 5 || true
end_process "$other" 5 || true

# Its routes tell where its flags do not.
on a ip route add "$(subnet b)" via "$(host_ip b)" dev eth0
flanneld a
ovnetd_refuses a "flanneld runs here as well"

# Neither in another namespace, nor of another network.
ovnetd_start c
ovnetd_wait c
end_process "$FLANNELD" 5 || true
flanneld c
ovnetd_stop c
ovnetd_start c
ovnetd_wait c
expect "the log says that it may be of ours" logged c 'a flanneld runs here whose command line'
end_process "$FLANNELD" 5 || true
flanneld a --etcd-prefix /other/network
ovnetd_start a
ovnetd_wait a
pod_add a
equal "the route of a dead flanneld" "" "$(on a ip route show "$(subnet b)" via "$(host_ip b)")"
expect "nothing of it in the log" eval "! logged a 'a flanneld runs here whose'"
reach a b
end_process "$FLANNELD" 5 || true
