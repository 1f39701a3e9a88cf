/* SPDX-License-Identifier: BSD-3-Clause */
/* Timers of the event loop, in milliseconds. Control thread. */
#ifndef OVNET_LOOP_TIMER_H
#define OVNET_LOOP_TIMER_H

#include <stdint.h>

struct event;

/* Once, `ms` from now; anew if it is armed. 0: in the next turn of the loop. */
void arm_ms(struct event *timer, uint64_t ms);
/* Until it comes; 0: it is due, or not armed. `timer` may be NULL. */
uint32_t timer_left_ms(const struct event *timer);

#endif
