#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# QEMU that runs as another user than ovnetd: it may make its socket in the directory, ovnetd reaches
# that one, and gives away those it makes; a user there is none of is said.
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/vm_ctl.sh"

start() {
	mapfile -t flags < <(vm_flags a)
	ovnetd_start a "${flags[@]}" "--vm-socket-owner=$1"
	ovnetd_wait a
}

lab_up
host_add a ovnet
start nobody:nogroup
vm a add served --server >/dev/null
vm a add web >/dev/null
equal "the directory" "nobody nogroup 770" "$(stat -c '%U %G %a' "$LAB_DIR/a/vm")"
equal "our socket" "nobody nogroup 660" "$(stat -c '%U %G %a' "$LAB_DIR/a/vm/served.sock")"
chmod 711 "$LAB_DIR" "$LAB_DIR/a"
expect "ovnetd connects to a socket that is nobody's alone" \
	timeout 20 setpriv --reuid nobody --regid nogroup --clear-groups /usr/bin/python3 -c '
import os, socket, sys
os.umask(0o077)
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
s.accept()' "$LAB_DIR/a/vm/web.sock"
ovnetd_stop a
start nobody-at-all
vm_refused a "there is no user 'nobody-at-all'; give another vm.socket-owner" add new
equal "state of web" "not plugged in" "$(vm_says a web .state)"
expect "told" logged a "VM web is cut off: there is no user 'nobody-at-all'"
ovnetd_stop a
ovnetd_start a "--port=name=own,driver=vhost,server=true,socket-owner=nobody,path=$LAB_DIR/a/own.sock,addresses=$(address_plus "$(base a)" 7)"
ovnetd_wait a
equal "socket of a port of the configuration" "nobody 600" "$(stat -c '%U %a' "$LAB_DIR/a/own.sock")"
ovnetd_stop a
