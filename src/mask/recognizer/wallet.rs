//! Addresses of cryptocurrencies, by their checksums: Base58Check, Bech32 and Bech32m.

use sha2::{Digest, Sha256};

use super::Recognizer;
use crate::mask::page::Page;
use crate::mask::span::{Entity, Layer, Span};

pub(crate) struct Wallet;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// XRP Ledger, base58 encodings: the same scheme in another order.
const RIPPLE: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// The shortest address, in bytes.
const SHORTEST: usize = 25;

impl Recognizer for Wallet {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        for line in page.lines().iter().filter(|line| line.digits >= 2 && line.end - line.start >= SHORTEST) {
            let bytes = &text.as_bytes()[line.start..line.end];
            let mut start = 0;
            while let Some(head) = bytes.get(start..start + SHORTEST) {
                // Where a word of that length cannot begin is skipped at once.
                if let Some(sign) = head.iter().rposition(|byte| !byte.is_ascii_alphanumeric()) {
                    start += sign + 1;
                    continue;
                }
                let tail = &bytes[start + SHORTEST..];
                let end = start + SHORTEST + tail.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                if wallet(&bytes[start..end]) && !beside(bytes, start, end) {
                    let range = line.start + start..line.start + end;
                    out.push(Span::new(range, Entity::Wallet, 0.97).by(Layer::Checksum, "wallet"));
                }
                start = end + 1;
            }
        }
    }
}

/// Whether a letter of another script or an underscore stands beside.
fn beside(bytes: &[u8], start: usize, end: usize) -> bool {
    let joins = |byte: Option<&u8>| byte.is_some_and(|byte| *byte == b'_');
    joins(start.checked_sub(1).and_then(|before| bytes.get(before))) || joins(bytes.get(end))
}

fn wallet(word: &[u8]) -> bool {
    match word {
        // Ethereum and its kin: twenty bytes. A checksum in the case of letters is optional (EIP-55).
        [b'0', b'x', rest @ ..] => {
            rest.len() == 40 && rest.iter().all(u8::is_ascii_hexdigit) && rest.iter().any(|byte| *byte != b'0')
        }
        [b'b' | b'l' | b't' | b'B' | b'L' | b'T', b'c' | b't' | b'b' | b'C' | b'T' | b'B', ..] if bech32(word) => true,
        // Monero: 95 or 106 signs that begin with 4 or 8; its checksum is Keccak, and nothing else has that length.
        [b'4' | b'8', ..] if matches!(word.len(), 95 | 106) => word.iter().all(|byte| BASE58.contains(byte)),
        [b'r', ..] if word.len() <= 35 => base58check(word, RIPPLE).is_some_and(|version| version == 0),
        [b'1' | b'3' | b'L' | b'M' | b'D' | b'T' | b'X' | b'm' | b'n' | b'2', ..] if word.len() <= 35 => {
            // Bitcoin 0, 5 and its test net 111, 196; Litecoin 48, 50; Dogecoin 30; Tron 65; Dash 76.
            base58check(word, BASE58)
                .is_some_and(|version| matches!(version, 0 | 5 | 30 | 48 | 50 | 65 | 76 | 111 | 196))
        }
        _ => false,
    }
}

/// The version byte of 21 bytes with four bytes of a double SHA-256 behind them.
fn base58check(word: &[u8], alphabet: &[u8; 58]) -> Option<u8> {
    let mut bytes = [0_u8; 25];
    for sign in word {
        let mut carry = alphabet.iter().position(|known| known == sign)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    let (body, sum) = bytes.split_at(21);
    let digest = Sha256::digest(Sha256::digest(body));
    digest.starts_with(sum).then(|| bytes[0])
}

/// BIP 173 and BIP 350.
fn bech32(word: &[u8]) -> bool {
    let lower = word.to_ascii_lowercase();
    if lower != word && word.to_ascii_uppercase() != word {
        return false;
    }
    let Some(mark) = lower.iter().rposition(|byte| *byte == b'1') else { return false };
    let (head, data) = (&lower[..mark], &lower[mark + 1..]);
    if !matches!(head, b"bc" | b"tb" | b"ltc") || data.len() < 14 {
        return false;
    }
    let mut sum = 1_u32;
    let mut take = |value: u32| {
        let top = sum >> 25;
        sum = (sum & 0x01ff_ffff) << 5 ^ value;
        for (bit, generator) in
            [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].into_iter().enumerate()
        {
            if top >> bit & 1 == 1 {
                sum ^= generator;
            }
        }
    };
    head.iter().for_each(|byte| take(u32::from(byte >> 5)));
    take(0);
    head.iter().for_each(|byte| take(u32::from(byte & 31)));
    for byte in data {
        let Some(value) = BECH32.iter().position(|known| known == byte) else { return false };
        take(u32::try_from(value).unwrap_or(0));
    }
    matches!(sum, 1 | 0x2bc8_30a3)
}
