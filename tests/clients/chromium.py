"""Chromium, driven by the DevTools protocol over a pipe, with the server's host name led to loopback."""
import json
import os
import select
import subprocess
import time

HOST, PORT = os.environ["WEB_HOST"], os.environ["WEB_PORT"]
ORIGIN = f"https://{HOST}:{PORT}"


class Chromium:
    def __init__(self, profile):
        to_browser, self.write = os.pipe()
        self.read, from_browser = os.pipe()

        def place():
            # First out of the way: either end may be 3 or 4 itself.
            one, two = os.dup(to_browser), os.dup(from_browser)
            os.dup2(one, 3)
            os.dup2(two, 4)

        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--remote-debugging-pipe", f"--user-data-dir={profile}", "--ignore-certificate-errors",
                   f"--host-resolver-rules=MAP {HOST} 127.0.0.1", "about:blank"]
        self.process = subprocess.Popen(command, preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL,
                                        stderr=open(os.path.join(profile, "log"), "w"))
        os.close(to_browser)
        os.close(from_browser)
        self.number, self.buffer, self.session = 0, b"", None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + 60
        while True:
            while b"\0" not in self.buffer:
                ready = select.select([self.read], [], [], until - time.monotonic())[0]
                assert ready, f"no answer to {method}"
                more = os.read(self.read, 65536)
                assert more, "Chromium has gone"
                self.buffer += more
            text, self.buffer = self.buffer.split(b"\0", 1)
            answer = json.loads(text)
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer)
                return answer["result"]

    def run(self, script):
        told = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, script, what):
        until = time.monotonic() + 40
        while time.monotonic() < until:
            try:
                value = self.run(script)
            except AssertionError:
                # Between two pages.
                value = None
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"waited for {what} at {self.run('location.href')}: {self.run('document.body.innerText')}")

    def open(self, path):
        self.ask("Page.navigate", url=ORIGIN + path)
        self.wait(f"location.href.startsWith('{ORIGIN}') && document.readyState === 'complete'", path)

    def at(self, path):
        self.wait(f"location.pathname === '{path}' && document.readyState === 'complete'", path)

    def submit(self, form, **fields):
        for name, value in fields.items():
            self.run(f"document.querySelector({json.dumps(form)}).elements[{json.dumps(name)}].value = {json.dumps(value)}")
        self.run(f"document.querySelector({json.dumps(form)}).requestSubmit()")
