#!/usr/bin/env bash
# boto3 1.44.8: `put_object` returns normally if the server is no S3 and answers 2xx without a body, such as a proxy or an endpoint with a
# typo; a body is an error. Only the ETag is missing, which every S3 sends. Without a check of it, a file counts as stored that is nowhere.
#
# Output seen on 2026-11-30:
#   a page            -> error 500
#   a text            -> error 500
#   an empty response -> no error, ETag: None
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check boto3==1.44.8

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    text = b""

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.text)))
        self.end_headers()
        self.wfile.write(self.text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
Thread(target=server.serve_forever, daemon=True).start()
session = boto3.Session("key", "value", region_name="us-east-1")
config = Config(retries={"mode": "standard", "total_max_attempts": 1})
client = session.client("s3", endpoint_url=f"http://127.0.0.1:{server.server_port}", config=config)
for name, Handler.text in (("a page", b"<html>Welcome!"), ("a text", b"Welcome!"), ("an empty response", b"")):
    try:
        outcome = f"no error, ETag: {client.put_object(Bucket='media', Key='file', Body=b'content').get('ETag')}"
    except ClientError as error:
        outcome = f"error {error.response['Error']['Code']}"
    print(f"{name:17} -> {outcome}")
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'SEEN'
a page            -> error 500
a text            -> error 500
an empty response -> no error, ETag: None
SEEN
