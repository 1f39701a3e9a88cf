#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The outer header as configured: DSCP and TTL inherited or fixed, DF clear, set or inherited, UDP
# checksums, over IPv4 and IPv6. The kernel's vxlan device takes them all, but a zero checksum over
# IPv6, which is for clusters of ovnet alone.
# runs: asan
export LAB_DUAL=1
export LAB_DRIVER=af_xdp # packets that leave one by one: others have the kernel's checksum
. "$(dirname "$0")/lib.sh"

# again FLAG...: a with other settings.
again() {
	ovnetd_stop a
	ovnetd_start a "$@"
	ovnetd_wait a
	within 10 "a reaches b" size_passes a b 4 100
}
# marked 4|6 OPTION...: one ping with EF (46) and TTL 33, which a's kernel makes 32.
marked() {
	size_passes a b "$1" 200 -Q 0xb8 -t 33 "${@:2}" >/dev/null
}
# outer 4|6 OPTION...: "DSCP TTL DF" of the packet that carries it, "DSCP TTL" over IPv6.
outer() {
	local fields=(ip.dsfield.dscp ip.ttl ip.flags.df)
	[ "$1" = 4 ] || fields=(ipv6.tclass.dscp ipv6.hlim)
	capture_start a "udp port 8472 and src host $(host_of_a "$1")"
	expect "a ping with $*" marked "$@"
	capture_stop
	captured a icmp.type icmpv6.type "${fields[@]}" | sed -n 's/^ *\(8\|128\)  *//p' |
		sed -E 's/,[^ ]*//g' | sort -u
}
host_of_a() {
	if [ "$1" = 6 ]; then host_ip6 a; else host_ip a; fi
}
# checksums 4|6 [PEER]: what tshark thinks of the outer UDP checksums of TCP and UDP of all sizes:
# 1 good, 3 none.
checksums() {
	capture_start a "udp port 8472 and src host $(host_of_a "$1")"
	if [ "$1" = 4 ]; then tcp_copy a "${2:-b}" 1; else tcp_copy6 a "${2:-b}"; fi
	udp_copy a "${2:-b}" "$1"
	capture_stop
	captured a udp.checksum.status | cut -d, -f1 | sort -u
}
lab_up
ovnet_host a
linux_host b
ovnet_host c --encap-udp-checksum6=off
within 10 "IPv4" size_passes a b 4 100
within 10 "IPv6" size_passes a b 6 100

equal "by default, over IPv4" "0 64 0" "$(outer 4 -M "do")"
equal "by default, over IPv6" "0 64" "$(outer 6)"
equal "UDP checksums by default, over IPv4" 3 "$(checksums 4)"
equal "UDP checksums by default, over IPv6" 1 "$(checksums 6)"

again --encap-dscp=inherit --encap-ttl=inherit --encap-df=inherit --encap-udp-checksum=on
within 10 "IPv6" size_passes a b 6 100
equal "inherited, over IPv4, with DF" "46 32 1" "$(outer 4 -M "do")"
equal "inherited, over IPv4, without DF" "46 32 0" "$(outer 4 -M dont)"
equal "inherited, over IPv6" "46 32" "$(outer 6)"
equal "UDP checksums asked for, over IPv4" 1 "$(checksums 4)"

again --encap-dscp=10 --encap-ttl=9 --encap-df=set --encap-udp-checksum6=off
within 10 "IPv6 to c" size_passes a c 6 100
equal "fixed, over IPv4" "10 9 1" "$(outer 4 -M dont)"
capture_start a "udp port 8472 and src host $(host_ip6 a)"
expect "IPv6 without checksums, from ovnet to ovnet" tcp_copy6 a c
expect "and back" tcp_copy6 c a
capture_stop
equal "DSCP, TTL, UDP checksum over IPv6" "10 9 0x0000" \
	"$(captured a ipv6.tclass.dscp ipv6.hlim udp.checksum | sed -E 's/,[^ ]*//g' | sort -u)"
! size_passes a b 6 100 >/dev/null || fail "the kernel's vxlan device took no checksum over IPv6"
