"""Is a server usable now?  Exit status 0 if so.

probe.py elasticsearch URL [--password P] [--ca FILE] [--cert FILE --key FILE]
probe.py milvus HOST:PORT [--ca FILE] [--cert FILE --key FILE]
"""
import argparse
import base64
import ssl
import sys
import urllib.request

options = argparse.ArgumentParser()
options.add_argument("kind", choices=["elasticsearch", "milvus"])
options.add_argument("where")
for name in ("password", "ca", "cert", "key"):
    options.add_argument("--" + name)
args = options.parse_args()


def elasticsearch():
    context = ssl.create_default_context(cafile=args.ca) if args.ca else None
    if args.cert:
        context.load_cert_chain(args.cert, args.key)

    def get(path):
        request = urllib.request.Request(args.where + path)
        if args.password:
            token = base64.b64encode(b"elastic:" + args.password.encode()).decode()
            request.add_header("Authorization", "Basic " + token)
        urllib.request.urlopen(request, timeout=5, context=context).read()

    # Just after its first start a node refuses even the right password for a moment.
    if args.password:
        get("/_security/_authenticate")
    get("/_cluster/health?wait_for_status=yellow&timeout=3s")
    return True


def varints(data):
    """The varint fields of one protobuf message, as {number: value}."""
    at, found = 0, {}

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        kind = tag & 7
        if kind == 0:
            found[tag >> 3] = varint()
        elif kind == 2:
            size = varint()
            at += size
        else:
            at += 8 if kind == 1 else 4
    return found


def milvus():
    import grpc

    def read(path):
        return open(path, "rb").read() if path else None

    if args.ca:
        channel = grpc.secure_channel(
            args.where, grpc.ssl_channel_credentials(read(args.ca), read(args.key), read(args.cert)))
    else:
        channel = grpc.insecure_channel(args.where)
    # /healthz says OK before the server can answer a query; isHealthy (field 2) does not.
    check = channel.unary_unary("/milvus.proto.milvus.MilvusService/CheckHealth")
    token = base64.b64encode(b"root:Milvus").decode()
    answer = check(b"", timeout=5, metadata=(("authorization", token),))
    return varints(answer).get(2) == 1


try:
    sys.exit(0 if globals()[args.kind]() else 1)
except Exception as error:
    print(error, file=sys.stderr)
    sys.exit(1)
