//! Sizes of files on the command line.

/// Bytes of `2GB`, `500MB`, `2GiB` or `2000000`: files are measured in the units of disks, powers of ten, unless the
/// unit says otherwise. Memory is not; for that there is `plan::device::memory_size`.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn file_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(format!("`{unit}` is no unit; 2GB, 500MB or 2GiB")),
    };
    match number.parse::<f64>() {
        Ok(n) if n > 0.0 && n * factor as f64 >= 1.0 && n.is_finite() => Ok((n * factor as f64) as u64),
        _ => Err("is no size; 2GB, 500MB or 2GiB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [("2GB", 2_000_000_000), ("1.5 gib", 3 << 29), ("500MB", 500_000_000), ("7", 7)] {
            assert_eq!(file_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "GB", "0", "-1GB", "2TBx", "nan", "1e3"] {
            assert!(file_size(text).is_err(), "{text}");
        }
    }
}
