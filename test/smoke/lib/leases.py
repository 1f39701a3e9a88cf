#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Puts many leases of /28 into etcd, or removes them, a hundred in a transaction."""
import base64
import http.client
import json
import sys


def b64(text):
    return base64.b64encode(text.encode()).decode()


def operation(action, prefix, i):
    """Leases from 10.5.128.0/28 on, of hosts behind the gateway: the lab's hosts draw theirs from
    the first hundred subnets, and one that overlaps is none of a peer's."""
    key = b64(f"{prefix}/subnets/10.5.{128 + i // 16}.{i % 16 * 16}-28")
    if action == "del":
        return {"requestDeleteRange": {"key": key}}
    mac = f"02:00:00:00:{i // 200:02x}:{i % 200:02x}"
    value = {"PublicIP": f"10.169.{i // 200}.{i % 200 + 1}", "BackendType": "vxlan",
             "BackendData": {"VNI": 1, "VtepMAC": mac}}
    return {"requestPut": {"key": key, "value": b64(json.dumps(value))}}


def main(address, prefix, action, count):
    etcd = http.client.HTTPConnection(address)
    for first in range(0, count, 100):
        ops = [operation(action, prefix, i) for i in range(first, min(first + 100, count))]
        etcd.request("POST", "/v3/kv/txn", json.dumps({"success": ops}))
        answer = etcd.getresponse()
        body = answer.read()
        assert answer.status == 200, body


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
