# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# An etcd in the namespace "etcd", at $ETCD_URL, with its data in $ETCD_DATA; who uses it says both.

etcdctl() {
	ETCDCTL_API=3 on etcd etcdctl --endpoints="$ETCD_URL" --command-timeout=3s "$@"
}

etcd_run() {
	spawn "$LAB_DIR/etcd.log" ip netns exec "$LAB-etcd" etcd --name perf \
		--data-dir "$ETCD_DATA" --logger zap --log-level error \
		--listen-client-urls "$ETCD_URL" --advertise-client-urls "$ETCD_URL" \
		--listen-peer-urls http://127.0.0.1:2380 \
		--initial-advertise-peer-urls http://127.0.0.1:2380 \
		--initial-cluster perf=http://127.0.0.1:2380
	# shellcheck disable=SC2034
	ETCD_PID=$SPAWNED
	within 30 "etcd answers" etcdctl endpoint health
}
