"""Signs in at an identity provider, as browsers do, and in every way that must not work.

Arguments: what to try. Environment: PROVIDER (its issuer), PROVIDER_CA, PERSON, ADMINISTRATOR (addresses)."""
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from web_browser import ORIGIN, Browser, Forms

PROVIDER, PERSON = os.environ["PROVIDER"], os.environ["PERSON"]
BACK = "/sign-in/outside/idp/back"
TLS = ssl.create_default_context(cafile=os.environ["PROVIDER_CA"])
LI = {"sub": "li", "email": PERSON, "email_verified": True, "name": "Li Na"}


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


THERE = urllib.request.build_opener(urllib.request.HTTPSHandler(context=TLS), Stay)


def tell(foreign_key=False, thin=False, **claims):
    body = json.dumps({"claims": claims, "foreign_key": foreign_key, "thin": thin}).encode()
    headers = {"Content-Type": "application/json"}
    THERE.open(urllib.request.Request(f"{PROVIDER}/told", data=body, headers=headers), timeout=20)


def begin(browser, page="/sign-in", next_path="/account"):
    """From our page to the provider's; gives where that is."""
    status, _, text = browser.get(f"{page}?next=" + urllib.parse.quote(next_path, safe=""))
    assert status == 200 and "Company login" in text, (status, text)
    status, _, text = browser.post("/sign-in/outside/idp", Forms(text).form("/sign-in/outside/idp"))
    return status, Forms(text).refresh, text


def visit(location):
    """The provider lets through; gives the path that it sends the browser to."""
    try:
        THERE.open(location, timeout=20)
    except urllib.error.HTTPError as answer:
        assert answer.code == 302, (answer.code, answer.read())
        to = answer.headers["location"]
        assert to.startswith(f"{ORIGIN}{BACK}?"), to
        return to[len(ORIGIN):]
    raise AssertionError("no redirect")


def come_back(browser, path):
    """The browser, sent by another site, keeps its strict cookies back at first."""
    held = dict(browser.cookies)
    status, to, text = browser.get(path, site="cross-site")
    again = Forms(text).refresh
    assert status == 200 and again and browser.cookies == held, (status, text)
    return browser.get(again)


def sign_in(browser=None, next_path="/account", page="/sign-in"):
    browser = browser or Browser()
    status, location, text = begin(browser, page, next_path)
    assert status == 200 and location.startswith(f"{PROVIDER}/authorize?"), (status, text)
    status, to, text = come_back(browser, visit(location))
    return browser, status, to, text


def refused(status_wanted, words):
    browser, status, to, text = sign_in()
    assert status == status_wanted and words in text, (status, text)
    assert "__Host-session" not in browser.cookies and "__Host-outside" not in browser.cookies, browser.cookies
    assert browser.get("/account")[0] == 303
    return text


def works():
    tell(thin=True, **LI)
    assert sign_in()[2] == "/account", "named apart from the token"
    tell(**LI)
    browser, status, to, text = sign_in(next_path="/account?x=1")
    assert (status, to) == (303, "/account?x=1"), (status, to, text)
    assert browser.get("/account")[0] == 200
    assert PERSON in browser.get("/account")[2]
    # Known by subject from now on, whatever the address.
    tell(**{**LI, "email": "elsewhere@partner.example"})
    _, status, to, _ = sign_in()
    assert (status, to) == (303, "/account")
    # What the browser held before ends.
    held = browser.cookies["__Host-session"]
    tell(**LI)
    browser.cookies.pop("__Host-session")
    begun = begin(browser)[1]
    browser.cookies["__Host-session"] = held
    assert come_back(browser, visit(begun))[0] == 303
    planted = Browser()
    planted.cookies["__Host-session"] = held
    assert planted.get("/account")[0] == 303, "session fixation"


def attacks():
    tell(**LI)
    # No page of ours sent the form.
    assert Browser().post("/sign-in/outside/idp", {"next": "/account"}, site="cross-site")[0] == 403
    assert Browser().post("/sign-in/outside/other", {"next": "/account"})[0] == 404
    # Another browser brings the answer: signing somebody in as the attacker.
    path = visit(begin(Browser())[1])
    victim = Browser()
    status, _, text = come_back(victim, path)
    assert status == 401 and "__Host-session" not in victim.cookies, (status, text)
    begin(victim)
    assert come_back(victim, path)[0] == 401, "begun by another"
    # Another state.
    browser = Browser()
    path = visit(begin(browser)[1])
    query = dict(urllib.parse.parse_qsl(path.split("?", 1)[1]))
    wrong = f"{BACK}?" + urllib.parse.urlencode({**query, "state": "A" * 43})
    status, _, text = come_back(browser, wrong)
    assert status == 401 and "Begin again" in text, (status, text)
    # The same answer twice, and its code under another state.
    browser = Browser()
    path = visit(begin(browser)[1])
    held = dict(browser.cookies)
    assert come_back(browser, path)[0] == 303
    browser = Browser()
    browser.cookies = held
    status, _, text = come_back(browser, path)
    assert status == 401 and "Begin again" in text, (status, text)
    used = dict(urllib.parse.parse_qsl(path.split("?", 1)[1]))["code"]
    browser = Browser()
    fresh = dict(urllib.parse.parse_qsl(visit(begin(browser)[1]).split("?", 1)[1]))
    status, _, text = come_back(browser, f"{BACK}?" + urllib.parse.urlencode({**fresh, "code": used}))
    assert status == 503 and "__Host-session" not in browser.cookies, (status, text)
    # Another provider's answer (RFC 9207).
    browser = Browser()
    path = visit(begin(browser)[1])
    assert come_back(browser, f"{path}&iss=https%3A%2F%2Fevil.test")[0] == 503
    # The provider lets nobody through.
    browser = Browser()
    state = dict(urllib.parse.parse_qsl(begin(browser)[1].split("?", 1)[1]))["state"]
    status, _, text = come_back(browser, f"{BACK}?error=access_denied&state={state}")
    assert status == 401 and "did not let you through" in text, (status, text)
    # No way leads to another site.
    tell(**LI)
    assert sign_in(next_path="//evil.test")[2] == "/account"


def forged_tokens():
    now = int(time.time())
    for claims in (
        {"nonce": "another"}, {"aud": "another"}, {"aud": ["tradewind", "another"]}, {"iss": "https://evil.test"},
        {"exp": now - 3600, "iat": now - 7200}, {"exp": now - 120}, {"iat": now + 3600}, {"nonce": None},
    ):
        tell(**LI, **claims)
        text = refused(503, "does not work at the moment")
        assert "nonce" not in text and "aud" not in text, text
    tell(foreign_key=True, **LI)
    refused(503, "does not work at the moment")


def strangers():
    for claims in (
        {"sub": "new", "email": "nobody@trade.test"},
        {"sub": "new", "email": "li@elsewhere.example"},
        {"sub": "new", "email": PERSON, "email_verified": False},
        {"sub": "new", "email": PERSON, "email_verified": None},
        {"sub": "new", "email": PERSON},  # is linked with another subject
        {"sub": "boss", "email": os.environ["ADMINISTRATOR"]},
        {"sub": "new", "email": None},
        {"sub": None},
    ):
        tell(**{**LI, **claims})
        refused(503 if claims.get("sub", "") is None else 401, "Company login")


def gone():
    tell(**LI)
    refused(401, "nobody is let in by that")


def down():
    browser = Browser()
    status, location, text = begin(browser)
    assert status == 503 and location is None and "does not work at the moment" in text, (status, text)
    assert "127.0.0.1" not in text, "nothing of the cause"
    assert "__Host-session" not in browser.cookies


def factors():
    """The level asks for a second factor; the provider's word for one counts as the settings say."""
    tell(**LI)
    browser, status, to, _ = sign_in()
    assert (status, to.split("?")[0]) == (303, "/sign-in/enrol"), "no more than a password"
    assert browser.get("/account")[0] == 303
    for said in ({"amr": ["sms"]}, {"acr": "gold"}, {"amr": ["mfa"], "auth_time": int(time.time()) - 86_400}):
        tell(**LI, **said)
        assert sign_in()[2].split("?")[0] == "/sign-in/enrol", said
    tell(**LI, amr=["pwd", "mfa"])
    browser, status, to, text = sign_in()
    assert (status, to) == (303, "/account"), (status, to, text)
    session = json.loads(browser.get("/api/session")[2])
    assert session["state"] == "signed-in" and session["strong_at"], session
    # Long ago there: it goes on, and what is sensitive asks the provider anew.
    tell(**LI, amr=["pwd", "mfa"], auth_time=int(time.time()) - 7_200)
    browser, _, to, _ = sign_in()
    assert to == "/account"
    assert json.loads(browser.get("/api/session")[2])["strong_at"] < session["strong_at"]
    browser, status, to, text = sign_in(browser, page="/sign-in/factor")
    assert status == 503, "the provider has not asked anew"
    tell(**LI, amr=["pwd", "mfa"])
    browser, status, to, text = sign_in(browser, page="/sign-in/factor")
    assert (status, to) == (303, "/account"), (status, text)
    assert json.loads(browser.get("/api/session")[2])["strong_at"] >= session["strong_at"]


for name in sys.argv[1:]:
    {one.__name__: one for one in (works, attacks, forged_tokens, strangers, gone, down, factors)}[name]()
