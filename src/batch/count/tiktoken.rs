//! The encodings of `tiktoken`, by name.

use tiktoken_rs::CoreBPE;

use super::bpe::{Bpe, Map, Merges, NONE};
use super::split::Pattern;

/// Every token of an encoding, its rank being its id.
pub(super) fn read(name: &str) -> Option<(Pattern, Bpe)> {
    let gpt2 = Pattern::Gpt2;
    let (core, pattern): (&CoreBPE, _) = match name {
        "o200k_base" => (tiktoken_rs::o200k_base_singleton(), Pattern::O200k),
        "o200k_harmony" => (tiktoken_rs::o200k_harmony_singleton(), Pattern::O200k),
        "cl100k_base" => (tiktoken_rs::cl100k_base_singleton(), Pattern::Cl100k { digits: 3, keeps_end: true }),
        "p50k_base" => (tiktoken_rs::p50k_base_singleton(), gpt2),
        "p50k_edit" => (tiktoken_rs::p50k_edit_singleton(), gpt2),
        "r50k_base" | "gpt2" => (tiktoken_rs::r50k_base_singleton(), gpt2),
        _ => return None,
    };
    let special = core.special_tokens();
    let mut tokens: Map<Box<[u8]>, u32> = Map::default();
    let mut bytes = [NONE; 256];
    // The crate does not say how many tokens there are, and control tokens lie in between and behind. More ids in a
    // row than this are never without a token.
    const LARGEST_GAP: u32 = 4096;
    let (mut id, mut gap) = (0, 0);
    while gap < LARGEST_GAP {
        match core.decode_bytes(&[id]) {
            Ok(token) if !std::str::from_utf8(&token).is_ok_and(|text| special.contains(text)) => {
                if let [byte] = *token {
                    bytes[usize::from(byte)] = id;
                }
                tokens.insert(token.into_boxed_slice(), id);
                gap = 0;
            }
            _ => gap += 1,
        }
        id += 1;
    }
    Some((pattern, Bpe { bytes, unknown: None, tokens, merges: Merges::Bytes }))
}
