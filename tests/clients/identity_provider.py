"""A small OpenID provider by Authlib and Flask. Whoever comes is the person that it was last told of; nobody is asked for a password.

Arguments: port, certificate, key, redirect URI. `POST /told` takes JSON: `claims` of the person, which may be as wrong as they like,
`foreign_key` to sign with a key that is not published, `thin` to name the person apart from the token."""
import json
import sys
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.jose import JsonWebKey
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, request

PORT, CERTIFICATE, KEY, REDIRECT = sys.argv[1:5]
ISSUER = f"https://127.0.0.1:{PORT}"
OURS = JsonWebKey.generate_key("RSA", 2048, {"kid": "ours"}, is_private=True)
FOREIGN = JsonWebKey.generate_key("RSA", 2048, {"kid": "ours"}, is_private=True)
told = {"claims": {}, "foreign_key": False, "thin": False}
codes, people = {}, {}


class Client(ClientMixin):
    def get_client_id(self):
        return "tradewind"

    def get_default_redirect_uri(self):
        return REDIRECT

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, uri):
        return uri == REDIRECT

    def check_client_secret(self, secret):
        return secret == "a-shared-secret"

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_post"

    def check_response_type(self, kind):
        return kind == "code"

    def check_grant_type(self, kind):
        return kind == "authorization_code"


class Code(AuthorizationCodeMixin):
    def __init__(self, code, data):
        self.code, self.data, self.claims = code, data, dict(told["claims"])
        self.code_challenge = data.get("code_challenge")
        self.code_challenge_method = data.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.data.get("redirect_uri")

    def get_scope(self):
        return self.data.get("scope")

    def get_nonce(self):
        return self.data.get("nonce")

    def get_auth_time(self):
        return int(time.time())


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]

    def save_authorization_code(self, code, request):
        codes[code] = Code(code, dict(request.data))

    def query_authorization_code(self, code, client):
        return codes.get(code)

    def delete_authorization_code(self, code):
        codes.pop(code.code, None)

    def authenticate_user(self, code):
        return code


class Identity(OpenIDCode):
    def exists_nonce(self, nonce, request):
        return any(code.get_nonce() == nonce for code in codes.values())

    def get_jwt_config(self, grant):
        return {"key": FOREIGN if told["foreign_key"] else OURS, "alg": "RS256", "iss": ISSUER, "exp": 300}

    def generate_user_info(self, user, scope):
        return UserInfo(sub=user.claims["sub"]) if told["thin"] else UserInfo(**user.claims)


app = Flask(__name__)
server = AuthorizationServer(
    app, query_client=lambda name: Client() if name == "tradewind" else None, save_token=lambda token, request: people.update({token["access_token"]: request.user.claims}),
)
server.register_grant(CodeGrant, [Identity(require_nonce=True), CodeChallenge(required=True)])


@app.get("/.well-known/openid-configuration")
def configuration():
    return jsonify(
        issuer=ISSUER, authorization_endpoint=f"{ISSUER}/authorize", token_endpoint=f"{ISSUER}/token",
        jwks_uri=f"{ISSUER}/keys", userinfo_endpoint=f"{ISSUER}/person", response_types_supported=["code"], subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256"],
    )


@app.get("/keys")
def keys():
    return jsonify(keys=[{**OURS.as_dict(is_private=False), "use": "sig", "alg": "RS256"}])


@app.get("/person")
def person():
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return jsonify(people[token]) if kind == "Bearer" and token in people else ("", 401)


@app.get("/authorize")
def authorize():
    return server.create_authorization_response(grant_user=told["claims"])


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/told")
def tell():
    told.update(json.loads(request.data))
    return "", 204


app.run(host="127.0.0.1", port=int(PORT), ssl_context=(CERTIFICATE, KEY), threaded=True)
