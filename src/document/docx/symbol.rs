//! Characters of symbol fonts, which Word keeps as places in the font.

/// The character that a place in a font shows; `None` for ornaments.
pub(super) fn symbol(font: &str, code: &str) -> Option<char> {
    let code = u32::from_str_radix(code, 16).ok()?;
    let font = font.to_ascii_lowercase();
    // Symbol fonts lie in a private range; the last byte is the place.
    let place = if (0xF000..=0xF0FF).contains(&code) { code - 0xF000 } else { code };
    match font.as_str() {
        "symbol" => greek(place),
        "wingdings" => dingbat(place),
        font if font.starts_with("wingdings") || font.starts_with("webdings") => None,
        _ => char::from_u32(code).filter(|c| !('\u{E000}'..='\u{F8FF}').contains(c) && !c.is_control()),
    }
}

fn dingbat(place: u32) -> Option<char> {
    Some(match place {
        0x28 | 0x29 => '☎',
        0x2A | 0x2B => '✉',
        0x4A => '☺',
        0x6C | 0x9F | 0xA7 => '•',
        0x6F | 0xA8 => '☐',
        0xDF => '←',
        0xE0 => '→',
        0xFB | 0xFD => '☒',
        0xFC => '✓',
        0xFE => '☑',
        _ => return None,
    })
}

fn greek(place: u32) -> Option<char> {
    const CAPITALS: &str = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ";
    const SMALL: &str = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ";
    match place {
        0x41..=0x5A => CAPITALS.chars().nth((place - 0x41) as usize),
        0x61..=0x7A => SMALL.chars().nth((place - 0x61) as usize),
        0xB7 => Some('•'),
        0xA3 => Some('≤'),
        0xB3 => Some('≥'),
        0xB0 => Some('°'),
        0xB1 => Some('±'),
        0xB4 => Some('×'),
        0xAE => Some('→'),
        0xA5 => Some('∞'),
        0xBB => Some('≈'),
        0xB9 => Some('≠'),
        0x20..=0x40 => char::from_u32(place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::symbol;

    #[test]
    fn places() {
        assert_eq!(symbol("Wingdings", "F028"), Some('☎'));
        assert_eq!(symbol("Symbol", "F061"), Some('α'));
        assert_eq!(symbol("Symbol", "F0B7"), Some('•'));
        assert_eq!(symbol("Webdings", "F0FC"), None);
        assert_eq!(symbol("Arial", "00E9"), Some('é'));
        assert_eq!(symbol("Arial", "F0E9"), None);
        assert_eq!(symbol("", "x"), None);
    }
}
