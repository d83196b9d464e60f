"""What if a Milvus hangs, is overloaded, or answers garbage?

grpc_server.py --script JSON [--to HOST:PORT] [--max-receive BYTES] [--cert FILE --key FILE]
JSON: {METHOD or "*": [ANSWER...]}; METHOD as in Milvus (Insert).  A method without a rule is forwarded to the real Milvus
--to if there is one, else it is UNIMPLEMENTED.  ANSWER, in order, the last one for ever, "times": n repeats it:
  {"forward": true}                         ask the real Milvus
  {"hang": true}                            never answer
  {"status": 14, "details": TEXT}           end with this gRPC status
  {"milvus": {"code": 8, "error_code": 49, "reason": TEXT, "retriable": true}}
                                            a normal answer whose Milvus Status says this
  {"hex": "ff00..."}                        these bytes as the answer's message
  {"after": true, ...}                      let the real Milvus do it first, then answer so (it did happen, the client can't know)
  {"delay_ms": n, ...}                      wait first
  {"echo": true, "pad": n, ...}             with status or milvus: the request's metadata as details or reason, after n bytes
What it saw of a method that has rules has the message in hex.
--max-receive: larger messages are RESOURCE_EXHAUSTED, as the gRPC library does it.  --cert, --key: TLS with just that certificate.
"""
import threading
import time
from concurrent import futures

import grpc

from common import Double, Script, script_of

double = Double(__doc__, [
    ("--script", {"type": script_of, "default": {}}),
    ("--to", {}),
    ("--max-receive", {"type": int, "default": -1}),
    ("--cert", {}),
    ("--key", {}),
])
rules = {method: Script(answers) for method, answers in double.args.script.items()}
big = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
real = grpc.insecure_channel(double.args.to, options=big) if double.args.to else None

# Methods that answer a bare Status; in all others it is field 1.
BARE = {"CreateCollection", "DropCollection", "LoadCollection", "ReleaseCollection", "CreatePartition", "DropPartition",
        "LoadPartitions", "ReleasePartitions", "CreateIndex", "DropIndex", "CreateAlias", "DropAlias", "AlterAlias",
        "AlterCollection", "RenameCollection", "CreateDatabase", "DropDatabase", "CreateCredential", "DeleteCredential",
        "UpdateCredential", "CreateRole", "DropRole", "OperateUserRole", "OperatePrivilege"}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def status_message(method, s):
    reason = s.get("reason", "").encode()
    message = (b"\x08" + varint(s.get("error_code", 0)) + b"\x12" + varint(len(reason)) + reason
               + b"\x18" + varint(s.get("code", 0)) + b"\x20" + varint(int(s.get("retriable", False))))
    return message if method in BARE else b"\x0a" + varint(len(message)) + message


def forward(path, message, context):
    keep = [(k, v) for k, v in context.invocation_metadata()
            if not k.startswith(("grpc-", ":")) and k not in ("user-agent", "te", "content-type")]
    return real.unary_unary(path)(message, metadata=keep, timeout=120)


def handle(path, message, context):
    method = path.rpartition("/")[2]
    shown = {"message": message.hex()} if method in rules and len(message) < 65536 else {}
    double.saw(method=method, bytes=len(message), deadline=context.time_remaining(),
               metadata=[[k, v] for k, v in context.invocation_metadata() if isinstance(v, str)], **shown)
    script = rules.get(method) or rules.get("*")
    how = script.next() if script else {"forward": True} if real else {"status": 12, "details": "no rule for " + method}
    if "delay_ms" in how:
        time.sleep(how["delay_ms"] / 1000)
    if how.get("hang"):
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait()
        double.saw(method=method, event="client gone")
        return b""
    try:
        if how.get("forward"):
            return forward(path, message, context)
        if how.get("after"):
            forward(path, message, context)
    except grpc.RpcError as error:
        context.abort(error.code(), error.details())
    if how.get("echo"):
        text = "x" * how.get("pad", 0) + "; ".join("%s: %s" % (k, v) for k, v in reversed(context.invocation_metadata()) if isinstance(v, str))
        how = {**how, "details": text}
        if "milvus" in how:
            how["milvus"] = {**how["milvus"], "reason": text}
    if "status" in how:
        code = next(c for c in grpc.StatusCode if c.value[0] == how["status"])
        context.abort(code, how.get("details", "as the script says"))
    if "milvus" in how:
        return status_message(method, how["milvus"])
    return bytes.fromhex(how["hex"])


class AnyMethod(grpc.GenericRpcHandler):
    def service(self, call):
        path = call.method
        return grpc.unary_unary_rpc_method_handler(lambda message, context: handle(path, message, context))


server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), handlers=[AnyMethod()], options=[
    ("grpc.max_receive_message_length", double.args.max_receive), ("grpc.max_send_message_length", -1)])
where = "127.0.0.1:%d" % double.args.port
if double.args.cert:
    def read(path):
        return open(path, "rb").read()
    port = server.add_secure_port(where, grpc.ssl_server_credentials([(read(double.args.key), read(double.args.cert))]))
else:
    port = server.add_insecure_port(where)
server.start()
double.ready(port)
server.wait_for_termination()
