"""Sets a telephone up as second factor and signs in with it. Arguments: provider, file of the messages that it took."""
import json
import sys
import time

import os

from sms_signature import check
from web_browser import Browser, Forms

provider, taken = sys.argv[1:]
user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]


def last_code(count):
    until = time.monotonic() + 20
    while time.monotonic() < until:
        lines = [line for line in open(taken).read().splitlines() if line.startswith("{")]
        if len(lines) == count:
            code, number = check(json.loads(lines[-1]), provider, "the secret")
            assert number.lstrip("+").endswith("13800138000"), number
            return code
        time.sleep(0.1)
    raise AssertionError(f"no message {count}")


browser = Browser()
status, to, _ = browser.sign_in(user, password)
assert (status, to) == (303, "/account"), to
form = Forms(browser.get("/account/factors")[2]).form("/account/factors/begin", kind="sms")
status, _, text = browser.post("/account/factors/begin", {**form, "label": "Mine", "number": "13800138000"})
assert status == 400 and "country code" in text, text
status, _, text = browser.post("/account/factors/begin", {**form, "label": "Mine", "number": "+86 138 0013 8000"})
assert status == 200 and "+**********000" in text and "13800138000" not in text, text
confirm = Forms(text).form("/account/factors/finish", kind="sms")
status, _, text = browser.post("/account/factors/finish", {**confirm, "code": "00000x"})
assert status == 400, text
status, _, text = browser.post("/account/factors/finish", {**confirm, "code": last_code(1)})
assert status == 200 and text.count("<li>") == 10, text

# From now on the password is half the way.
again = Browser()
status, to, _ = again.sign_in(user, password)
assert (status, to.split("?")[0]) == (303, "/sign-in/factor"), to
assert again.get("/account/factors")[0] == 303, "the password alone changes no factor"
form = Forms(again.get("/sign-in/factor")[2]).form("/sign-in/factor", means="sms")
status, _, text = again.post("/sign-in/factor", form)
assert status == 401 and "too many codes" in text, "one in 30 seconds"
time.sleep(31)
status, _, text = again.post("/sign-in/factor", form)
assert status == 200, text
confirm = Forms(text).form("/sign-in/factor", means="sms")
status, to, text = again.post("/sign-in/factor", {**confirm, "code": last_code(2)})
assert (status, to) == (303, "/account"), text
