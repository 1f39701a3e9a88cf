#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs a command in a guest, by the serial port at which its init listens (test/guest/init).

    guest_ask.py SOCKET SECONDS COMMAND

Prints what the command prints and ends with its status; 143 where its time was up, 125 where the
guest does not answer. Who else asks the same guest meanwhile has to wait.
"""
import base64
import fcntl
import os
import socket
import sys
import time

PATIENCE = 30  # with a guest that has no CPU of its own


def answers(serial, end):
    """The lines that come, in words."""
    with serial.makefile("rb") as lines:
        while time.monotonic() < end:
            line = lines.readline()
            if not line:
                return
            yield line.decode(errors="replace").split()


def ask(path, seconds, command):
    """(status, output), or None: no answer in time."""
    end = time.monotonic() + seconds + PATIENCE
    name = os.urandom(6).hex()
    code = base64.b64encode(command.encode()).decode()
    with socket.socket(socket.AF_UNIX) as serial:
        serial.settimeout(seconds + PATIENCE)
        serial.connect(path)
        serial.sendall(f"\n{name} {seconds} {code}\n".encode())
        for words in answers(serial, end):
            # What somebody asked before us may be answered only now.
            if words[:1] == [name] and len(words) in (2, 3):
                return int(words[1]), base64.b64decode("".join(words[2:]))
    return None


def main():
    path, seconds, command = sys.argv[1:]
    try:
        with open(path + ".turn", "w", encoding="ascii") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            answer = ask(path, int(seconds), command)
    except OSError as err:
        print(f"{path}: {err}", file=sys.stderr)
        return 125
    if answer is None:
        print(f"{path}: the guest does not answer", file=sys.stderr)
        return 125
    sys.stdout.buffer.write(answer[1])
    return answer[0]


sys.exit(main())
