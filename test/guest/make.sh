#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes what a guest of the tests boots: DIR/vmlinuz, this release's cloud kernel, and DIR/initrd, a
# static busybox, the drivers of virtio-net, dhcpcd (busybox has no DHCPv6 here), iperf3, ethtool and what
# stands beside this script. Kernel and dhcpcd are fetched and unpacked but not installed: a machine's own
# are none of our business. What is there already is left as it is.
#
#   test/guest/make.sh DIR
set -euo pipefail
export LC_ALL=C # what apt says is read

HERE=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
ROOT=root
. "$HERE/parts.sh"

kernel_package() {
	apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" { print $2; exit }'
}

# Lists of packages that are old name what no mirror has any more.
fetch() {
	apt-get download -q dhcpcd-base "$(kernel_package)" && return
	apt-get update -q
	apt-get download -q dhcpcd-base "$(kernel_package)"
}

# The kernel appears when all the rest is there.
kernel() {
	local package
	rm -rf tree
	mkdir tree
	(cd tree && fetch)
	for package in tree/*.deb; do
		dpkg-deb -x "$package" tree
		rm "$package"
	done
	mv tree/boot/vmlinuz-* vmlinuz
}

initrd() {
	local file
	rm -rf root
	mkdir -p root/{bin,dev,etc,lib,proc,run,sys,test,tmp,var/lib/dhcpcd}
	cp "$(command -v busybox)" root/bin/busybox
	ln -s busybox root/bin/sh
	cp "$HERE/init" root/
	cp "$HERE"/{dhcp,ping} root/test/
	gcc -static -O1 -o root/test/frames "$HERE/frames.c"
	program "$(command -v iperf3)"
	program "$(command -v ethtool)"
	# glibc loads it when a thread is cancelled, as iperf3's are from 3.16 on.
	file=$(gcc -print-file-name=libgcc_s.so.1)
	cp -L "$file" "root$(dirname "$(ldd "$(command -v iperf3)" | grep -o '/[^ ]*/libc\.so\.6')")"
	program "$(find tree -path '*/sbin/dhcpcd' -print -quit)"
	: >root/lib/order
	module tree virtio_pci
	module tree virtio_net
	(cd root && find . | busybox cpio -o -H newc) | gzip -1 >initrd.new
	mv initrd.new initrd
}

[ -s vmlinuz ] || kernel
[ -s initrd ] && [ -z "$(find "$HERE" vmlinuz -newer initrd)" ] || initrd
