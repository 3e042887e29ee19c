"""Checks the signature of a request to a provider of SMS by the provider's own rules; gives code and number of the message. Reads the
request from standard input: provider, secret, host, path, headers, body."""
import base64
import hashlib
import hmac
import json
import sys
import urllib.parse


def sha(data):
    return hashlib.sha256(data).hexdigest()


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256)


def canonical(path, query, known, signed, body):
    lines = "".join(f"{name}:{known[name].strip()}\n" for name in signed)
    return "\n".join(["POST", path, query, lines, ";".join(signed), sha(body)])


def aliyun(host, path, query, headers, body, secret):
    algorithm, rest = headers["authorization"].split(" ", 1)
    parts = dict(part.split("=", 1) for part in rest.split(","))
    assert algorithm == "ACS3-HMAC-SHA256" and parts["Credential"] == "key-id"
    assert headers["x-acs-content-sha256"] == sha(body)
    signed = parts["SignedHeaders"].split(";")
    assert signed == sorted(signed) and {"host", "x-acs-date", "x-acs-signature-nonce", "x-acs-action"} <= set(signed)
    pairs = sorted(urllib.parse.parse_qsl(query, strict_parsing=True))
    encode = lambda text: urllib.parse.quote(text, safe="-_.~")
    sorted_query = "&".join(encode(name) + "=" + encode(value) for name, value in pairs)
    text = canonical(path, sorted_query, dict(headers, host=host), signed, body)
    assert hmac.compare_digest(sign(secret, algorithm + "\n" + sha(text.encode())).hexdigest(), parts["Signature"])
    return json.loads(dict(pairs)["TemplateParam"])["code"], dict(pairs)["PhoneNumbers"]


def tencent(host, path, query, headers, body, secret):
    algorithm, rest = headers["authorization"].split(" ", 1)
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    identifier, date, service, end = parts["Credential"].split("/")
    assert (algorithm, identifier, service, end) == ("TC3-HMAC-SHA256", "key-id", "sms", "tc3_request")
    known = dict(headers, host=host)
    known["x-tc-action"] = known["x-tc-action"].lower()
    text = canonical(path, query, known, parts["SignedHeaders"].split(";"), body)
    to_sign = "\n".join([algorithm, headers["x-tc-timestamp"], f"{date}/{service}/{end}", sha(text.encode())])
    key = b"TC3" + secret
    for part in (date, service, end):
        key = sign(key, part).digest()
    assert hmac.compare_digest(sign(key, to_sign).hexdigest(), parts["Signature"])
    message = json.loads(body)
    return message["TemplateParamSet"][0], message["PhoneNumberSet"][0]


def twilio(host, path, query, headers, body, secret):
    scheme, given = headers["authorization"].split(" ")
    assert scheme == "Basic" and base64.b64decode(given) == b"key-id:" + secret
    form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
    return form["Body"].split(" ")[0], form["To"]


def check(request, provider, secret):
    path, _, query = request["path"].partition("?")
    judge = {"aliyun": aliyun, "tencent": tencent, "twilio": twilio}[provider]
    return judge(request["host"], path, query, dict(request["headers"]), request["body"].encode(), secret.encode())


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(*check(given, given["provider"], given["secret"]))
