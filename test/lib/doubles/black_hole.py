"""What if the other side takes the connection and never says a word?

--refuse-silently: the connection itself never comes about, as behind a firewall that drops packets.
"""
import socket
import threading

from common import Double

double = Double(__doc__, [("--refuse-silently", {"action": "store_true"})])
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", double.args.port))
port = listener.getsockname()[1]

if double.args.refuse_silently:
    # A full accept queue makes the kernel drop every further SYN.
    listener.listen(0)
    fill = [socket.socket() for _ in range(4)]
    for s in fill:
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
    double.ready(port)
    threading.Event().wait()

listener.listen(64)
double.ready(port)
kept = []
while True:
    connection, _ = listener.accept()
    double.saw(event="accepted")
    kept.append(connection)

    def drain(c):
        total = 0
        while True:
            data = c.recv(65536)
            if not data:
                double.saw(event="closed", bytes=total)
                return
            total += len(data)

    threading.Thread(target=drain, args=(connection,), daemon=True).start()
