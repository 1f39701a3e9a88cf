#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hold.py TID...: these threads stand still, and no other of their process, until this one ends.

Within half a minute in any case: who is held cannot be ended."""
import ctypes
import os
import signal
import sys

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) < 0:
        sys.exit(f"hold.py: {tid}: {os.strerror(ctypes.get_errno())}")


for tid in map(int, sys.argv[1:]):
    ptrace(PTRACE_SEIZE, tid)
    ptrace(PTRACE_INTERRUPT, tid)
    os.waitpid(tid, WALL)
print("held", flush=True)
signal.sigtimedwait([], 30)  # or a signal: who traces ends, they go on
