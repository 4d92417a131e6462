//! A file that only a passphrase opens: XChaCha20-Poly1305 under a key that Argon2id makes of it.
//!
//! One line of JSON says how the key is made, then the ciphertext follows. The line is authenticated with it, so a
//! file whose parameters were changed does not open.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How every such file begins.
const MARK: &[u8] = b"{\"sealed\":";
/// The layout written today.
const VERSION: u32 = 1;
const CIPHER: &str = "xchacha20poly1305";
const DERIVATION: &str = "argon2id";
/// The second recommendation of RFC 9106: about a tenth of a second on a laptop.
const COST: Cost = Cost { memory_kib: 64 << 10, passes: 3, lanes: 4 };
/// What a file may ask for: a hostile one must not take all memory or all day.
const MOST: Cost = Cost { memory_kib: 1 << 20, passes: 32, lanes: 16 };

/// Why a file could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// These two cannot be told apart.
    #[error("the passphrase is wrong, or the file was changed or damaged")]
    Closed,
    /// The first line is not one that this program writes.
    #[error("the first line of the encrypted file is damaged")]
    Header,
    /// Written by a later version of this program.
    #[error("the file is encrypted in version {0}, only {VERSION} is known here")]
    Version(u32),
    /// The parameters are out of bounds.
    #[error("the file asks for more memory or time than is sensible to make the key")]
    Cost,
    /// No random numbers, or no memory.
    #[error("the system gave no random numbers or too little memory")]
    System,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

#[derive(Serialize, Deserialize)]
struct Header {
    sealed: u32,
    cipher: String,
    derivation: String,
    #[serde(flatten)]
    cost: Cost,
    salt: String,
    nonce: String,
}

/// The key of one file. It is wiped from memory when it is dropped.
pub struct Key {
    key: Zeroizing<[u8; 32]>,
    salt: [u8; 16],
    cost: Cost,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// Whether these are the bytes of such a file.
#[must_use]
pub fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK)
}

/// How the file is sealed, in words.
///
/// # Errors
/// As [`Key::open`], but for what only the passphrase tells.
pub fn describe(bytes: &[u8]) -> Result<String, SealError> {
    let (header, _, _) = parts(bytes)?;
    let Cost { memory_kib, passes, lanes } = header.cost;
    Ok(format!("{CIPHER}, {DERIVATION} over {} MiB in {passes} passes and {lanes} lanes", memory_kib >> 10))
}

impl Key {
    /// A key for a new file.
    ///
    /// # Errors
    /// [`SealError::System`].
    pub fn new(passphrase: &str) -> Result<Self, SealError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| SealError::System)?;
        Self::derive(passphrase, salt, COST)
    }

    /// The key of a file that is there, and what is in it.
    ///
    /// # Errors
    /// A wrong passphrase, a file that was changed, a header that is none.
    pub fn open(bytes: &[u8], passphrase: &str) -> Result<(Self, Zeroizing<Vec<u8>>), SealError> {
        let (header, line, sealed) = parts(bytes)?;
        let (salt, nonce) = (array(&header.salt)?, array::<24>(&header.nonce)?);
        let key = Self::derive(passphrase, salt, header.cost)?;
        let plain = key
            .cipher()
            .decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: line })
            .map_err(|_| SealError::Closed)?;
        Ok((key, Zeroizing::new(plain)))
    }

    /// The bytes of the file. Each time another nonce is drawn.
    ///
    /// # Errors
    /// [`SealError::System`].
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| SealError::System)?;
        let header = Header {
            sealed: VERSION,
            cipher: CIPHER.to_owned(),
            derivation: DERIVATION.to_owned(),
            cost: self.cost,
            salt: hex(&self.salt),
            nonce: hex(&nonce),
        };
        let mut bytes = serde_json::to_vec(&header).map_err(|_| SealError::System)?;
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &bytes })
            .map_err(|_| SealError::System)?;
        bytes.push(b'\n');
        bytes.extend(sealed);
        Ok(bytes)
    }

    fn derive(passphrase: &str, salt: [u8; 16], cost: Cost) -> Result<Self, SealError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| SealError::Cost)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &salt, key.as_mut_slice())
            .map_err(|_| SealError::System)?;
        Ok(Self { key, salt, cost })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.key).into())
    }
}

/// The header, its bytes, and the ciphertext.
fn parts(bytes: &[u8]) -> Result<(Header, &[u8], &[u8]), SealError> {
    let end = bytes.iter().take(1024).position(|byte| *byte == b'\n').ok_or(SealError::Header)?;
    let (line, sealed) = (&bytes[..end], &bytes[end + 1..]);
    let header: Header = serde_json::from_slice(line).map_err(|_| SealError::Header)?;
    if header.sealed != VERSION {
        return Err(SealError::Version(header.sealed));
    }
    if header.cipher != CIPHER || header.derivation != DERIVATION {
        return Err(SealError::Header);
    }
    let Cost { memory_kib, passes, lanes } = header.cost;
    if memory_kib > MOST.memory_kib || passes > MOST.passes || lanes > MOST.lanes {
        return Err(SealError::Cost);
    }
    Ok((header, line, sealed))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn array<const N: usize>(hex: &str) -> Result<[u8; N], SealError> {
    let mut out = [0; N];
    for (index, byte) in out.iter_mut().enumerate() {
        let digits = hex.get(index * 2..index * 2 + 2).filter(|_| hex.len() == N * 2).ok_or(SealError::Header)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| SealError::Header)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_passphrase_opens_and_every_byte_counts() {
        let key = Key::new("correct horse").unwrap();
        let sealed = key.seal(b"{\"version\":1}").unwrap();
        assert!(is_sealed(&sealed) && !is_sealed(b"{\n  \"version\": 1"));
        assert!(describe(&sealed).unwrap().contains("64 MiB"));
        let (again, plain) = Key::open(&sealed, "correct horse").unwrap();
        assert_eq!(plain.as_slice(), b"{\"version\":1}");
        assert_ne!(again.seal(&plain).unwrap(), sealed, "a nonce is used once");
        assert_eq!(Key::open(&sealed, "wrong horse").err(), Some(SealError::Closed));
        // In the salt, in a parameter, in the ciphertext, in the tag.
        let header = sealed.iter().position(|byte| *byte == b'\n').unwrap();
        let lanes = sealed.windows(8).position(|bytes| bytes == b"lanes\":4").unwrap() + 7;
        for at in [header - 4, lanes, header + 3, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(Key::open(&changed, "correct horse").is_err(), "byte {at}");
        }
        assert_eq!(Key::open(&sealed[..header], "correct horse").err(), Some(SealError::Header));
        assert_eq!(Key::open(&sealed[..header + 5], "correct horse").err(), Some(SealError::Closed));
    }

    #[test]
    fn hostile_parameters_are_refused_before_any_work() {
        let line = |version: u32, memory: u32| {
            let (salt, nonce) = ("00".repeat(16), "00".repeat(24));
            format!(
                "{{\"sealed\":{version},\"cipher\":\"{CIPHER}\",\"derivation\":\"{DERIVATION}\",\"memory_kib\":{memory},\"passes\":3,\"lanes\":4,\"salt\":\"{salt}\",\"nonce\":\"{nonce}\"}}\nx"
            )
        };
        assert_eq!(Key::open(line(1, u32::MAX).as_bytes(), "p").err(), Some(SealError::Cost));
        assert_eq!(Key::open(line(2, 64).as_bytes(), "p").err(), Some(SealError::Version(2)));
        assert_eq!(Key::open(line(1, 1).as_bytes(), "p").err(), Some(SealError::Cost));
        assert_eq!(Key::open(b"{\"sealed\":1}\n", "p").err(), Some(SealError::Header));
    }
}
