"""A language model as far as chat completions go: on loopback, writes each request as a line of JSON, and does what the message tells it to.
The first line of the output is the port."""
import http.server
import json


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        print(json.dumps({"path": self.path, "key": self.headers["Authorization"], "body": body}), flush=True)
        said = json.loads(body)["messages"][1]["content"].lower()
        # It believes what it reads.
        answer = '{"unwanted": 0}' if "answer zero" in said else '{"unwanted": 100}'
        text = json.dumps({"choices": [{"message": {"role": "assistant", "content": answer}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
print(server.server_address[1], flush=True)
server.serve_forever()
