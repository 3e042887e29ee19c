"""A browser without script, as far as signing in needs one: cookies, forms, redirects, and the headers that browsers send."""
import html.parser
import http.client
import os
import socket
import ssl
import urllib.parse

HOST = os.environ["WEB_HOST"]
PORT = int(os.environ["WEB_PORT"])
ORIGIN = f"https://{HOST}:{PORT}"
CONTEXT = ssl.create_default_context(cafile=os.environ["IMAP_CA"])

# The server's own name leads to this machine.
_resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: _resolve("127.0.0.1" if host == HOST else host, *rest, **more)


class Forms(html.parser.HTMLParser):
    """The forms of a page: where they lead, and their fields as they stand."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.text, self.refresh = [], text, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append((attributes["action"], {}))
        elif tag == "input" and self.forms:
            self.forms[-1][1][attributes["name"]] = attributes.get("value", "")
        elif tag == "meta" and attributes.get("http-equiv") == "refresh":
            self.refresh = attributes["content"].split("url=", 1)[1]

    def form(self, action, **wanted):
        for to, fields in self.forms:
            if to == action and all(fields.get(name) == value for name, value in wanted.items()):
                return dict(fields)
        raise AssertionError(f"no form {action} {wanted} in {self.text}")


class Browser:
    def __init__(self, agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"):
        self.cookies, self.agent, self.header = {}, agent, {}

    def request(self, method, path, fields=None, site="same-origin", body=None, headers=None):
        connection = http.client.HTTPSConnection(HOST, PORT, context=CONTEXT, timeout=20)
        sent = {"User-Agent": self.agent, "Accept-Language": "en", "Sec-Fetch-Site": site}
        if self.cookies and site != "cross-site":
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if fields is not None:
            body = urllib.parse.urlencode(fields)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            sent["Origin"] = ORIGIN if site == "same-origin" else "https://evil.test"
        sent.update(headers or {})
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.keep(value)
        connection.close()
        self.header = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, self.header.get("location"), text

    def keep(self, line):
        pair, *attributes = [part.strip() for part in line.split(";")]
        name, value = pair.split("=", 1)
        assert name.startswith("__Host-"), line
        for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert attribute in attributes, line
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, fields, **more):
        return self.request("POST", path, fields, **more)

    def sign_in(self, login, password, next_path="/account"):
        status, _, text = self.get("/sign-in?next=" + urllib.parse.quote(next_path, safe=""))
        # Whoever is signed in already is led on, and may sign in anew all the same.
        fields = Forms(text).form("/sign-in") if status == 200 else {"next": next_path}
        fields.update(login=login, password=password)
        return self.post("/sign-in", fields)
