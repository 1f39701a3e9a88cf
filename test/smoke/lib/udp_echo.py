#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""UDP datagrams of many sizes, sent to an echo server and compared with what comes back.

udp_echo.py serve 4|6 PORT, udp_echo.py ask 4|6 PORT ADDRESS
"""
import os
import socket
import sys

SIZES = [0, 1, 2, 17, 63, 64, 511, 1200, 1372, 1399, 1400, 1401, 1421, 1422, 1423, 1444, 1445,
         1471, 1472, 1473, 2000, 4001]


def main():
    family = socket.AF_INET6 if sys.argv[2] == "6" else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM)
    if sys.argv[1] == "serve":
        s.bind(("::" if sys.argv[2] == "6" else "0.0.0.0", int(sys.argv[3])))
        while True:
            data, who = s.recvfrom(65536)
            s.sendto(data, who)
    s.settimeout(1)
    for size in SIZES:
        data = os.urandom(size)
        for attempt in range(4):  # the server may not be up yet
            s.sendto(data, (sys.argv[4], int(sys.argv[3])))
            try:
                back = s.recv(65536)
            except (TimeoutError, ConnectionRefusedError):
                continue
            if back == data:
                break
            sys.exit(f"{size} bytes came back as {len(back)} others")
        else:
            sys.exit(f"{size} bytes did not come back")


if __name__ == "__main__":
    main()
