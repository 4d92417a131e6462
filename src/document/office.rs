//! Files of office programs of before 2007, and encrypted ones of today: told apart, never read.

use super::DocumentError;

/// How a compound file begins.
const MAGIC: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// Refuses compound files by what their directory names.
pub(super) fn check(bytes: &[u8]) -> Result<(), DocumentError> {
    if !bytes.starts_with(&MAGIC) {
        return Ok(());
    }
    Err(if names(bytes, "EncryptedPackage") {
        DocumentError::Password
    } else if names(bytes, "WordDocument") {
        DocumentError::OldWord
    } else {
        DocumentError::OldOffice
    })
}

/// Whether the directory, which is UTF-16, holds a name.
fn names(bytes: &[u8], name: &str) -> bool {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_files_are_told_apart() {
        let file = |name: &str| {
            let name = name.encode_utf16().flat_map(u16::to_le_bytes);
            MAGIC.into_iter().chain([0; 600]).chain(name).collect::<Vec<u8>>()
        };
        assert_eq!(check(&file("EncryptedPackage")), Err(DocumentError::Password));
        assert_eq!(check(&file("WordDocument")), Err(DocumentError::OldWord));
        assert_eq!(check(&file("Workbook")), Err(DocumentError::OldOffice));
        assert_eq!(check(b"words"), Ok(()));
    }
}
