"""Takes metrics by OTLP over HTTP, and reads them by the protocol's own definitions.

Usage: receiver.py. Prints the port, then for each request one line of JSON: each metric's name with
its unit and the value of its first point (of a histogram its count, and the sum of its buckets). What
the definitions do not know is refused: the request is answered with 400 and the reason is printed.
"""

import gzip
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)


def read(metric):
    kind = metric.WhichOneof("data")
    point = getattr(metric, kind).data_points[0]
    if kind == "histogram":
        value = [point.count, sum(point.bucket_counts), len(point.explicit_bounds)]
    else:
        value = getattr(point, point.WhichOneof("value"))
    labels = {label.key: label.value.string_value for label in point.attributes}
    return {"kind": kind, "unit": metric.unit, "value": value, "labels": labels}


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        try:
            if self.path != "/v1/metrics":
                raise DecodeError(f"no metrics at {self.path}")
            if self.headers["Content-Type"] != "application/x-protobuf":
                raise DecodeError("no protocol buffers")
            request = ExportMetricsServiceRequest.FromString(body)
            scopes = [s for r in request.resource_metrics for s in r.scope_metrics]
            found = {m.name: read(m) for s in scopes for m in s.metrics}
            status = 200
        except DecodeError as error:
            found, status = {"refused": str(error)}, 400
        print(json.dumps(found), flush=True)
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *words):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
