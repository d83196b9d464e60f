"""What if an HTTP server answers what no sane one would, or is overloaded for a while?

http_server.py --script JSON [--to HOST:PORT] [--cert FILE --key FILE]    the last two: HTTPS with just that certificate
JSON: a list of rules {"method": REGEX, "path": REGEX, "answers": [ANSWER...]}; the first rule that matches counts.
ANSWER, taken in order, the last one for ever, "times": n repeats it:
  {"status": 200, "headers": {...}, "body": TEXT or JSON}     an answer; "latin1": true sends body as bytes 0-255
  {"forward": true}         ask the real server (--to) instead; with "replace": [REGEX, TEXT] its body is changed,
                            with "corrupt": true a bit of the request's
  {"raw": TEXT}             these bytes (latin-1) in place of an HTTP answer, then close
  {"hang": true}            never answer
  {"endless": TEXT}         200 and TEXT again and again, until the client goes
  {"cut": n, ...}           promise the whole body, send n bytes of it, close
  {"drip_ms": n, ...}       the body byte by byte, n ms apart
  {"delay_ms": n, ...}      wait first
  {"echo": "json" | "text" | "raw" | "header", "pad": n, ...}   the request's headers and body come back: as the reason of an
                            error, as text, in place of an HTTP answer, in headers; n bytes before them
A request that no rule matches is forwarded if there is --to, else it gets 404.
"""
import http.client
import http.server
import json
import re
import ssl
import threading
import time

from common import Double, Script, address, script_of

double = Double(__doc__, [("--script", {"type": script_of, "default": []}), ("--to", {"type": address}), ("--cert", {}), ("--key", {})])
rules = [(re.compile(r.get("method", "")), re.compile(r.get("path", "")), Script(r["answers"])) for r in double.args.script]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "double"

    def log_message(self, *_):
        pass

    def request_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                body += self.rfile.read(size)
                self.rfile.readline()
                if not size:
                    return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def forward(self, body):
        connection = http.client.HTTPConnection(*double.args.to, timeout=120)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "accept-encoding")}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in ("content-length", "transfer-encoding", "connection")}
        connection.close()
        return answer.status, kept, data

    def echo(self, how, body):
        text = "x" * how.get("pad", 0) + "".join("%s: %s; " % item for item in self.headers.items())
        if how["echo"] == "raw":
            return {"raw": text}
        if how["echo"] == "header":
            return {**how, "headers": {"Location": text, "WWW-Authenticate": text, "Retry-After": text}}
        body = text + body.decode("utf-8", "replace")
        return {**how, "body": {"error": {"type": "echo_exception", "reason": body}} if how["echo"] == "json" else body}

    def answer(self):
        body = self.request_body()
        double.saw(method=self.command, path=self.path, body=body[:100000].decode("utf-8", "replace"),
                   headers=dict(self.headers.items()))
        for method, path, script in rules:
            if method.search(self.command) and path.search(self.path):
                how = script.next()
                break
        else:
            how = {"forward": True} if double.args.to else {"status": 404, "body": {"error": "no rule"}}

        if "delay_ms" in how:
            time.sleep(how["delay_ms"] / 1000)
        if "echo" in how:
            how = self.echo(how, body)
        if how.get("hang"):
            threading.Event().wait()
        if "raw" in how:
            self.wfile.write(how["raw"].encode("latin-1"))
            self.close_connection = True
            return
        if how.get("forward"):
            if how.get("corrupt") and body:
                body = bytes([body[0] ^ 1]) + body[1:]
            status, headers, data = self.forward(body)
            if "replace" in how:
                data = re.sub(how["replace"][0].encode(), how["replace"][1].encode(), data)
        else:
            status = how.get("status", 200)
            headers = {"Content-Type": "application/json", "X-elastic-product": "Elasticsearch"}
            data = how.get("body", "")
            if not isinstance(data, str):
                data = json.dumps(data)
            data = data.encode("latin-1" if how.get("latin1") else "utf-8")
        headers.update(how.get("headers", {}))

        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "endless" in how:
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            chunk = how["endless"].encode() * max(1, 65536 // max(1, len(how["endless"])))
            sent = 0
            try:
                while True:
                    self.wfile.write(chunk)
                    sent += len(chunk)
            finally:
                double.saw(event="endless", bytes=sent)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if "cut" in how:
            self.wfile.write(data[:how["cut"]])
            self.close_connection = True
        elif "drip_ms" in how:
            for at in range(len(data)):
                self.wfile.write(data[at:at + 1])
                time.sleep(how["drip_ms"] / 1000)
        else:
            self.wfile.write(data)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass    # a client that goes away is what many tests are about


server = Server(("127.0.0.1", double.args.port), Handler)
if double.args.cert:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(double.args.cert, double.args.key)
    # The handshake belongs to the connection's own thread, or a client that refuses would stop the next one.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
double.ready(server.server_address[1])
server.serve_forever()
