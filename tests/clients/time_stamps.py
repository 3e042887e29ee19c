"""An authority of time stamps (RFC 3161) on loopback, made of Debian's openssl. Argument: a directory for its files, of which `ca.pem` is
what its stamps are believed by. The first line of the output is the port."""
import http.server
import os
import subprocess
import sys

os.chdir(sys.argv[1])
with open("tsa.cnf", "w") as file:
    file.write("""
[tsa]
default_tsa = own
[own]
serial = serial
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ordering = yes
ess_cert_id_alg = sha256
[stamps]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
""")
with open("serial", "w") as file:
    file.write("01\n")


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
openssl("req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Authority", "-days", "30")
openssl("req", *KEY, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Time stamps")
openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
        "-extfile", "tsa.cnf", "-extensions", "stamps", "-out", "tsa.pem")


class Authority(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open("query.tsq", "wb") as query:
            query.write(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "answer.tsr")
        with open("answer.tsr", "rb") as answer:
            octets = answer.read()
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Authority)
print(server.server_port, flush=True)
server.serve_forever()
