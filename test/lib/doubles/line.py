"""What if the line breaks, or stalls, after so many bytes?

line.py [--to HOST:PORT] [--after N | --after-reply N] [--then close|reset|stall] [--times K] [--delay MS]
Without --to it only swallows what the client sends.  With --to it carries bytes both ways and counts those of the client
(--after) or of the server (--after-reply).  After the first K broken connections (--times) the rest pass whole.
"""
import socket
import struct
import threading
import time

from common import Double, address

double = Double(__doc__, [
    ("--to", {"type": address}),
    ("--after", {"type": int}),
    ("--after-reply", {"type": int}),
    ("--then", {"choices": ["close", "reset", "stall"], "default": "close"}),
    ("--times", {"type": int, "default": 1 << 30}),
    ("--delay", {"type": float, "default": 0}),
])
args = double.args
lock = threading.Lock()
broken = 0


def serve(client):
    global broken
    server = socket.create_connection(args.to) if args.to else None
    with lock:
        harm = broken < args.times
        broken += 1
    over = threading.Event()

    def shut(s, reset):
        if s is None:
            return
        try:
            if reset:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # Half of it is enough to wake the other thread; the rest would send a FIN before the RST.
            s.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()

    def carry(source, sink, limit):
        left = limit if harm else None
        total = 0
        try:
            while not over.is_set():
                data = source.recv(65536)
                if not data:
                    break
                if args.delay:
                    time.sleep(args.delay / 1000)
                cut = left is not None and len(data) >= left
                if cut:
                    data = data[:left]
                elif left is not None:
                    left -= len(data)
                total += len(data)
                if sink and not (cut and args.then == "stall" and not data):
                    sink.sendall(data)
                if cut:
                    double.saw(event=args.then, bytes=total)
                    if args.then == "stall":
                        over.wait()
                    break
        except OSError:
            pass
        if not over.is_set():
            over.set()
            shut(client, harm and args.then == "reset")
            shut(server, False)

    threading.Thread(target=carry, args=(client, server, args.after), daemon=True).start()
    if server:
        threading.Thread(target=carry, args=(server, client, args.after_reply), daemon=True).start()


listener = socket.create_server(("127.0.0.1", args.port), backlog=64)
double.ready(listener.getsockname()[1])
while True:
    connection, _ = listener.accept()
    double.saw(event="accepted")
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
