/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of some packets: each stage they enter is a record. A packet is marked as it comes, by a
 * number in its metadata, which goes with it, and with what it is cut into, through hand-off rings,
 * too. The mark is a trace's own; nothing else of a packet is changed, and only one trace runs at a
 * time.
 */
#ifndef OVNET_CAPTURE_TRACE_H
#define OVNET_CAPTURE_TRACE_H

#include "path/taps.h"

ovnet_tap_fn capture_trace_look;

#endif
