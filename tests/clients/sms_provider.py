"""A provider of SMS: takes messages over HTTPS on loopback, writes each request as a line of JSON. Arguments: certificate, key, form of the answer.
The first line of the output is the port."""
import http.server
import json
import ssl
import sys

certificate, key, provider = sys.argv[1:]
ANSWERS = {
    "aliyun": (200, {"Code": "OK", "Message": "OK", "BizId": "1"}),
    "tencent": (200, {"Response": {"SendStatusSet": [{"Code": "Ok", "Message": "send success"}]}}),
    "twilio": (201, {"sid": "SM1", "status": "queued", "error_code": None}),
}


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = [(name.lower(), value) for name, value in self.headers.items()]
        host = self.headers["Host"]
        print(json.dumps({"host": host, "path": self.path, "headers": headers, "body": body}), flush=True)
        status, answer = ANSWERS[provider]
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
