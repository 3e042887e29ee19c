"""Sets `oathtool` up as authenticator app over the JSON interface, and signs in with it."""
import json
import os
import subprocess
import time

from web_browser import ORIGIN, Browser, Forms

user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]


def post(browser, path, fields):
    headers = {"Content-Type": "application/json", "Origin": ORIGIN}
    status, _, text = browser.request("POST", path, body=json.dumps(fields), headers=headers)
    return status, json.loads(text)


def code(secret):
    return subprocess.run(["oathtool", "--totp", "--base32", secret], check=True, capture_output=True, text=True).stdout.strip()


browser = Browser()
assert browser.sign_in(user, password)[1] == "/account"
status, begun = post(browser, "/api/account/factors/begin", {"kind": "totp", "label": "oathtool"})
assert status == 200 and begun["uri"].startswith("otpauth://totp/"), begun
fields = {"kind": "totp", "challenge": begun["challenge"]}
status, refused = post(browser, "/api/account/factors/finish", {**fields, "code": "000000"})
assert status == 400 and "wrong" in refused["detail"], refused
status, done = post(browser, "/api/account/factors/finish", {**fields, "code": code(begun["secret"])})
assert status == 200 and len(done["recovery_codes"]) == 10, done
status, refused = post(browser, "/api/account/factors/finish", {**fields, "code": code(begun["secret"])})
assert status == 410, refused
listed = json.loads(browser.get("/api/account/factors")[2])
assert listed["factors"][0]["label"] == "oathtool", listed
status, _ = post(browser, "/api/account/factors/begin", {"kind": "carrier-pigeon", "label": "x"})
assert status == 400
forged = browser.request("POST", "/api/account/factors/begin", site="cross-site", body=json.dumps({"kind": "totp", "label": "x"}),
                         headers={"Content-Type": "application/json"})
assert forged[0] == 403, forged

again = Browser()
assert again.sign_in(user, password)[1].startswith("/sign-in/factor")
form = Forms(again.get("/sign-in/factor")[2]).form("/sign-in/factor", means="totp")
assert again.post("/sign-in/factor", {**form, "code": code(begun["secret"])})[0] == 401, "used to enrol"
time.sleep(31 - time.time() % 30)
now = code(begun["secret"])
assert again.post("/sign-in/factor", {**form, "code": now})[:2] == (303, "/account")
third = Browser()
third.sign_in(user, password)
form = Forms(third.get("/sign-in/factor")[2]).form("/sign-in/factor", means="totp")
assert third.post("/sign-in/factor", {**form, "code": now})[0] == 401, "a code counts once, on every session"
