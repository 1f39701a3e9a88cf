/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything ovnetd counts, in one table: the control socket's answers, ovnetctl's columns and
 * labels and its man page are made from it. To add a counter: a member of the struct it is counted
 * in and a line here; test/unit/test_counter_table.c fails while one of the two is missing.
 *
 * X(scope, member, name, kind, heading, help)
 *   member   of the struct it is counted in
 *   name     in the control socket's JSON
 *   heading  ovnetctl's column or label; NULL: for --json, or said there in words of its own
 *   help     what is counted, without a full stop; in the man page with a capital letter
 * What may be read at once is one scope: app/ovnetd/methods/counters.h has the struct of each.
 */
#ifndef OVNET_BASE_COUNTER_TABLE_H
#define OVNET_BASE_COUNTER_TABLE_H

#include <stdbool.h>

/* struct ovnet_port_counters, summed over the workers. */
#define OVNET_PORT_COUNTERS(X)                                                               \
	X(PORT, rx_packets, "rx_packets", COUNT, "RX-PKTS", "packets that came by the port") \
	X(PORT, rx_bytes, "rx_bytes", BYTES, "RX-BYTES", "bytes that came by the port")      \
	X(PORT, tx_packets, "tx_packets", COUNT, "TX-PKTS", "packets that left by the port") \
	X(PORT, tx_bytes, "tx_bytes", BYTES, "TX-BYTES", "bytes that left by the port")

/* struct ovnet_port_stats: what the device and its driver say. */
#define OVNET_DEVICE_COUNTERS(X)                                                                   \
	X(DEVICE, missed, "missed", COUNT, "MISSED",                                               \
		"the device or kernel had no room: the worker is too slow")                        \
	X(DEVICE, errors, "errors", COUNT, "ERRORS", "packets the device or its driver found bad") \
	X(DEVICE, no_mbuf, "no_mbuf", COUNT, "NO-MBUF",                                            \
		"packets there was no buffer for: raise dpdk.mbufs")                               \
	X(DEVICE, tx_errors, "tx_errors", COUNT, "TX-ERRS", "the device failed to send")

/* struct ports_queue_counters: one queue of a port's, each way. */
#define OVNET_QUEUE_COUNTERS(X)                                                                \
	X(QUEUE, rx_packets, "rx_packets", COUNT, "RX-PKTS", "packets that came by the queue") \
	X(QUEUE, rx_bytes, "rx_bytes", BYTES, "RX-BYTES", "bytes that came by the queue")      \
	X(QUEUE, tx_packets, "tx_packets", COUNT, "TX-PKTS", "packets that left by the queue") \
	X(QUEUE, tx_bytes, "tx_bytes", BYTES, "TX-BYTES", "bytes that left by the queue")      \
	X(QUEUE, rx_drops, "rx_drops", COUNT, "RX-DROPS",                                      \
		"packets that came by the queue and its driver refused, for any reason")

/* struct ovnet_peer_counters, summed over the workers. */
#define OVNET_PEER_COUNTERS(X)                                                                 \
	X(PEER, tx_packets, "tx_packets", COUNT, "TX-PKTS", "packets sent to the peer")        \
	X(PEER, tx_bytes, "tx_bytes", BYTES, "TX-BYTES",                                       \
		"bytes sent to the peer, without outer headers")                               \
	X(PEER, rx_packets, "rx_packets", COUNT, "RX-PKTS", "packets that came from the peer") \
	X(PEER, rx_bytes, "rx_bytes", BYTES, "RX-BYTES",                                       \
		"bytes that came from the peer, without outer headers")

/* struct ovnet_counters by stage, summed over the workers. */
#define OVNET_STAGE_COUNTERS(X)                                                            \
	X(STAGE, stage_packets, "packets", COUNT, "PACKETS", "packets the stage has seen") \
	X(STAGE, stage_bursts, "bursts", COUNT, "BURSTS", "bursts of packets the stage has seen")

/* struct ovnet_counters, summed over the workers. */
#define OVNET_PATH_COUNTERS(X)                                                                \
	X(PATH, absorbed, "absorbed", COUNT, NULL,                                            \
		"packets neither sent on nor dropped: fragments that wait or became part of " \
		"another packet, copies of what the kernel handles, ARP, ND and DHCP")        \
	X(PATH, answers, "answers", COUNT, NULL,                                              \
		"ICMP errors for the senders of dropped packets, replies to ARP, ND, DHCP "   \
		"and router solicitations")                                                   \
	X(PATH, answers_limited, "answers_limited", COUNT, NULL,                              \
		"ICMP errors and replies not made, because there were too many")              \
	X(PATH, dhcp_answers, "dhcp_answers", COUNT, NULL,                                    \
		"replies to DHCP, DHCPv6 and router solicitations")                           \
	X(PATH, dhcp_refused, "dhcp_refused", COUNT, NULL,                                    \
		"those of them that refuse an address: it is not the asking guest's")         \
	X(PATH, dhcp_declined, "dhcp_declined", COUNT, NULL,                                  \
		"times a guest has found its address in use by somebody else")                \
	X(PATH, pieces, "pieces", COUNT, NULL,                                                \
		"pieces of packets that were cut to fit the way, beyond the first of each")   \
	X(PATH, segments, "segments", COUNT, NULL,                                            \
		"segments of TCP and UDP packets that a kernel or guest left to be cut, "     \
		"beyond the first of each")                                                   \
	X(PATH, merged, "merged", COUNT, NULL,                                                \
		"segments that became part of the packet in front of them, for a port that "  \
		"takes such packets whole")                                                   \
	X(PATH, verified, "verified", COUNT, NULL,                                            \
		"packets whose checksums were right when they came and were judged again "    \
		"when they were sent: samples, see dpdk.verify")                              \
	X(PATH, spoiled, "spoiled", COUNT, NULL,                                              \
		"those of them with a wrong checksum by then, which is ovnet's own doing, "   \
		"or its memory's")

/* struct ovnet_counters by drop reason, summed over the workers. */
#define OVNET_DROP_COUNTERS(X)                                                         \
	X(DROP, drops, "packets", COUNT, "PACKETS", "packets refused for this reason") \
	X(DROP, permitted, "permitted", COUNT, "PERMITTED",                            \
		"packets let by that strict ingress.validation would have refused for it")

/* struct ovnet_port_queue, by drop reason. */
#define OVNET_DRIVER_COUNTERS(X)                         \
	X(DRIVER, rx_drops, "packets", COUNT, "PACKETS", \
		"packets the port's driver refused before the path saw them")

/* struct ovnet_counters, of one worker. */
#define OVNET_WORKER_COUNTERS(X)                                                           \
	X(WORKER, loops, "loops", COUNT, "LOOPS", "looks at all the worker's queues")      \
	X(WORKER, idle_loops, "idle_loops", COUNT, "IDLE", "looks that found nothing")     \
	X(WORKER, sleeps, "sleeps", COUNT, "SLEEPS", "how often the worker went to sleep") \
	X(WORKER, wakeups, "wakeups", COUNT, "WAKEUPS",                                    \
		"sleeps that ended by an event, not by time")

/* The same; ovnetctl's table has them as a percentage. */
#define OVNET_CYCLE_COUNTERS(X)                                                           \
	X(CYCLE, busy_cycles, "busy_cycles", CYCLES, NULL, "TSC cycles spent on packets") \
	X(CYCLE, total_cycles, "total_cycles", CYCLES, NULL, "TSC cycles spent awake")

/* struct ovnet_lease_status: the connection. */
#define OVNET_ETCD_COUNTERS(X)                                                                  \
	X(ETCD, connected, "connected", YES_NO, NULL, "whether the watch runs")                 \
	X(ETCD, stale, "stale", YES_NO, NULL,                                                   \
		"whether all that is known is from the snapshot, as etcd has not answered yet") \
	X(ETCD, away_s, "away_s", SECONDS, NULL,                                                \
		"for how many seconds etcd has been away, 0: it is there")                      \
	X(ETCD, retry_in_ms, "retry_in_ms", MILLISECONDS, NULL,                                 \
		"milliseconds until etcd is asked again, 0: it is being asked, or not needed")

/* struct ovnet_lease_status: the tree and our own lease in it. */
#define OVNET_LEASE_COUNTERS(X)                                                               \
	X(LEASE, revision, "revision", GAUGE, NULL, "the last revision of etcd seen")         \
	X(LEASE, expires_at, "expires_at", TIME, NULL,                                        \
		"when our lease ends, in Unix seconds, 0: it does not")                       \
	X(LEASE, renewed_at, "renewed_at", TIME, NULL,                                        \
		"when our lease was renewed last, in Unix seconds")                           \
	X(LEASE, events, "events", COUNT, "events", "changes of the tree that were taken up") \
	X(LEASE, resyncs, "resyncs", COUNT, "resyncs",                                        \
		"listings and comparisons of the whole tree")                                 \
	X(LEASE, sync_ms, "sync_ms", MILLISECONDS, "the last in ms",                          \
		"what the last comparison of the whole tree took, in milliseconds")           \
	X(LEASE, renewals, "renewals", COUNT, "renewals", "renewals of our lease")            \
	X(LEASE, retries, "retries", COUNT, "retries",                                        \
		"requests that failed and were tried again")                                  \
	X(LEASE, invalid, "invalid", GAUGE, "invalid leases",                                 \
		"leases in the tree that were refused")

/* struct loop. */
#define OVNET_LOOP_COUNTERS(X)                                                  \
	X(LOOP, turns, "turns", COUNT, NULL, "turns of the event loop")         \
	X(LOOP, longest_ns, "stall_ms_max", NANOSECONDS, "longest turn, ms",    \
		"the longest turn since the start or --reset, in milliseconds") \
	X(LOOP, longest_at, "stall_at", TIME, NULL,                             \
		"when the longest turn was, in Unix seconds, 0: no turn yet")

/* struct ovnet_lane_stats. */
#define OVNET_LANE_COUNTERS(X)                                                                    \
	X(LANE, tx_packets, "tx_packets", COUNT, "sent",                                          \
		"packets the kernel lane has handed to uplinks; in those of each peer as well")   \
	X(LANE, rx_packets, "rx_packets", COUNT, "received",                                      \
		"packets of peers it has handed to the host device; in those of each peer, too")  \
	X(LANE, sent_up, "sent_up", COUNT, NULL,                                                  \
		"packets that uplinks have handed to the lane's vxlan device")                    \
	X(LANE, came_up, "came_up", COUNT, NULL, "those of them that came out of that device")    \
	X(LANE, bad, "bad", COUNT, "bad",                                                         \
		"packets dropped that came to the lane's own UDP port and are no peer's, or not " \
		"for here")                                                                       \
	X(LANE, failed, "failed", COUNT, "failed",                                                \
		"packets lost, as the kernel refused to encapsulate or send them")                \
	X(LANE, held, "held", COUNT, "held",                                                      \
		"buffers left to the workers, as what the lane took before of the same peer by "  \
		"the same uplink did not come out of its vxlan device")                           \
	X(LANE, merged, "merged", COUNT, NULL,                                                    \
		"buffers left to the workers only because UDP GRO had made one of several "       \
		"packets")

/* struct memory_gauges, struct peer_gauges, struct node_gauges. */
#define OVNET_MEMORY_COUNTERS(X)                                    \
	X(MEMORY, mbufs, "mbufs", GAUGE, "mbufs", "packet buffers") \
	X(MEMORY, mbufs_free, "mbufs_free", GAUGE, "free", "packet buffers that hold no packet")
#define OVNET_PEERS_COUNTERS(X)                                       \
	X(PEERS, peers, "peers", GAUGE, "peers", "other nodes known") \
	X(PEERS, peers_pending, "peers_pending", GAUGE, NULL,         \
		"other nodes that wait to be brought in step with their lease and route")
#define OVNET_NODE_COUNTERS(X) \
	X(NODE, uptime_s, "uptime_s", SECONDS, NULL, "seconds since the daemon was started")

#define OVNET_COUNTERS(X)        \
	OVNET_PORT_COUNTERS(X)   \
	OVNET_DEVICE_COUNTERS(X) \
	OVNET_QUEUE_COUNTERS(X)  \
	OVNET_PEER_COUNTERS(X)   \
	OVNET_STAGE_COUNTERS(X)  \
	OVNET_PATH_COUNTERS(X)   \
	OVNET_DROP_COUNTERS(X)   \
	OVNET_DRIVER_COUNTERS(X) \
	OVNET_WORKER_COUNTERS(X) \
	OVNET_CYCLE_COUNTERS(X)  \
	OVNET_ETCD_COUNTERS(X)   \
	OVNET_LEASE_COUNTERS(X)  \
	OVNET_LOOP_COUNTERS(X)   \
	OVNET_LANE_COUNTERS(X)   \
	OVNET_MEMORY_COUNTERS(X) \
	OVNET_PEERS_COUNTERS(X)  \
	OVNET_NODE_COUNTERS(X)

/*
 * X(scope, object, labels, command)
 *   object   whose: OBJECT_NAME is one counter, told from others of that name by
 *   labels   what it is of, one or more with commas between
 *   command  of ovnetctl that has it; NULL: none
 */
#define OVNET_COUNTER_SCOPES(X)                     \
	X(PORT, "port", "port", "ports")            \
	X(DEVICE, "port", "port", "ports")          \
	X(QUEUE, "queue", "port,queue", "queues")   \
	X(PEER, "peer", "subnet", "peers")          \
	X(STAGE, "stage", "stage", "stats")         \
	X(PATH, "path", "", "stats")                \
	X(DROP, "drop", "reason", "drops")          \
	X(DRIVER, "driver", "port,reason", "drops") \
	X(WORKER, "worker", "worker", "workers")    \
	X(CYCLE, "worker", "worker", "workers")     \
	X(ETCD, "etcd", "", "status")               \
	X(LEASE, "lease", "", "status")             \
	X(LOOP, "loop", "", "status")               \
	X(LANE, "lane", "", "status")               \
	X(MEMORY, "memory", "", "status")           \
	X(PEERS, "node", "", "status")              \
	X(NODE, "node", "", "status")

enum ovnet_counter_scope {
#define OVNET_SCOPE_ENUM(scope, object, labels, command) OVNET_SCOPE_##scope,
	OVNET_COUNTER_SCOPES(OVNET_SCOPE_ENUM)
#undef OVNET_SCOPE_ENUM
		OVNET_SCOPE_COUNT
};

enum ovnet_counter_kind {
	/* only grow, from 0 at the start */
	OVNET_KIND_COUNT,
	OVNET_KIND_BYTES,
	OVNET_KIND_CYCLES,
	/* come and go */
	OVNET_KIND_GAUGE,
	OVNET_KIND_SECONDS,
	OVNET_KIND_MILLISECONDS,
	OVNET_KIND_NANOSECONDS, /* in JSON: milliseconds with fractions */
	OVNET_KIND_TIME,        /* unix seconds, 0: not yet or never */
	OVNET_KIND_YES_NO,
};

struct ovnet_counter {
	enum ovnet_counter_scope scope;
	enum ovnet_counter_kind kind;
	const char *name, *heading, *help;
};

/* OVNET_COUNTER_PORT_rx_packets and so on: places in the table. */
enum ovnet_counter_id {
#define OVNET_COUNTER_ENUM(scope, member, ...) OVNET_COUNTER_##scope##_##member,
	OVNET_COUNTERS(OVNET_COUNTER_ENUM)
#undef OVNET_COUNTER_ENUM
		OVNET_COUNTER_COUNT
};

extern const struct ovnet_counter ovnet_counters[OVNET_COUNTER_COUNT];
extern const struct ovnet_counter_scope_row {
	const char *object, *labels, *command;
} ovnet_counter_scopes[OVNET_SCOPE_COUNT];

/* The scope's next one after `c` (NULL: its first); NULL: no more. */
const struct ovnet_counter *ovnet_counter_next(
	enum ovnet_counter_scope scope, const struct ovnet_counter *c);
static inline bool ovnet_counter_grows(const struct ovnet_counter *c)
{
	return c->kind <= OVNET_KIND_CYCLES;
}

#endif
