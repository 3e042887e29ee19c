"""Signs in at a level that asks for a second factor: sets an authenticator app up, signs in with it, and is refused what must be.

TOTP is written from RFC 6238."""
import base64
import hashlib
import hmac
import imaplib
import os
import re
import struct
import time

from web_browser import CONTEXT, Browser, Forms

user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]


def totp(secret, at):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    offset = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def mail_opens(secret):
    session = imaplib.IMAP4_SSL("localhost", int(os.environ["IMAP_PORT"]), ssl_context=CONTEXT)
    try:
        session.login(user, secret)
        return True
    except imaplib.IMAP4.error as error:
        assert "app password" in str(error), error
        return False


browser = Browser()
status, to, _ = browser.sign_in(user, password)
assert (status, to.split("?")[0]) == (303, "/sign-in/enrol"), to
step = browser.cookies["__Host-session"]
assert browser.get("/account")[1] == "/sign-in", "the password alone opens no page"
status, _, text = browser.get("/sign-in/enrol")
assert status == 200, text
secret = re.search(r"<code>([A-Z2-7]+)</code>", text).group(1)
form = Forms(text).form("/sign-in/enrol")
status, to, text = browser.post("/sign-in/enrol", {**form, "code": "000000"})
assert status == 401, text
secret = re.search(r"<code>([A-Z2-7]+)</code>", text).group(1)
form = Forms(text).form("/sign-in/enrol")
status, to, text = browser.post("/sign-in/enrol", {**form, "code": totp(secret, time.time())})
assert (status, to) == (303, "/account"), (status, text)
assert browser.cookies["__Host-session"] != step, "session fixation"
status, _, text = browser.get("/account")
assert status == 200 and "totp" in text, text
assert not mail_opens(password), "the second factor can be walked around"

again = Browser()
status, to, _ = again.sign_in(user, password)
assert (status, to.split("?")[0]) == (303, "/sign-in/factor"), to
step = again.cookies["__Host-session"]
assert again.get("/account")[1] == "/sign-in"
assert again.get("/oauth/authorize?client_id=thunderbird&redirect_uri=https://localhost&response_type=code&scope=imap"
                 "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256")[1].startswith("/sign-in")
form = Forms(again.get("/sign-in/factor")[2]).form("/sign-in/factor", means="totp")
status, _, text = again.post("/sign-in/factor", {**form, "code": totp(secret, time.time())})
assert status == 401, "a code that was used to enrol is good no more"
time.sleep(31 - time.time() % 30)
status, to, text = again.post("/sign-in/factor", {**form, "code": totp(secret, time.time())})
assert status == 303, text
assert again.cookies["__Host-session"] != step
assert again.get("/account")[0] == 200
planted = Browser()
planted.cookies["__Host-session"] = step
assert planted.get("/account")[0] == 303, "the token of the first step is worth nothing"

text = again.get("/account")[2]
form = Forms(text).form("/account/app-password-add")
status, _, text = again.post("/account/app-password-add", {**form, "label": "phone", "imap": "1", "smtp": ""})
assert status == 200, (status, text)
made = re.search(r"<code>([a-z2-9-]+)</code>", text).group(1)
assert mail_opens(made)

guesser = Browser()
guesser.sign_in(user, password)
form = Forms(guesser.get("/sign-in/factor")[2]).form("/sign-in/factor", means="totp")
answers = [guesser.post("/sign-in/factor", {**form, "code": "123456"})[0] for _ in range(5)]
assert answers[-1] == 303 and "__Host-session" not in guesser.cookies, answers
