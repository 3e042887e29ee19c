//! Identity tokens (OpenID Connect Core 1.0 sections 2 and 3.1.3.7): signed claims, checked to the last one.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::Timestamp;
use serde_json::Value;

/// Bytes of a token.
const TOKEN_BYTES_MAX: usize = 64 << 10;

/// How far the provider's clock may be from ours, in seconds.
const SKEW_SECONDS: i64 = 60;

/// How old a token may be that the provider has just given, in seconds.
const AGE_SECONDS_MAX: i64 = 600;

/// What a token must say.
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    pub(super) audience: &'e str,
    pub(super) nonce: &'e str,
    pub(super) now: Timestamp,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the token has not the form of one")]
    Form,
    #[error("the token is signed by {0:?}, which is not taken; RS256, ES256 and EdDSA are")]
    Algorithm(String),
    #[error("the provider publishes no key that fits the token")]
    NoKey,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token's claim {0} is wrong")]
    Claim(&'static str),
    #[error("the token is not of this moment: a clock is wrong, or it was kept")]
    Time,
}

/// The claims of `token`, if one of `keys` (RFC 7517) has signed it and they are what is expected.
pub(super) fn verify(token: &str, keys: &[u8], expected: &Expected<'_>) -> Result<Value, TokenError> {
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(TokenError::Form);
    };
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Form);
    }
    let header: Value = serde_json::from_slice(&decode(head)?).map_err(|_| TokenError::Form)?;
    let signed = token.get(..head.len() + 1 + body.len()).unwrap_or_default();
    check_signature(&header, signed.as_bytes(), &decode(signature)?, keys)?;
    let claims: Value = serde_json::from_slice(&decode(body)?).map_err(|_| TokenError::Form)?;
    check_claims(&claims, expected)?;
    Ok(claims)
}

fn decode(text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Form)
}

fn check_signature(header: &Value, signed: &[u8], signature: &[u8], keys: &[u8]) -> Result<(), TokenError> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let algorithm = text(header, "alg").unwrap_or_default();
    // RFC 8725 section 3.1: the key says what it is for, the token does not choose.
    let kind = match algorithm.as_str() {
        "RS256" => "RSA",
        "ES256" => "EC",
        "EdDSA" => "OKP",
        _ => return Err(TokenError::Algorithm(algorithm)),
    };
    // RFC 7515 section 4.1.11: what must be understood and is not.
    if header.get("crit").is_some() {
        return Err(TokenError::Form);
    }
    let keys: Value = serde_json::from_slice(keys).map_err(|_| TokenError::NoKey)?;
    let id = text(header, "kid");
    let fits = |key: &&Value| {
        let is_for_signing = text(key, "use").is_none_or(|of| of == "sig");
        let is_same = id.is_none() || text(key, "kid") == id;
        let is_alike = text(key, "alg").is_none_or(|of| of == algorithm);
        text(key, "kty").as_deref() == Some(kind) && is_for_signing && is_same && is_alike
    };
    let mut any = false;
    for key in keys.get("keys").and_then(Value::as_array).into_iter().flatten().filter(fits) {
        any = true;
        if is_signed_by(key, kind, signed, signature) {
            return Ok(());
        }
    }
    Err(if any { TokenError::Signature } else { TokenError::NoKey })
}

fn is_signed_by(key: &Value, kind: &str, signed: &[u8], signature: &[u8]) -> bool {
    let part = |name: &str| key.get(name).and_then(Value::as_str).and_then(|text| decode(text).ok());
    let curve = key.get("crv").and_then(Value::as_str);
    match (kind, curve) {
        ("RSA", _) => {
            let (Some(n), Some(e)) = (part("n"), part("e")) else { return false };
            let key = RsaPublicKeyComponents { n: &n, e: &e };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
        }
        ("EC", Some("P-256")) => {
            let (Some(x), Some(y)) = (part("x"), part("y")) else { return false };
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok()
        }
        ("OKP", Some("Ed25519")) => {
            let Some(x) = part("x") else { return false };
            UnparsedPublicKey::new(&ED25519, x).verify(signed, signature).is_ok()
        }
        _ => false,
    }
}

fn check_claims(claims: &Value, expected: &Expected<'_>) -> Result<(), TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(TokenError::Claim("iss"));
    }
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !audiences.contains(&expected.audience) {
        return Err(TokenError::Claim("aud"));
    }
    let party = text("azp");
    if audiences.len() > 1 && party.is_none() || party.is_some_and(|party| party != expected.audience) {
        return Err(TokenError::Claim("azp"));
    }
    if text("nonce") != Some(expected.nonce) {
        return Err(TokenError::Claim("nonce"));
    }
    let number = |name: &str| claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64);
    let now = expected.now.seconds();
    let (Some(expires), Some(issued)) = (number("exp"), number("iat")) else { return Err(TokenError::Time) };
    let is_early = number("nbf").is_some_and(|from| from > now + SKEW_SECONDS);
    if expires <= now - SKEW_SECONDS || issued > now + SKEW_SECONDS || issued < now - AGE_SECONDS_MAX || is_early {
        return Err(TokenError::Time);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn encode(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    fn claims() -> Value {
        json!({
            "iss": "https://idp.example", "aud": "mail", "nonce": "n", "sub": "7", "exp": NOW + 300, "iat": NOW,
        })
    }

    fn expected() -> Expected<'static> {
        Expected { issuer: "https://idp.example", audience: "mail", nonce: "n", now: Timestamp::from_seconds(NOW) }
    }

    struct Signer(Ed25519KeyPair);

    impl Signer {
        fn new() -> Self {
            let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
            Self(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
        }

        fn keys(&self) -> Vec<u8> {
            let x = URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref());
            let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "use": "sig", "x": x });
            json!({ "keys": [key] }).to_string().into_bytes()
        }

        fn sign(&self, header: &Value, claims: &Value) -> String {
            let signed = format!("{}.{}", encode(header), encode(claims));
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes())))
        }
    }

    #[test]
    fn a_good_token_is_believed_and_each_fault_is_found() {
        let signer = Signer::new();
        let header = json!({ "alg": "EdDSA", "kid": "k" });
        let check = |claims: &Value| verify(&signer.sign(&header, claims), &signer.keys(), &expected());
        assert_eq!(check(&claims()), Ok(claims()));
        for (name, value, wrong) in [
            ("iss", json!("https://idp.example/"), TokenError::Claim("iss")),
            ("aud", json!("other"), TokenError::Claim("aud")),
            ("aud", json!(["mail", "other"]), TokenError::Claim("azp")),
            ("azp", json!("other"), TokenError::Claim("azp")),
            ("nonce", json!("m"), TokenError::Claim("nonce")),
            ("nonce", Value::Null, TokenError::Claim("nonce")),
            ("exp", json!(NOW - 61), TokenError::Time),
            ("exp", Value::Null, TokenError::Time),
            ("iat", json!(NOW + 61), TokenError::Time),
            ("iat", json!(NOW - 601), TokenError::Time),
            ("nbf", json!(NOW + 61), TokenError::Time),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            assert_eq!(check(&claims), Err(wrong), "{name} {value}");
        }
    }

    #[test]
    fn who_has_not_signed_is_not_believed() {
        let (signer, other) = (Signer::new(), Signer::new());
        let header = json!({ "alg": "EdDSA", "kid": "k" });
        let token = signer.sign(&header, &claims());
        assert_eq!(verify(&token, &other.keys(), &expected()), Err(TokenError::Signature));
        assert_eq!(verify(&token, b"{\"keys\":[]}", &expected()), Err(TokenError::NoKey));
        for (algorithm, wrong) in [
            ("none", TokenError::Algorithm("none".to_owned())),
            ("HS256", TokenError::Algorithm("HS256".to_owned())),
            ("RS256", TokenError::NoKey),
        ] {
            let header = json!({ "alg": algorithm, "kid": "k" });
            assert_eq!(verify(&signer.sign(&header, &claims()), &signer.keys(), &expected()), Err(wrong));
        }
        let unsigned = format!("{}.{}.", encode(&json!({ "alg": "none" })), encode(&claims()));
        assert!(verify(&unsigned, &signer.keys(), &expected()).is_err());
        let other_key = json!({ "alg": "EdDSA", "kid": "unknown" });
        assert_eq!(verify(&signer.sign(&other_key, &claims()), &signer.keys(), &expected()), Err(TokenError::NoKey));
        let critical = json!({ "alg": "EdDSA", "kid": "k", "crit": ["b64"] });
        assert_eq!(verify(&signer.sign(&critical, &claims()), &signer.keys(), &expected()), Err(TokenError::Form));
        for broken in ["", "a.b", "a.b.c.d", "!.!.!"] {
            assert_eq!(verify(broken, &signer.keys(), &expected()), Err(TokenError::Form), "{broken}");
        }
    }

    #[test]
    fn elliptic_curves_are_known() {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let keys = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": x, "y": y }] }).to_string();
        let signed = format!("{}.{}", encode(&json!({ "alg": "ES256" })), encode(&claims()));
        let signature = pair.sign(&random, signed.as_bytes()).unwrap();
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
        assert_eq!(verify(&token, keys.as_bytes(), &expected()), Ok(claims()));
    }
}
