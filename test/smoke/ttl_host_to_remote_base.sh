#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The host itself, from its host device's address: one hop less than a pod. ovnet does not
# count as a hop, as flannel.1 does not.
. "$(dirname "$0")/lib.sh"

lab_up
ovnet_host a
linux_host b
reach a b
for pair in "a b" "b a"; do
	read -r from to <<<"$pair"
	read -r got ttl _ < <(ping_figures 5 0.02 on "$from" ping "$(base "$to")")
	equal "answers of $to's VTEP address to $from" "5 64" "$got $ttl"
	read -r got ttl _ < <(ping_figures 5 0.02 on "$from" ping "$(pod_ip "$to")")
	equal "answers of $to's pod to the host $from" "5 63" "$got $ttl"
done
