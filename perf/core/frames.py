# SPDX-License-Identifier: BSD-3-Clause
"""What goes into the bench node and what has to come out of it, built byte by byte.

A frame's number is in its payload and says all about it: peer, size, addresses. Nothing here knows
how ovnet makes its headers; RFC 7348 and flannel's leases say what they have to be.
"""
import struct

FRAMES = 4096  # in rotation: one for each of 4,096 peers
SIZES = {"64": (64,), "imix": (64, 570, 64, 570, 64, 1400, 64, 570, 64, 570, 64, 64),
         "1400": (1400,)}  # of the frame at the attach port, without FCS; imix: 7:4:1
MOST = 1514  # any other size may be had by its number, up to this one
OVERHEAD = 50  # the outer headers: Ethernet, IPv4, UDP, VXLAN
IP, IP_ID, UDP, INNER = 14, 18, 34, 50  # where they are in an outer frame

NETWORK = "10.0.0.0/8"
OWN_SUBNET = 0x0AFF0000  # a /24; peers' begin at the network's first
PEER_SUBNET = 0x0A000000
OWN_UNDERLAY = 0xAC1F0001
GATEWAY = 0xAC1F00FE
PEER_UNDERLAY = 0xAC100001
VNI = 1
VXLAN_PORT = 8472
SOURCE_PORTS = range(32768, 61000)  # encap.src-port-min and -max

OWN_VTEP = bytes.fromhex("420000000001")
GATEWAY_MAC = bytes.fromhex("0600000000fe")
MACHINE_MAC = bytes.fromhex("020000000001")  # what lives behind the attach port
IN_MAC = bytes.fromhex("027063617000")  # DPDK's pcap driver gives it to a process's first port
OUT_MAC = bytes.fromhex("020000000002")

PATTERN = bytes(i * 13 & 255 for i in range(256)) * 7

PCAP_HEAD = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def address(number):
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def peer_vtep(peer):
    return b"\x46\0\0\0" + struct.pack("!H", peer)


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def ip_header(source, dest, length, number, ttl):
    head = struct.pack("!BBHHHBBHII", 0x45, 0, length, number, 0, ttl, 17, 0, source, dest)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def sizes(word):
    """The sizes in turn that a case's word means. ValueError: none."""
    if word in SIZES:
        return SIZES[word]
    if not 60 <= int(word) <= MOST:
        raise ValueError(f"no frames of {word} bytes: 60 to {MOST}")
    return (int(word),)


class Frames:
    """One case: encap or decap, a size, so many peers; MACs of the ports it comes and leaves by."""

    def __init__(self, path, size, peers, in_mac=IN_MAC, out_mac=OUT_MAC):
        self.encap = path == "encap"
        self.in_mac, self.out_mac = in_mac, out_mac
        self.sizes = sizes(size)
        self.peers = peers

    def peer(self, number):
        return number * 2731 % self.peers  # odd: all of them, and none beside the one before

    def size(self, number):
        return self.sizes[number % len(self.sizes)]

    def own(self, number):
        return OWN_SUBNET + 2 + number % 249

    def inner(self, number, ttl):
        length = self.size(number) - 14
        remote = PEER_SUBNET + (self.peer(number) << 8) + 2 + number % 250
        own = self.own(number)
        source, dest = (own, remote) if self.encap else (remote, own)
        payload = struct.pack("!I", number)
        payload += PATTERN[number & 255:][:length - 32]
        udp = struct.pack("!4H", 20000 + number, 5201, length - 20, 0)
        return ip_header(source, dest, length, number, ttl) + udp + payload

    def outer(self, number, ttl, to, source_port, ip_id):
        """A VXLAN frame that peer and node send each other."""
        inner = self.inner(number, ttl)
        peer = self.peer(number)
        ends = [(OWN_UNDERLAY, OWN_VTEP), (PEER_UNDERLAY + peer, peer_vtep(peer))]
        (src, src_vtep), (dst, dst_vtep) = ends if self.encap else reversed(ends)
        vxlan = struct.pack("!II", 0x08000000, VNI << 8)
        vxlan += dst_vtep + src_vtep + b"\x08\0" + inner
        udp = struct.pack("!4H", source_port, VXLAN_PORT, 8 + len(vxlan), 0)
        ip = ip_header(src, dst, 28 + len(vxlan), ip_id, 64)
        return to + b"\x08\0" + ip + udp + vxlan

    def sent(self, number):
        """As the generator sends it."""
        if self.encap:
            return self.in_mac + MACHINE_MAC + b"\x08\0" + self.inner(number, 64)
        port = SOURCE_PORTS[number * 7 % len(SOURCE_PORTS)]
        return self.outer(number, 64, self.in_mac + GATEWAY_MAC, port, number)

    def wanted(self, number, source_port=0, ip_id=0):
        """As it has to arrive: a hop later, as ovnet is the router of what is attached."""
        if self.encap:
            return self.outer(number, 63, GATEWAY_MAC + self.out_mac, source_port, ip_id)
        return MACHINE_MAC + self.out_mac + b"\x08\0" + self.inner(number, 63)

    def due(self, number, got):
        """The same, with what the sender of got was free to choose."""
        return self.wanted(number, *chosen(got)) if self.encap else self.wanted(number)

    def free(self):
        """Where another byte may be as good: the source port's lower half."""
        return {UDP + 1} if self.encap else set()


class Bridged(Frames):
    """Of a switch that is no router: no hop less, MAC addresses as it likes, fragmenting as it likes.
    Whoever sends by way of it, to whom, in which network, and the whole inner packet is given."""

    def due(self, number, got):
        if not self.encap:
            return got[:12] + b"\x08\0" + self.inner(number, 64)
        frame = bytearray(self.outer(number, 64, got[:12], *chosen(got)))
        frame[IP_ID + 2] |= got[IP_ID + 2] & 0x40  # do not fragment
        frame[IP + 10:IP + 12] = bytes(2)
        frame[IP + 10:IP + 12] = struct.pack("!H", checksum(frame[IP:UDP]))
        frame[INNER:INNER + 12] = got[INNER:INNER + 12]
        return bytes(frame)

    def free(self):
        macs = set(range(12))
        return macs | {UDP + 1} | {INNER + at for at in macs} if self.encap else macs


def chosen(frame):
    """Outer source port and IP identification, which are the sender's choice."""
    return struct.unpack_from("!H", frame, UDP) + struct.unpack_from("!H", frame, IP_ID)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def add_macs(parser):
    """Options of who makes or checks frames."""
    parser.add_argument("--in-mac", type=mac, default=IN_MAC, help="of the port frames come in by")
    parser.add_argument("--out-mac", type=mac, default=OUT_MAC, help="of the port they leave by")


def write_pcap(path, frames):
    with open(path, "wb") as f:
        f.write(PCAP_HEAD)
        for frame in frames:
            f.write(struct.pack("=IIII", 0, 0, len(frame), len(frame)) + frame)


def read_pcap(path):
    """The frames, whatever the resolution of their times. ValueError: not all of it is there."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:4] not in (PCAP_HEAD[:4], struct.pack("=I", 0xA1B23C4D)):
        raise ValueError(f"{path} is no pcap file of this machine")
    at, frames = 24, []
    while at < len(data):
        if at + 16 > len(data):
            raise ValueError(f"{path} ends within a frame")
        length, = struct.unpack_from("=I", data, at + 8)
        frames.append(data[at + 16:at + 16 + length])
        if len(frames[-1]) < length:
            raise ValueError(f"{path} ends within a frame")
        at += 16 + length
    return frames
