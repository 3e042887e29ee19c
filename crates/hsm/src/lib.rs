//! The region key held by a key on a token: a hardware security module or smart card that is spoken to by PKCS#11.
//!
//! The token's key is an AES key that never leaves it. It wraps the region key by AES-GCM (PKCS#11 `CKM_AES_GCM`); the nonce stands before what was
//! wrapped. The token is asked when a server starts and when the key file changes, and otherwise left alone.

use std::path::PathBuf;
use std::sync::Arc;

use crypto::region::{Holder, HolderError};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use env::Entropy;
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 12;
const TAG_BITS: u64 = 128;
/// Bound into what is wrapped, so that nothing else the token wraps passes for a region key.
const PURPOSE: &[u8] = b"tradewind region key";
const KEY_BYTES: u64 = 32;

/// A key on a token.
pub struct TokenKey {
    /// The library of the token's maker.
    pub module: PathBuf,
    /// The user's PIN.
    pub pin: Zeroizing<String>,
    /// Label of the token.
    pub token: String,
    /// Label of the key on it.
    pub key: String,
    /// Gives nonces.
    pub entropy: Arc<dyn Entropy>,
}

impl TokenKey {
    /// Makes the key on the token: AES of 256 bits that cannot be read out.
    ///
    /// # Errors
    /// [`HolderError`] if the token cannot be used or has a key of this label already.
    pub fn make(&self) -> Result<(), HolderError> {
        self.with_session("make the key that wraps", |session| {
            if !session.find_objects(&self.template()).map_err(told)?.is_empty() {
                return Err(format!("there is a key \"{}\" already; name another with --key", self.key));
            }
            let mut template = self.template();
            template.extend([
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::ValueLen(KEY_BYTES.into()),
            ]);
            session.generate_key(&Mechanism::AesKeyGen, &template).map(drop).map_err(told)
        })
    }

    fn template(&self) -> Vec<Attribute> {
        vec![
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Label(self.key.clone().into_bytes()),
        ]
    }

    fn find(&self, session: &Session) -> Result<ObjectHandle, String> {
        match session.find_objects(&self.template()).map_err(told)?.as_slice() {
            [key] => Ok(*key),
            [] => Err(format!("there is no AES key \"{}\"; name one that is there, or make it with --make", self.key)),
            _ => Err(format!("there are several AES keys \"{}\"; give the right one a label of its own", self.key)),
        }
    }

    /// Signs in to the token, does `work`, and leaves the library as it was.
    fn with_session<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Session) -> Result<T, String>,
    ) -> Result<T, HolderError> {
        let failed = |why: String| HolderError { holder: format!("the token \"{}\"", self.token), doing, why };
        let library = Pkcs11::new(&self.module).map_err(|error| {
            failed(format!(
                "its library {} cannot be used ({error}); correct keys.pkcs11_module",
                self.module.display()
            ))
        })?;
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(told(error))),
        }
        let outcome = self.session(&library).and_then(|session| work(&session)).map_err(failed);
        // What the work gave counts; a library that cannot be put away is put away with the process.
        let _ = library.finalize();
        outcome
    }

    fn session(&self, library: &Pkcs11) -> Result<Session, String> {
        let mut labels = Vec::new();
        for slot in library.get_slots_with_initialized_token().map_err(told)? {
            let label = library.get_token_info(slot).map_err(told)?.label().to_owned();
            if label == self.token {
                let session = library.open_rw_session(slot).map_err(told)?;
                let pin = AuthPin::new(self.pin.as_str().into());
                session.login(UserType::User, Some(&pin)).map_err(|error| {
                    format!("it does not take the PIN in keys.pkcs11_pin_file ({error}); mind that tokens lock after some tries")
                })?;
                return Ok(session);
            }
            labels.push(label);
        }
        Err(format!("no such token is there; there are: {labels:?}"))
    }
}

impl Holder for TokenKey {
    fn wrap(&self, plain: &[u8]) -> Result<Vec<u8>, HolderError> {
        self.with_session("wrap", |session| {
            let key = self.find(session)?;
            let mut nonce = [0; NONCE_BYTES];
            self.entropy.fill(&mut nonce);
            let mut wrapped = nonce.to_vec();
            let sealed = session.encrypt(&Mechanism::AesGcm(parameters(&mut nonce)?), key, plain).map_err(told)?;
            wrapped.extend(sealed);
            Ok(wrapped)
        })
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, HolderError> {
        self.with_session("unwrap", |session| {
            let key = self.find(session)?;
            let (nonce, sealed) = wrapped
                .split_first_chunk::<NONCE_BYTES>()
                .ok_or("the key file is too short; restore it from its backup")?;
            let mut nonce = *nonce;
            let opened = session.decrypt(&Mechanism::AesGcm(parameters(&mut nonce)?), key, sealed);
            opened.map(Zeroizing::new).map_err(|error| {
                format!("{error}; the file was wrapped by another key, or has changed: restore it from its backup")
            })
        })
    }
}

fn parameters(nonce: &mut [u8]) -> Result<GcmParams<'_>, String> {
    GcmParams::new(nonce, PURPOSE, TAG_BITS.into()).map_err(told)
}

#[allow(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn told(error: Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests;
