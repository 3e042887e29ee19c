"""Chooses a new password on the account page: bad ones are refused with the rule, the good one ends every sign-in."""
import os

from web_browser import Browser, Forms

user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]
here = "/account/password"
browser, other = Browser(), Browser()
for one in (browser, other):
    assert one.sign_in(user, password)[1] == "/account"
form = Forms(browser.get(here)[2]).form(here)
for present, new, status, told in [
    (password, "Kurz-7", 400, "Use at least 12"),
    (password, "kupferbalkon77", 400, "kinds of characters"),
    (password, "Balkon-7-Trade-x", 400, "part of your name, company or address"),
    (password, "Password1234!", 400, "easily guessed"),
    (password, password, 400, "used this password before"),
    ("Wrong-7-Kupfer-x", "Kupfer-7-Balkon-Zaun", 401, "wrong"),
]:
    found, _, text = browser.post(here, {**form, "present": present, "new": new})
    assert found == status and told in text, (new, found, text)
assert browser.post(here, {**form, "form_token": "x", "present": password, "new": "Kupfer-7-Balkon-Zaun"})[0] == 403
assert browser.post(here, {**form, "present": password, "new": "Kupfer-7-Balkon-Zaun"})[:2] == (303, "/sign-in")
assert "__Host-session" not in browser.cookies
assert other.get("/account")[0] == 303, "other sign-ins end"
assert Browser().sign_in(user, password)[0] == 401
assert Browser().sign_in(user, "Kupfer-7-Balkon-Zaun")[:2] == (303, "/account")
