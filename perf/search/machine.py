# SPDX-License-Identifier: BSD-3-Clause
"""Was the machine there for a switch's worker? It polls, so it wants to run all the time. The kernel knows to
the nanosecond how long it had to wait while others ran, and in ticks what a hypervisor took away."""
import os

TICK_US = 1000000 // os.sysconf("SC_CLK_TCK")


def steal_us():
    """What other machines had of all CPUs."""
    with open("/proc/stat", encoding="ascii") as f:
        return int(f.readline().split()[8]) * TICK_US


def schedstat(thread):
    """Nanoseconds a thread ran, and those it waited for a CPU."""
    with open(f"{thread}/schedstat", encoding="ascii") as f:
        ran, waited, _ = map(int, f.read().split())
    return ran, waited


def busiest(pids):
    """The thread of these processes that ran longest: the worker."""
    threads = (f"/proc/{pid}/task/{tid}" for pid in pids for tid in os.listdir(f"/proc/{pid}/task"))
    return max(threads, key=schedstat)


class Watch:
    """Of a thread, from its making on. None: it is on another machine."""

    def __init__(self, thread):
        self.thread = thread
        self.waited, self.steal = self.wait_ns(), steal_us()

    def wait_ns(self):
        return schedstat(self.thread)[1] if self.thread else 0

    def missing(self):
        """An object for JSON."""
        return {"worker_waited_us": (self.wait_ns() - self.waited) / 1000,
                "steal_us": steal_us() - self.steal}
