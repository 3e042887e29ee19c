//! Content for push services that only the client can read (RFC 8291): `aes128gcm` (RFC 8188) under a key agreed on P-256.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::Entropy;

/// Octets of a public point, uncompressed.
const POINT_BYTES: usize = 65;

/// Octets of the client's secret, and of the salt.
const SECRET_BYTES: usize = 16;

/// The record size that is named, as push services want it (RFC 8291 section 4).
const RECORD_BYTES: u32 = 4096;

/// Octets of content in the one record that there is (RFC 8291 section 4): the whole body has 4096 at most, of which the header has 86, the
/// delimiter 1 and the tag 16.
pub const CONTENT_BYTES_MAX: usize = 3993;

/// Keys that are none, or content that cannot be encrypted for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebPushError {
    /// The client's keys are none.
    #[error("p256dh must be a point on P-256, uncompressed, and auth 16 octets, both in URL-safe base64")]
    Keys,
    /// The content is too long.
    #[error("more than {CONTENT_BYTES_MAX} octets do not go into a push message")]
    TooLong,
}

/// What a client gives, so that content can be encrypted for it (RFC 8291 section 2).
#[derive(Clone)]
pub struct ClientKeys {
    public: [u8; POINT_BYTES],
    auth: [u8; SECRET_BYTES],
}

impl ClientKeys {
    /// The keys in URL-safe base64, with or without padding.
    ///
    /// # Errors
    /// [`WebPushError::Keys`] if they are none.
    pub fn read(p256dh: &str, auth: &str) -> Result<Self, WebPushError> {
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| WebPushError::Keys);
        let public = decoded(p256dh)?.try_into().map_err(|_| WebPushError::Keys)?;
        let auth = decoded(auth)?.try_into().map_err(|_| WebPushError::Keys)?;
        let keys = Self { public, auth };
        // A point that is not on the curve is found out now, not when something is to be sent.
        keys.agree(&fresh_key()?)?;
        Ok(keys)
    }

    /// The content as the body of a request to the push service.
    ///
    /// # Errors
    /// [`WebPushError`] if it is too long, or the library fails.
    pub fn encrypt(&self, entropy: &dyn Entropy, content: &[u8]) -> Result<Vec<u8>, WebPushError> {
        let mut salt = [0; SECRET_BYTES];
        entropy.fill(&mut salt);
        self.encrypt_with(&fresh_key()?, &salt, content)
    }

    fn agree(&self, own: &PrivateKey) -> Result<Vec<u8>, WebPushError> {
        let public = UnparsedPublicKey::new(&ECDH_P256, self.public);
        agree(own, public, WebPushError::Keys, |secret| Ok(secret.to_vec()))
    }

    fn encrypt_with(
        &self,
        own: &PrivateKey,
        salt: &[u8; SECRET_BYTES],
        content: &[u8],
    ) -> Result<Vec<u8>, WebPushError> {
        if content.len() > CONTENT_BYTES_MAX {
            return Err(WebPushError::TooLong);
        }
        let own_public = own.compute_public_key().map_err(|_| WebPushError::Keys)?;
        let own_public = own_public.as_ref();
        // RFC 8291 section 3.4: HKDF, each step of which is one block here.
        let combined = mac(&self.auth, &[&self.agree(own)?]);
        let input = mac(&combined, &[b"WebPush: info\0", &self.public, own_public, &[1]]);
        // RFC 8188 sections 2.2 and 2.3.
        let pseudorandom = mac(salt, &[&input]);
        let key = mac(&pseudorandom, &[b"Content-Encoding: aes128gcm\0", &[1]]);
        let nonce = mac(&pseudorandom, &[b"Content-Encoding: nonce\0", &[1]]);
        let (Some(key), Some(nonce)) = (key.first_chunk::<16>(), nonce.first_chunk::<12>()) else {
            return Err(WebPushError::Keys);
        };
        let key = UnboundKey::new(&AES_128_GCM, key).map_err(|_| WebPushError::Keys)?;
        // The delimiter of the last record (RFC 8188 section 2).
        let mut sealed = [content, &[2]].concat();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let sealing = LessSafeKey::new(key).seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed);
        sealing.map_err(|_| WebPushError::TooLong)?;
        let length = u8::try_from(own_public.len()).map_err(|_| WebPushError::Keys)?;
        Ok([&salt[..], &RECORD_BYTES.to_be_bytes(), &[length], own_public, &sealed].concat())
    }
}

fn fresh_key() -> Result<PrivateKey, WebPushError> {
    PrivateKey::generate(&ECDH_P256).map_err(|_| WebPushError::Keys)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    context.sign().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    const PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    /// RFC 8291 appendix A.
    #[test]
    fn the_example_of_the_standard_comes_out() {
        let keys = ClientKeys::read(PUBLIC, AUTH).unwrap();
        let own =
            PrivateKey::from_private_key(&ECDH_P256, &octets("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).unwrap();
        let salt = octets("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let body = keys.encrypt_with(&own, &salt, b"When I grow up, I want to be a watermelon").unwrap();
        assert_eq!(
            URL_SAFE_NO_PAD.encode(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn what_is_no_key_or_too_long_is_refused() {
        let off_the_curve = URL_SAFE_NO_PAD.encode([&[4][..], &[7; 64]].concat());
        for (public, auth) in [(&off_the_curve[..], AUTH), (PUBLIC, "AAAA"), ("", AUTH), ("ü", AUTH), (AUTH, PUBLIC)] {
            assert_eq!(ClientKeys::read(public, auth).err(), Some(WebPushError::Keys), "{public} {auth}");
        }
        let keys = ClientKeys::read(&format!("{PUBLIC}="), AUTH).unwrap();
        let entropy = env::SystemEntropy::default();
        let longest = keys.encrypt(&entropy, &[0; CONTENT_BYTES_MAX]).unwrap();
        assert_eq!(longest.len(), 4096);
        assert_eq!(keys.encrypt(&entropy, &[0; CONTENT_BYTES_MAX + 1]).err(), Some(WebPushError::TooLong));
    }
}
