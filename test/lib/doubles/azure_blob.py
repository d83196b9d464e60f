"""What does Azure Blob Storage answer, as far as stores need it?  Each request's signature is checked.

azure_blob.py --account NAME --key BASE64 [--sas TOKEN] [--old 1]    PUT blob, PUT block, PUT block list, GET, DELETE, LIST; any container "box"
--old 1: it knows no x-ms-content-crc64, as Azurite did not
"""
import array
import base64
import hashlib
import hmac
import http.server
import re
import urllib.parse
from xml.sax.saxutils import escape

from common import Double

double = Double(__doc__, [("--account", {"default": "devacct"}), ("--key", {"required": True}), ("--sas", {"default": ""}), ("--old", {"default": ""})])
blobs = {}
blocks = {}


def signature(command, path, headers):
    """By the rules of "Authorize with Shared Key", written without a look at ours."""
    parsed = urllib.parse.urlsplit(path)
    get = lambda name: headers.get(name) or ""
    length = get("Content-Length")
    standard = [command, get("Content-Encoding"), get("Content-Language"), "" if length == "0" else length, get("Content-MD5"),
                get("Content-Type"), get("Date"), get("If-Modified-Since"), get("If-Match"), get("If-None-Match"),
                get("If-Unmodified-Since"), get("Range")]
    ms = sorted((k.lower().strip(), v.strip()) for k, v in headers.items() if k.lower().startswith("x-ms-"))
    resource = "/%s%s" % (double.args.account, parsed.path)
    query = {}
    for k, v in urllib.parse.parse_qsl(parsed.query, keep_blank_values=True):
        query.setdefault(k.lower(), []).append(v)
    for k in sorted(query):
        resource += "\n%s:%s" % (k, ",".join(sorted(query[k])))
    text = "\n".join(standard) + "\n" + "".join("%s:%s\n" % item for item in ms) + resource
    digest = hmac.new(base64.b64decode(double.args.key), text.encode(), hashlib.sha256).digest()
    return "SharedKey %s:%s" % (double.args.account, base64.b64encode(digest).decode())


def crc64(data):
    """CRC-64/NVME, two bytes at a time."""
    crc = 0xffffffffffffffff
    table = crc_table
    for word in array.array("H", data[:len(data) & ~1]):
        crc = table[(crc ^ word) & 0xffff] ^ (crc >> 16)
    if len(data) & 1:
        crc = byte_table[(crc ^ data[-1]) & 0xff] ^ (crc >> 8)
    return base64.b64encode((crc ^ 0xffffffffffffffff).to_bytes(8, "little")).decode()


def shifted(value, bits):
    for _ in range(bits):
        value = value >> 1 ^ (0x9a6c9329ac4bc9b5 if value & 1 else 0)
    return value


crc_table = [shifted(i, 16) for i in range(65536)]
byte_table = [shifted(i, 8) for i in range(256)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", code=None):
        if code:
            body = ('<?xml version="1.0" encoding="utf-8"?><Error><Code>%s</Code><Message>no</Message></Error>' % code).encode()
        self.send_response(status)
        if code:
            self.send_header("x-ms-error-code", code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def listing(self, query):
        lengths = lambda n: "<Properties><Content-Length>%d</Content-Length><BlobType>BlockBlob</BlobType></Properties>" % len(blobs[n])
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
        marker = query.get("marker", "")
        names = sorted(n for n in blobs if n.startswith(prefix))
        folders = sorted({prefix + n[len(prefix):].split(delimiter)[0] + delimiter for n in names if delimiter in n[len(prefix):]}) if delimiter else []
        if delimiter:
            names = [n for n in names if delimiter not in n[len(prefix):]]
        both = [(n, "BlobPrefix") for n in folders] + [(n, "Blob") for n in names]
        rest = [b for b in both if b[0] > marker]
        page = rest[:2]    # pages of two, so that paging is tested
        text = "".join("<%s><Name>%s</Name>%s</%s>" % (tag, escape(n), lengths(n) if tag == "Blob" else "", tag) for n, tag in page)
        following = page[-1][0] if len(rest) > 2 else ""
        return ("<EnumerationResults><Blobs>%s</Blobs><NextMarker>%s</NextMarker></EnumerationResults>" % (text, escape(following))).encode()

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parsed = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parsed.query, keep_blank_values=True))
        double.saw(method=self.command, path=self.path, headers=dict(self.headers.items()))
        if double.args.sas:
            if not self.path.endswith(double.args.sas) or self.headers.get("Authorization"):
                return self.reply(403, code="AuthenticationFailed")
        elif self.headers.get("Authorization") != signature(self.command, self.path, self.headers):
            return self.reply(403, code="AuthenticationFailed")
        checksum = self.headers.get("x-ms-content-crc64")
        if checksum and double.args.old:
            return self.reply(500, code="FeatureNotSupported")
        if checksum and checksum != crc64(body):
            return self.reply(400, code="Crc64Mismatch")
        parts = urllib.parse.unquote(parsed.path).split("/", 2)
        if parts[1] != "box":
            return self.reply(404, code="ContainerNotFound")
        name = parts[2] if len(parts) > 2 else None
        if query.get("comp") == "list":
            return self.reply(200, self.listing(query))
        if self.command == "PUT" and query.get("comp") == "block":
            blocks[name, query["blockid"]] = body
            return self.reply(201)
        if self.command == "PUT" and query.get("comp") == "blocklist":
            ids = re.findall("<Latest>(.*?)</Latest>", body.decode())
            if any((name, i) not in blocks for i in ids):
                return self.reply(400, code="InvalidBlockList")
            blobs[name] = b"".join(blocks.pop((name, i)) for i in ids)
            return self.reply(201)
        if self.command == "PUT":
            if self.headers.get("x-ms-blob-type") != "BlockBlob":
                return self.reply(400, code="MissingRequiredHeader")
            blobs[name] = body
            return self.reply(201)
        if name not in blobs:
            return self.reply(404, code="BlobNotFound")
        if self.command == "DELETE":
            del blobs[name]
            return self.reply(202)
        data = blobs[name]
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        if not asked:
            return self.reply(200, data)
        first, last = (int(n) for n in asked.groups())
        if first >= len(data):
            return self.reply(416, code="InvalidRange")
        self.reply(206, data[first:last + 1])

    do_GET = do_PUT = do_DELETE = answer


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", double.args.port), Handler)
double.ready(server.server_address[1])
server.serve_forever()
