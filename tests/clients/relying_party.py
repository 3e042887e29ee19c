"""Authlib as an independent relying party: finds the server by discovery, runs the code flow, checks the identity token.

Environment: ALGORITHM of its identity tokens; CLIENT_ID, CLIENT_SECRET of a confidential client with the redirect URI of BACK."""
import os

os.environ["REQUESTS_CA_BUNDLE"] = os.environ["IMAP_CA"]

from authlib.integrations.requests_client import OAuth2Session  # noqa: E402
from authlib.jose import JsonWebKey, jwt  # noqa: E402
from authlib.oidc.core import CodeIDToken  # noqa: E402
from authlib.oidc.discovery import OpenIDProviderMetadata  # noqa: E402
from web_browser import ORIGIN, Browser, Forms  # noqa: E402

import requests  # noqa: E402

user, password = os.environ["IMAP_USER"], os.environ["IMAP_PASSWORD"]
BACK = "https://intranet.trade.test/back"

metadata = OpenIDProviderMetadata(requests.get(ORIGIN + "/.well-known/openid-configuration", timeout=20).json())
for name in metadata:
    if hasattr(metadata, f"validate_{name}"):
        getattr(metadata, f"validate_{name}")()
assert metadata["issuer"] == ORIGIN
client = OAuth2Session(
    os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"], scope="openid profile email", redirect_uri=BACK,
    code_challenge_method="S256", token_endpoint_auth_method="client_secret_basic",
)
verifier, nonce = "v" * 64, "nonce-of-the-relying-party"
url, state = client.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce)

browser = Browser()
assert browser.sign_in(user, password)[0] == 303
status, _, text = browser.get(url[len(ORIGIN):], site="none")
assert status == 200, text
status, to, _ = browser.post("/oauth/authorize", Forms(text).form("/oauth/authorize", decision="allow"))
assert status == 303 and to.startswith(BACK), to
token = client.fetch_token(
    metadata["token_endpoint"], authorization_response=to, state=state, code_verifier=verifier, timeout=20,
)

keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"], timeout=20).json())
claims = jwt.decode(
    token["id_token"], keys, claims_cls=CodeIDToken,
    claims_options={"iss": {"value": ORIGIN}, "aud": {"value": os.environ["CLIENT_ID"]}}, claims_params={"nonce": nonce},
)
claims.validate()
assert claims.header["alg"] == os.environ["ALGORITHM"], claims.header
assert claims["email"] == user, claims
told = client.get(metadata["userinfo_endpoint"], timeout=20).json()
assert told["sub"] == claims["sub"] and told["email"] == user, told
