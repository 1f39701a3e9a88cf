#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Both ends of the streams of offload_matrix.sh. What a stream carries follows from its number, so
each end knows it alone.

  serve PORT        answers until it is killed: TCP, the SHA-256 of what came; UDP, keeps what came as it
                    should; a TCP stream that begins with "?NUMBER" asks how much of that did
  send              streams as lines of JSON on stdin, all at once: {"id", "to", "port", "proto", "bytes",
                    "segment"}; their results on stdout: {"id", "ok", "why"}
"""
import hashlib
import json
import socket
import socketserver
import struct
import sys
import threading
import time

SIZES = (12, 13, 60, 511, 1000, 1199, 1200, 1333, 1380)  # of datagrams
SEGMENT = 1200
TRAIN = 20  # segments a send
TRIES = 5
PATIENCE = 20  # seconds without a byte
UDP_SEGMENT = 103
came = {}
lock = threading.Lock()


def content(number, part, size):
    return hashlib.shake_128(b"%d %d" % (number, part)).digest(size)


def datagram(number, part, size):
    return struct.pack("!III", number, part, size) + content(number, part, size - 12)


class Stream(socketserver.BaseRequestHandler):
    def handle(self):
        digest = hashlib.sha256()
        first = b""
        while data := self.request.recv(65536):
            first = first or data[:16]
            digest.update(data)
        answer = digest.hexdigest()
        if first[:1] == b"?":
            with lock:
                answer = json.dumps(sorted(came.get(int(first[1:]), ())))
        self.request.sendall(answer.encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def take_datagrams(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    s.bind(("::", port))
    while True:
        data = s.recv(65536)
        if len(data) < 12:
            continue
        number, part, size = struct.unpack("!III", data[:12])
        if data == datagram(number, part, size):
            with lock:
                came.setdefault(number, set()).add(part)


def serve(port):
    threading.Thread(target=take_datagrams, args=(port,), daemon=True).start()
    Server(("::", port), Stream).serve_forever()


def talk(s, data):
    """One stream: all of it, and what the other end says of it."""
    with socket.create_connection((s["to"], s["port"]), timeout=PATIENCE) as c:
        c.sendall(data)
        c.shutdown(socket.SHUT_WR)
        answer = b""
        while more := c.recv(65536):
            answer += more
    return answer.decode().strip()


def send_tcp(s):
    data = content(s["id"], 0, s["bytes"])
    got = talk(s, data)
    return "" if got == hashlib.sha256(data).hexdigest() else "contents differ"


def trains(s):
    """Sends as (first part, sizes)."""
    if s["segment"]:
        return [(0, [SEGMENT] * TRAIN + [77]), (100, [SEGMENT] * 2), (200, [SEGMENT, 13])]
    return [(i, [size]) for i, size in enumerate(SIZES)]


def send_train(sock, s, first, sizes):
    data = b"".join(datagram(s["id"], first + i, size) for i, size in enumerate(sizes))
    control = []
    if len(sizes) > 1:
        control = [(socket.SOL_UDP, UDP_SEGMENT, struct.pack("=H", SEGMENT))]
    sock.sendmsg([data], control)


def send_udp(s):
    want = {first + i for first, sizes in trains(s) for i in range(len(sizes))}
    family = socket.AF_INET6 if ":" in s["to"] else socket.AF_INET
    missing = want
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((s["to"], s["port"]))
        for _ in range(TRIES):
            for first, sizes in trains(s):
                if not missing.isdisjoint(range(first, first + len(sizes))):
                    send_train(sock, s, first, sizes)
            time.sleep(0.3)
            missing = want - set(json.loads(talk(s, b"?%d" % s["id"])))
            if not missing:
                return ""
    return "%d of %d datagrams did not come: %s" % (len(missing), len(want), sorted(missing)[:9])


def run(s):
    try:
        why = send_tcp(s) if s["proto"] == "tcp" else send_udp(s)
    except (OSError, ValueError) as e:
        why = str(e) or type(e).__name__
    print(json.dumps({"id": s["id"], "ok": not why, "why": why}), flush=True)


def send():
    streams = [json.loads(line) for line in sys.stdin if line.strip()]
    threads = [threading.Thread(target=run, args=(s,)) for s in streams]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    send()
