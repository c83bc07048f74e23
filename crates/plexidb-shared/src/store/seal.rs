//! Encryption and authentication of entries under a secret, and names that tell nothing.
//!
//! Invariant: no two entries are encrypted under the same key and nonce. Every entry has a key of its own, derived from the secret and
//! 192 random bits, so that no number of entries wears the secret out.

use std::iter;

use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{aead, hkdf, hmac};
use secrecy::{ExposeSecret as _, SecretString};

use super::entry::EntryKey;
use super::port::StoreKey;

#[cfg(test)]
mod tests;

/// The fewest bytes of a secret. A shorter one could be guessed from a single entry.
const SECRET_BYTES_MIN: usize = 16;
const SALT: &[u8] = b"plexidb shared tier 1";
const KEY_ID_BYTES: usize = 4;
const SEED_BYTES: usize = 24;

/// What stands before the sealed bytes: the key's id and the seed of the entry's own key.
const HEADER_BYTES: usize = KEY_ID_BYTES + SEED_BYTES;

/// Why a secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Too short to protect anything.
    #[error(
        "the secret has {bytes} bytes, it needs at least {SECRET_BYTES_MIN}: use a random one, such as `openssl rand -base64 32` prints"
    )]
    TooShort {
        /// What it has.
        bytes: usize,
    },
    /// The same secret is given twice.
    #[error("the same secret is given twice")]
    Twice,
}

/// The keys of one namespace: the first seals and names, all of them open.
#[derive(Debug)]
pub(super) struct Keyring {
    first: SealingKey,
    others: Box<[SealingKey]>,
    random: SystemRandom,
}

struct SealingKey {
    id: [u8; KEY_ID_BYTES],
    sealing: hkdf::Prk,
    naming: hmac::Key,
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An entry that cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsealable;

impl Keyring {
    /// Derives the keys of `namespace` from these secrets; without a secret there is no keyring.
    ///
    /// # Errors
    ///
    /// [`SecretError`], which does not quote the secret.
    pub(super) fn new(secrets: &[SecretString], namespace: &str) -> Result<Option<Self>, SecretError> {
        let mut keys: Vec<SealingKey> = Vec::with_capacity(secrets.len());
        for secret in secrets {
            let key = SealingKey::derive(secret, namespace)?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(SecretError::Twice);
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        Ok(keys.next().map(|first| Self {
            first,
            others: keys.collect(),
            random: SystemRandom::new(),
        }))
    }

    /// The names of an entry, one a key, the first key's first: while secrets are being changed, entries of both are found.
    pub(super) fn names<'a>(&'a self, layout: u8, key: &'a EntryKey) -> impl Iterator<Item = StoreKey> + 'a {
        self.keys().map(move |sealing| sealing.name(layout, key))
    }

    /// The name under which an entry is put.
    pub(super) fn name(&self, layout: u8, key: &EntryKey) -> StoreKey {
        self.first.name(layout, key)
    }

    fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        iter::once(&self.first).chain(&self.others)
    }

    /// Appends the sealed form of `plain`. `bound` is authenticated along with it: it must be the same when the entry is opened.
    ///
    /// `None` where the system has no random bits; such an entry must not be stored.
    pub(super) fn seal(&self, bound: &[u8], mut plain: Vec<u8>, out: &mut Vec<u8>) -> Option<()> {
        let mut seed = [0; SEED_BYTES];
        self.random.fill(&mut seed).ok()?;
        self.first
            .entry_key(&seed)?
            .seal_in_place_append_tag(nonce(), aead::Aad::from(bound), &mut plain)
            .ok()?;
        out.reserve(HEADER_BYTES + plain.len());
        out.extend_from_slice(&self.first.id);
        out.extend_from_slice(&seed);
        out.extend_from_slice(&plain);
        Some(())
    }

    /// Opens what [`seal`](Self::seal) has written under one of the keys.
    pub(super) fn open(&self, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (id, rest) = sealed.split_first_chunk::<KEY_ID_BYTES>().ok_or(Unsealable)?;
        let (seed, sealed) = rest.split_first_chunk::<SEED_BYTES>().ok_or(Unsealable)?;
        let key = self.keys().find(|key| key.id == *id).ok_or(Unsealable)?;
        let key = key.entry_key(seed).ok_or(Unsealable)?;
        let mut plain = sealed.to_vec();
        let len = key
            .open_in_place(nonce(), aead::Aad::from(bound), &mut plain)
            .map_err(|_| Unsealable)?
            .len();
        plain.truncate(len);
        Ok(plain)
    }
}

/// Each key seals one entry only, so its nonce is always the first.
fn nonce() -> aead::Nonce {
    aead::Nonce::assume_unique_for_key([0; aead::NONCE_LEN])
}

impl SealingKey {
    fn derive(secret: &SecretString, namespace: &str) -> Result<Self, SecretError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < SECRET_BYTES_MIN {
            return Err(SecretError::TooShort { bytes: secret.len() });
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&derived(&root, b"id", namespace)[..KEY_ID_BYTES]);
        Ok(Self {
            id,
            sealing: hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &derived(&root, b"seal", namespace)),
            naming: hmac::Key::new(hmac::HMAC_SHA256, &derived(&root, b"name", namespace)),
        })
    }

    fn name(&self, layout: u8, key: &EntryKey) -> StoreKey {
        let mut context = hmac::Context::with_key(&self.naming);
        context.update(&[layout]);
        context.update(key.bytes());
        let tag = context.sign();
        let mut name = [0; 16];
        name.copy_from_slice(&tag.as_ref()[..16]);
        StoreKey(name)
    }

    fn entry_key(&self, seed: &[u8; SEED_BYTES]) -> Option<aead::LessSafeKey> {
        let info: [&[u8]; 1] = [seed];
        let okm = self.sealing.expand(&info, &aead::AES_256_GCM).ok()?;
        Some(aead::LessSafeKey::new(aead::UnboundKey::from(okm)))
    }
}

/// 32 bytes for one purpose in one namespace.
#[expect(
    clippy::expect_used,
    reason = "HKDF refuses only lengths over 255 hashes, and 32 bytes are one"
)]
fn derived(root: &hkdf::Prk, purpose: &[u8], namespace: &str) -> [u8; 32] {
    let info = [purpose, b" ", namespace.as_bytes()];
    let mut bytes = [0; 32];
    root.expand(&info, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut bytes))
        .expect("one hash is never too long");
    bytes
}
