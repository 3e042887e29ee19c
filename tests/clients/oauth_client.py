"""Signs in on the web, connects a mail program by OAuth, and gets and sends mail with XOAUTH2 and OAUTHBEARER. Then attacks.

Written from RFC 6749, 7636, 8252, 8628, 9207 and 7628 with the standard library alone. Arguments: port of submissions, recipient."""
import base64
import hashlib
import http.client
import imaplib
import json
import os
import secrets
import smtplib
import sys
import time
import urllib.parse

from web_browser import CONTEXT, HOST, ORIGIN, PORT, Browser, Forms

submissions, recipient = int(sys.argv[1]), sys.argv[2]
user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]
imaps = int(os.environ["IMAP_PORT"])
BACK = "http://127.0.0.1:49152/"
SCOPE = "openid email imap smtp offline_access"


def call(path, fields, headers=None):
    connection = http.client.HTTPSConnection(HOST, PORT, context=CONTEXT, timeout=20)
    sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
    connection.request("POST", path, urllib.parse.urlencode(fields), sent)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"{}")


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def request(verifier, **changes):
    wanted = {
        "response_type": "code", "client_id": "mail-program", "redirect_uri": BACK, "scope": SCOPE,
        "state": secrets.token_hex(8), "code_challenge": challenge_of(verifier), "code_challenge_method": "S256",
    }
    wanted.update(changes)
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return wanted, "/oauth/authorize?" + urllib.parse.urlencode(wanted)


def allow(browser, verifier, decision="allow"):
    wanted, path = request(verifier)
    status, _, text = browser.get(path, site="none")
    assert status == 200, (status, text)
    policy = browser.header["content-security-policy"]
    assert "default-src 'none'" in policy and "form-action 'self' http://127.0.0.1:49152" in policy, policy
    fields = Forms(text).form("/oauth/authorize", decision=decision)
    status, to, text = browser.post("/oauth/authorize", fields)
    assert status == 303 and to.startswith(BACK), (status, to, text)
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(to).query))
    assert back["state"] == wanted["state"] and back["iss"] == ORIGIN, back
    return back


def exchange(code, verifier, **changes):
    fields = {
        "grant_type": "authorization_code", "client_id": "mail-program", "code": code, "redirect_uri": BACK,
        "code_verifier": verifier,
    }
    fields.update(changes)
    return call("/oauth/token", fields)


def tokens(browser):
    verifier = secrets.token_urlsafe(48)
    status, issued = exchange(allow(browser, verifier)["code"], verifier)
    assert status == 200, issued
    return issued


def read_mail(token, mechanism="XOAUTH2", name=user):
    session = imaplib.IMAP4_SSL("localhost", imaps, ssl_context=CONTEXT)
    message = f"user={name}\x01auth=Bearer {token}\x01\x01"
    if mechanism == "OAUTHBEARER":
        message = f"n,a={name},\x01host=localhost\x01port={imaps}\x01auth=Bearer {token}\x01\x01"
    answers = [message.encode(), b"\x01"]
    session.authenticate(mechanism, lambda _: answers.pop(0))
    return session


def refused_mail(token, **more):
    try:
        read_mail(token, **more).logout()
    except imaplib.IMAP4.error as error:
        return str(error)
    raise AssertionError("the token was taken")


def send_mail(token):
    session = smtplib.SMTP_SSL("localhost", submissions, context=CONTEXT)
    session.ehlo()
    assert {"XOAUTH2", "OAUTHBEARER"} <= set(session.esmtp_features["auth"].split()), session.esmtp_features
    message = base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode()
    code, answer = session.docmd("AUTH", f"XOAUTH2 {message}")
    assert code == 235, answer
    session.sendmail(user, [recipient], f"From: {user}\r\nTo: {recipient}\r\nSubject: by token\r\n\r\nGood day.\r\n")
    session.quit()


def signs_in_and_out():
    browser = Browser()
    status, to, _ = browser.get("/account")
    assert (status, to) == (303, "/sign-in")
    status, _, text = browser.sign_in(user, "wrong")
    assert status == 401 and "wrong" in text, text
    nobody = browser.sign_in("nobody@trade.test", "wrong")
    assert nobody[0] == 401 and nobody[2].replace("nobody@trade.test", user) == text, "the answers tell who exists"
    # Session fixation: a planted cookie is never taken up.
    browser.cookies["__Host-session"] = planted = secrets.token_urlsafe(32)
    status, to, text = browser.sign_in(user, password)
    assert (status, to) == (303, "/account"), text
    token = browser.cookies["__Host-session"]
    assert token != planted
    attacker = Browser()
    attacker.cookies["__Host-session"] = planted
    assert attacker.get("/account")[0] == 303
    # A session that was there before ends with the next sign-in.
    assert browser.sign_in(user, password)[0] == 303
    assert browser.cookies["__Host-session"] != token
    attacker.cookies["__Host-session"] = token
    assert attacker.get("/account")[0] == 303
    status, _, text = browser.get("/account")
    assert status == 200 and user in text and "<script" not in text, text
    assert browser.header["cache-control"] == "no-store"
    # Another browser with a stolen cookie ends the session for both.
    thief = Browser(agent="curl/8.5.0")
    thief.cookies = dict(browser.cookies)
    assert thief.get("/account")[0] == 303
    assert browser.get("/account")[0] == 303
    browser.sign_in(user, password)
    # Requests that none of our pages sent change nothing.
    assert browser.post("/sign-out", {}, site="cross-site")[0] == 403
    form = Forms(browser.get("/account")[2]).form("/account/sessions-end-others")
    assert browser.post("/account/sessions-end-others", {**form, "form_token": "x"})[0] == 403
    assert browser.post("/sign-in", {"login": user, "password": password}, site="cross-site")[0] == 403
    for path in ("//evil.test", "https://evil.test/", "/\\evil.test"):
        other = Browser()
        assert other.sign_in(user, password, next_path=path)[1] == "/account"
    assert browser.post("/sign-out", {})[0] == 303
    assert browser.get("/account")[0] == 303


def programs_sign_in_by_json():
    browser = Browser()
    headers = {"Content-Type": "application/json"}

    def ask(path, body):
        status, _, text = browser.request("POST", path, body=json.dumps(body), headers=headers)
        return status, json.loads(text)

    assert ask("/api/sign-in", {"login": user, "password": "wrong"})[0] == 401
    status, answer = ask("/api/sign-in", {"login": user, "password": password})
    assert (status, answer) == (200, {"state": "signed-in"}), answer
    told = json.loads(browser.get("/api/session")[2])
    assert told["address"] == user, told
    assert ask("/api/sign-out", {}) == (200, {"state": "signed-out"})
    assert json.loads(browser.get("/api/session")[2]) == {"state": "signed-out"}


def a_mail_program_is_connected(browser):
    verifier = secrets.token_urlsafe(48)
    # Whoever is not signed in is asked to, and comes back.
    stranger = Browser()
    wanted, path = request(verifier)
    status, to, _ = stranger.get(path, site="none")
    assert status == 303 and to.startswith("/sign-in?next="), to
    next_path = urllib.parse.unquote(to.split("next=", 1)[1])
    status, to, _ = stranger.sign_in(user, password, next_path=next_path)
    assert status == 303 and to.startswith("/oauth/authorize?"), to
    assert "Mail program" in stranger.get(to)[2]
    # A site that sends the browser gets no cookie along; one step of our own brings it.
    status, _, text = stranger.get(path, site="cross-site")
    assert status == 200 and Forms(text).refresh.startswith("/oauth/authorize?"), text
    assert "Mail program" in stranger.get(Forms(text).refresh)[2]

    issued = tokens(browser)
    assert issued["token_type"] == "Bearer" and "id_token" in issued, issued
    for mechanism in ("XOAUTH2", "OAUTHBEARER"):
        session = read_mail(issued["access_token"], mechanism)
        assert session.select("INBOX")[0] == "OK"
        session.logout()
    send_mail(issued["access_token"])
    refused_mail(issued["access_token"], name=recipient)
    refused_mail("nonsense")
    refused_mail("nonsense", mechanism="OAUTHBEARER")
    status, told = call("/oauth/introspect", {"client_id": "mail-program", "token": issued["access_token"]})
    assert status == 200 and told["active"] and told["username"] == user, told
    status, told = call("/oauth/introspect", {"client_id": "thunderbird", "token": issued["access_token"]})
    assert told == {"active": False}, told
    # Refused consent leads back with an error.
    assert allow(browser, verifier, "deny")["error"] == "access_denied"


def codes_and_tokens_are_good_once(browser):
    verifier = secrets.token_urlsafe(48)
    code = allow(browser, verifier)["code"]
    status, issued = exchange(code, verifier)
    assert status == 200
    assert exchange(code, verifier)[1]["error"] == "invalid_grant", "code reuse"
    refused_mail(issued["access_token"])
    for change in (
        {"code_verifier": secrets.token_urlsafe(48)}, {"redirect_uri": "http://127.0.0.1:49153/"},
        {"code_verifier": challenge_of(verifier)},
    ):
        code = allow(browser, verifier)["code"]
        assert exchange(code, verifier, **change)[1]["error"] == "invalid_grant", change
        assert exchange(code, verifier)[1]["error"] == "invalid_grant", "a code is spoilt by a wrong try"
    code = allow(browser, verifier)["code"]
    assert exchange(code, "")[1]["error"] == "invalid_request", "PKCE missing"
    assert exchange(code, verifier, client_id="thunderbird")[1]["error"] == "invalid_grant", "another client"
    issued = tokens(browser)
    refresh = {"grant_type": "refresh_token", "client_id": "mail-program", "refresh_token": issued["refresh_token"]}
    status, second = call("/oauth/token", refresh)
    assert status == 200 and second["refresh_token"] != issued["refresh_token"]
    read_mail(second["access_token"]).logout()
    assert call("/oauth/token", refresh)[1]["error"] == "invalid_grant", "refresh reuse"
    refused_mail(second["access_token"])


def the_api_knows_the_session(browser):
    def ask(action, body, site="same-origin", headers=None, who=browser):
        sent = {"Content-Type": "application/json", **(headers or {})}
        status, _, text = who.request("POST", f"/api/v1/{action}", body=json.dumps(body), site=site, headers=sent)
        return status, text

    status, text = ask("session-list", {"address": user})
    assert status == 200 and json.loads(text), text
    status, text = ask("app-password-add", {"address": user, "label": "script"})
    assert status == 200 and "app_password" in text, text
    made = json.loads(text)
    assert ask("app-password-revoke", {"address": user, "id": made["id"]})[0] == 200
    # Another's things, no session, a request that none of our pages sent, a token for mail.
    assert ask("session-list", {"address": recipient})[0] in (403, 404)
    assert ask("app-password-add", {"address": recipient, "label": "script"})[0] in (403, 404)
    assert ask("session-list", {"address": user}, who=Browser())[0] == 401
    stranger = Browser()
    stranger.cookies = dict(browser.cookies)
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    assert ask("session-list", {"address": user}, site="cross-site", headers=headers)[0] in (401, 403)
    bearer = {"Authorization": f"Bearer {tokens(browser)['access_token']}"}
    assert ask("session-list", {"address": user}, headers=bearer, who=Browser())[0] in (401, 403)


def broken_requests_go_nowhere(browser):
    verifier = secrets.token_urlsafe(48)
    for changes in (
        {"redirect_uri": "https://evil.test/"}, {"redirect_uri": "http://127.0.0.1.evil.test/"}, {"redirect_uri": None},
        {"client_id": "unknown"},
    ):
        status, to, text = browser.get(request(verifier, **changes)[1], site="none")
        assert (status, to) == (400, None), (changes, status, to)
    for changes, wanted in (
        ({"code_challenge": None}, "invalid_request"), ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"), ({"scope": "imap root"}, "invalid_scope"),
        ({"response_type": "token"}, "invalid_request"), ({"prompt": "none"}, "consent_required"),
    ):
        status, to, text = browser.get(request(verifier, **changes)[1], site="none")
        assert status == 303 and to.startswith(BACK) and f"error={wanted}" in to, (changes, status, to)
    _, path = request(verifier)
    assert browser.get(path + "&state=twice", site="none")[0] == 400, "a parameter came twice"
    # Consent that none of our pages sent is none.
    fields = Forms(browser.get(path, site="none")[2]).form("/oauth/authorize", decision="allow")
    assert browser.post("/oauth/authorize", fields, site="cross-site")[1] == "/sign-in", "no cookie came along"
    assert browser.post("/oauth/authorize", {**fields, "form_token": "x"})[0] == 403


def a_device_is_connected(browser):
    status, begun = call("/oauth/device", {"client_id": "mail-device", "scope": "imap"})
    assert status == 200 and begun["verification_uri"] == ORIGIN + "/device", begun
    ask = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "client_id": "mail-device",
        "device_code": begun["device_code"],
    }
    assert call("/oauth/token", ask)[1]["error"] == "authorization_pending"
    assert call("/oauth/token", ask)[1]["error"] == "slow_down"
    form = Forms(browser.get("/device", site="none")[2]).form("/device")
    form["code"] = begun["user_code"].lower().replace("-", "")
    status, _, text = browser.post("/device", form)
    assert status == 200 and "Mail device" in text, text
    status, _, text = browser.post("/device", Forms(text).form("/device", decision="allow"))
    assert status == 200, text
    time.sleep(begun["interval"])
    status, issued = call("/oauth/token", ask)
    assert status == 200 and issued["scope"] == "imap", issued
    read_mail(issued["access_token"]).logout()


def revoked_ends_at_once(browser):
    issued = tokens(browser)
    session = read_mail(issued["access_token"])
    session.select("INBOX")
    began = time.monotonic()
    status, _ = call("/oauth/revoke", {"client_id": "mail-program", "token": issued["refresh_token"]})
    assert status == 200
    session.sock.settimeout(5)
    told = session.readline()
    took = time.monotonic() - began
    assert told.startswith(b"* BYE") and took < 1, (told, took)
    print(json.dumps({"revoked_after_seconds": round(took, 3)}))


signs_in_and_out()
programs_sign_in_by_json()
browser = Browser()
status, to, text = browser.sign_in(user, password)
assert (status, to) == (303, "/account"), text
a_mail_program_is_connected(browser)
codes_and_tokens_are_good_once(browser)
the_api_knows_the_session(browser)
broken_requests_go_nowhere(browser)
a_device_is_connected(browser)
revoked_ends_at_once(browser)
