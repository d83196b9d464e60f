"""What if the name server never answers?  Port 53 of 127.0.0.1, which resolv.conf names in the test namespace."""
import socket

from common import Double

double = Double(__doc__)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", double.args.port or 53))
double.ready(server.getsockname()[1])
while True:
    query, _ = server.recvfrom(4096)
    labels, at = [], 12
    while at < len(query) and query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    double.saw(name=".".join(labels))
