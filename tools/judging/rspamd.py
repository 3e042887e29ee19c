#!/usr/bin/env python3
"""Processor time and scores of Rspamd without network, for the comparison in docs/benchmarks.md:

    python3 tools/judging/rspamd.py LIST > scores.tsv

LIST names a message a line. A worker is started on loopback with a copy of /etc/rspamd in which everything that asks the
network or Redis is off, and ended by its process identifier.
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ASKING = ["rbl", "surbl", "dkim", "spf", "dmarc", "arc", "asn", "fuzzy_check", "greylist", "ratelimit", "replies", "neural",
          "redis", "history_redis", "mx_check", "phishing", "url_redirector", "antivirus", "external_services", "reputation",
          "elastic", "clickhouse", "metadata_exporter", "known_senders", "bayes_expiry", "dkim_signing", "ip_score"]


def configured(folder: pathlib.Path, port: int) -> pathlib.Path:
    etc = folder / "etc"
    shutil.copytree("/etc/rspamd", etc)
    local = etc / "local.d"
    local.mkdir(exist_ok=True)
    for name in ASKING:
        (local / f"{name}.conf").write_text("enabled = false;\n")
    (local / "options.inc").write_text('dns { nameserver = ["127.0.0.1:9"]; timeout = 0.05s; retransmits = 1; }\n'
                                       'local_addrs = []; task_timeout = 30s;\n')
    (local / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{port}"; count = 1; max_tasks = 1;\n')
    (local / "worker-controller.inc").write_text(f'bind_socket = "127.0.0.1:{port + 1}";\n')
    (local / "worker-proxy.inc").write_text("enabled = false; count = 0;\n")
    (local / "worker-fuzzy.inc").write_text("enabled = false; count = 0;\n")
    (local / "logging.inc").write_text(f'type = "file"; filename = "{folder}/log"; level = "error";\n')
    return etc


def seconds(process: int) -> float:
    """Processor time of the workers that a process started; not of the one that prepares its patterns."""
    total = 0.0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            cells = stat.read_text().rsplit(")", 1)[1].split()
            is_worker = b"normal" in (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(cells[1]) == process and is_worker:
            total += (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")
    return total


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("name a file with a path a line")
    paths = pathlib.Path(sys.argv[1]).read_text().split()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rspamd-compare-"))
    folder.chmod(0o777)
    etc = configured(folder, port)
    variables = [f"--var={name}={value}" for name, value in
                 [("CONFDIR", etc), ("LOCAL_CONFDIR", etc), ("DBDIR", folder), ("RUNDIR", folder), ("LOGDIR", folder)]]
    server = subprocess.Popen(["rspamd", "--no-fork", "--insecure", "-c", str(etc / "rspamd.conf"), *variables],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(1200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        begin, clock = seconds(server.pid), time.monotonic()
        for path in paths:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/checkv2", body=pathlib.Path(path).read_bytes())
            answer = json.loads(connection.getresponse().read())
            connection.close()
            print(path, answer.get("score"), sep="\t")
        spent = seconds(server.pid) - begin
        print(f"{len(paths)} messages: {spent * 1000 / len(paths):.2f} ms of processor each, "
              f"{time.monotonic() - clock:.1f} s by the clock", file=sys.stderr)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
