"""Chromium with a virtual authenticator enrols a hardware key on the server's own page, signs in with it, and is refused with a copied
key. Arguments: directory for the profile."""
import json
import os
import sys

from chromium import HOST, Chromium

user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]


class Person(Chromium):
    def sign_in(self, reached):
        self.open("/sign-in")
        self.submit("form[action='/sign-in']", login=user, password=password)
        self.at(reached)

    def sign_out(self):
        self.open("/account")
        self.submit("form[action='/sign-out']")
        self.at("/sign-in")


browser = Person(sys.argv[1])
try:
    browser.ask("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}
    authenticator = browser.ask("WebAuthn.addVirtualAuthenticator", options=options)["authenticatorId"]

    browser.sign_in("/account")
    browser.open("/account/factors")
    browser.submit("form[data-enrol='hardware-key']", label="Blue key")
    codes = browser.wait("[...document.querySelectorAll('[data-recovery-codes] code')].map((code) => code.textContent)", "codes")
    assert len(codes) == 10, codes
    credentials = browser.ask("WebAuthn.getCredentials", authenticatorId=authenticator)["credentials"]
    assert len(credentials) == 1 and credentials[0]["rpId"] == HOST, credentials
    browser.open("/account/factors")
    assert "Blue key" in browser.run("document.body.innerText")
    browser.sign_out()

    for _ in range(2):
        browser.sign_in("/sign-in/factor")
        browser.run("document.querySelector('[data-webauthn]').click()")
        browser.at("/account")
        browser.sign_out()

    # A copy of the key that was made before it was used last.
    key = browser.ask("WebAuthn.getCredentials", authenticatorId=authenticator)["credentials"][0]
    assert key["signCount"] >= 3, key
    browser.ask("WebAuthn.removeCredential", authenticatorId=authenticator, credentialId=key["credentialId"])
    browser.ask("WebAuthn.addCredential", authenticatorId=authenticator, credential={**key, "signCount": 1})
    browser.sign_in("/sign-in/factor")
    browser.run("document.querySelector('[data-webauthn]').click()")
    told = browser.wait("document.querySelector('[role=alert]')?.textContent", "the refusal")
    assert "could not be verified" in told, told
    assert browser.run("location.pathname") == "/sign-in/factor"

    # The sheet of recovery codes opens once.
    recovery = "form:has(input[name=means][value=recovery])"
    browser.submit(recovery, code=codes[0].upper())
    browser.wait("location.pathname !== '/sign-in/factor' && document.readyState === 'complete'", "the way in")
    print(json.dumps({"codes": len(codes), "signed": key["signCount"], "reached": browser.run("location.pathname")}))
finally:
    browser.process.terminate()
    browser.process.wait(10)
