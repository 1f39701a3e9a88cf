#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints the flows that make a static registry's leases of Open vSwitch: port 1 is the overlay's, port 2
the VXLAN tunnel."""
import json
import sys

OWN = "172.31.0.1"


def main():
    with open(sys.argv[1], encoding="ascii") as f:
        registry = json.load(f)
    vni = registry["config"]["Backend"]["VNI"]
    print(f"in_port=2,tun_id={vni},actions=output:1")
    for subnet, lease in registry["leases"].items():
        if lease["PublicIP"] == OWN:
            continue
        print(f"in_port=1,ip,nw_dst={subnet.replace('-', '/')},"
              f"actions=set_field:{lease['PublicIP']}->tun_dst,"
              f"set_field:{vni}->tun_id,output:2")


if __name__ == "__main__":
    main()
