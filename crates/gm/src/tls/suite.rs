//! TLS_SM4_GCM_SM3 (RFC 8998 section 2): transcript and key schedule over SM3, records under SM4-GCM.

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter, Nonce,
    OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm, UnsupportedOperationError,
    make_tls13_aad,
};
use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac::{Hmac, Key, Tag};
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::{
    CipherSuiteCommon, ConnectionTrafficSecrets, ContentType, Error, ProtocolVersion, SupportedCipherSuite,
    Tls13CipherSuite,
};

use super::SUITE;
use crate::sm3;
use crate::sm4::KEY_BYTES;
use crate::sm4::gcm::{Sm4Gcm, TAG_BYTES};

pub(super) static TLS_SM4_GCM_SM3: SupportedCipherSuite = SupportedCipherSuite::Tls13(&Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: SUITE,
        hash_provider: &Sm3,
        // As for AES-GCM: the bound is one of the mode over a block of 128 bits (RFC 8446 section 5.5).
        confidentiality_limit: 1 << 24,
    },
    hkdf_provider: &HkdfUsingHmac(&HmacSm3),
    aead_alg: &Sm4GcmAead,
    quic: None,
});

/// Number of SM3 among the hashes of the library, which uses it only to tell hashes apart.
const SM3_NUMBER: u8 = 7;

struct Sm3;

impl Hash for Sm3 {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Transcript(sm3::Hasher::default()))
    }

    fn hash(&self, data: &[u8]) -> Output {
        Output::new(&sm3::digest(data))
    }

    fn output_len(&self) -> usize {
        sm3::BYTES
    }

    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::Unknown(SM3_NUMBER)
    }
}

struct Transcript(sm3::Hasher);

impl Context for Transcript {
    fn fork_finish(&self) -> Output {
        Output::new(&self.0.clone().finish())
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&self.0.finish())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

struct HmacSm3;

impl Hmac for HmacSm3 {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        Box::new(KeyedSm3(sm3::HmacKey::new(key)))
    }

    fn hash_output_len(&self) -> usize {
        sm3::BYTES
    }
}

struct KeyedSm3(sm3::HmacKey);

impl Key for KeyedSm3 {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let parts = std::iter::once(first).chain(middle.iter().copied()).chain(std::iter::once(last));
        Tag::new(&self.0.sign(parts))
    }

    fn tag_len(&self) -> usize {
        sm3::BYTES
    }
}

struct Sm4GcmAead;

impl Tls13AeadAlgorithm for Sm4GcmAead {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Records::new(&key, iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Records::new(&key, iv))
    }

    fn key_len(&self) -> usize {
        KEY_BYTES
    }

    fn extract_keys(&self, _: AeadKey, _: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        // For the kernel's TLS, which has no form for this suite in the library.
        Err(UnsupportedOperationError)
    }
}

/// One direction of a connection.
struct Records {
    /// None if the key had the wrong length, which the library rules out.
    key: Option<Sm4Gcm>,
    iv: Iv,
}

impl Records {
    fn new(key: &AeadKey, iv: Iv) -> Self {
        Self { key: key.as_ref().try_into().ok().map(Sm4Gcm::new), iv }
    }
}

impl MessageEncrypter for Records {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, sequence: u64) -> Result<OutboundOpaqueMessage, Error> {
        let key = self.key.as_ref().ok_or(Error::EncryptError)?;
        let length = self.encrypted_payload_len(message.payload.len());
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_chunks(&message.payload);
        payload.extend_from_slice(&u8::from(message.typ).to_be_bytes());
        let nonce = Nonce::new(&self.iv, sequence).0;
        let tag = key.seal(&nonce, &make_tls13_aad(length), payload.as_mut()).map_err(|_| Error::EncryptError)?;
        payload.extend_from_slice(&tag);
        // RFC 8446 section 5.1: the version of records stays that of TLS 1.2.
        Ok(OutboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, payload))
    }

    fn encrypted_payload_len(&self, payload: usize) -> usize {
        payload + 1 + TAG_BYTES
    }
}

impl MessageDecrypter for Records {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let key = self.key.as_ref().ok_or(Error::DecryptError)?;
        let payload = &mut message.payload;
        let associated = make_tls13_aad(payload.len());
        let length = payload.len().checked_sub(TAG_BYTES).ok_or(Error::DecryptError)?;
        let (text, tag) = payload.split_at_mut(length);
        let nonce = Nonce::new(&self.iv, sequence).0;
        key.open(&nonce, &associated, text, tag).map_err(|_| Error::DecryptError)?;
        payload.truncate(length);
        message.into_tls13_unpadded_message()
    }
}
