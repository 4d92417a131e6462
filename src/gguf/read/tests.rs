//! The container: round trips, and files that lie.

use proptest::prelude::*;

use super::super::write::{TensorSpec, Writer};
use super::*;

fn spec(name: &str, shape: &[usize], ggml_type: GgmlType) -> TensorSpec {
    TensorSpec { name: name.into(), shape: shape.to_vec(), ggml_type }
}

fn file(metadata: &[(String, Value)], tensors: &[TensorSpec]) -> Vec<u8> {
    let mut writer = Writer::start(Vec::new(), metadata, tensors).unwrap();
    for (idx, spec) in tensors.iter().enumerate() {
        for chunk in vec![idx as u8 + 1; spec.bytes().unwrap()].chunks(7) {
            writer.data(chunk).unwrap();
        }
    }
    let (bytes, size) = writer.finish().unwrap();
    assert_eq!(bytes.len() as u64, size);
    bytes
}

fn sample() -> (Vec<(String, Value)>, Vec<TensorSpec>) {
    let metadata = [
        ("a.u8", Value::U8(1)),
        ("a.i8", Value::I8(-1)),
        ("a.u16", Value::U16(2)),
        ("a.i16", Value::I16(-2)),
        ("a.u32", Value::U32(3)),
        ("a.i32", Value::I32(-3)),
        ("a.f32", Value::F32(0.5)),
        ("a.bool", Value::Bool(true)),
        ("a.string", Value::String("Grüße\0".into())),
        ("a.strings", Value::strings(["x".into(), String::new()])),
        ("a.i32s", Value::i32s([1, -1])),
        ("a.u64", Value::U64(u64::MAX)),
        ("a.i64", Value::I64(i64::MIN)),
        ("a.f64", Value::F64(-0.25)),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).to_vec();
    let tensors = vec![
        spec("one", &[3], GgmlType::F32),
        spec("two", &[2, 32], GgmlType::Q8_0),
        spec("three", &[1, 256], GgmlType::Q6K),
        spec("four", &[5, 3], GgmlType::F16),
    ];
    (metadata, tensors)
}

#[test]
fn round_trip() {
    let (metadata, tensors) = sample();
    let gguf = Gguf::from_bytes(file(&metadata, &tensors)).unwrap();
    assert_eq!(gguf.metadata(), metadata);
    assert_eq!(gguf.tensors().len(), tensors.len());
    for (idx, spec) in tensors.iter().enumerate() {
        let (entry, bytes) = gguf.tensor(&spec.name).unwrap();
        assert_eq!((&entry.shape, entry.ggml_type), (&spec.shape, spec.ggml_type));
        assert_eq!(bytes, vec![idx as u8 + 1; spec.bytes().unwrap()]);
        assert_eq!(entry.start % 32, 0);
    }
    assert!(gguf.tensor("five").is_none());
    assert_eq!(gguf.need_u64("a.u16").unwrap(), 2);
    assert!(gguf.need_u64("a.i32").is_err() && gguf.need_u64("nope").is_err());
}

#[test]
fn the_writer_refuses_misuse() {
    let two = [spec("x", &[1], GgmlType::F32), spec("x", &[1], GgmlType::F32)];
    assert!(Writer::start(Vec::new(), &[], &two).is_err());
    assert!(Writer::start(Vec::new(), &[], &[spec("x", &[2, 100], GgmlType::Q4K)]).is_err());
    assert!(Writer::start(Vec::new(), &[], &[spec(&"x".repeat(64), &[1], GgmlType::F32)]).is_err());
    let key = ("k".to_owned(), Value::U8(0));
    assert!(Writer::start(Vec::new(), &[key.clone(), key], &[]).is_err());
    let mut writer = Writer::start(Vec::new(), &[], &[spec("x", &[1], GgmlType::F32)]).unwrap();
    assert!(writer.data(&[0; 5]).is_err());
    writer.data(&[0; 3]).unwrap();
    assert!(writer.finish().is_err());
}

#[test]
fn every_truncation_is_an_error() {
    let (metadata, tensors) = sample();
    let whole = file(&metadata, &tensors);
    let data_end = Gguf::from_bytes(whole.clone()).unwrap().tensors().iter().map(|entry| entry.end).max().unwrap();
    for len in 0..whole.len() {
        // Only the padding behind the last tensor may be missing.
        assert_eq!(Gguf::from_bytes(whole[..len].to_vec()).is_ok(), len >= data_end, "{len}");
    }
}

#[test]
fn lying_lengths_neither_panic_nor_allocate() {
    let (metadata, tensors) = sample();
    let whole = file(&metadata, &tensors);
    for at in 0..whole.len().saturating_sub(8) {
        for lie in [u64::MAX, u64::MAX / 2, 1 << 40, 1 << 31, 0] {
            let mut bytes = whole.clone();
            bytes[at..at + 8].copy_from_slice(&lie.to_le_bytes());
            let _ = Gguf::from_bytes(bytes);
        }
    }
}

#[test]
fn offsets_must_be_contiguous_and_names_unique() {
    let whole = file(&[], &[spec("one", &[8], GgmlType::F32), spec("two", &[8], GgmlType::F32)]);
    // The second offset is the last 8 bytes of the header: magic, version, counts (24) + 2 * (8+3+4+8+4+8).
    let second_offset = 24 + 2 * 35 - 8;
    for offset in [0u64, 31, 64] {
        let mut bytes = whole.clone();
        bytes[second_offset..second_offset + 8].copy_from_slice(&offset.to_le_bytes());
        assert!(Gguf::from_bytes(bytes).is_err(), "{offset}");
    }
    let mut bytes = whole;
    bytes[24 + 35 + 8..24 + 35 + 11].copy_from_slice(b"one");
    assert!(Gguf::from_bytes(bytes).unwrap_err().to_string().contains("repeated"));
}

#[test]
fn nested_arrays_and_old_versions_are_refused() {
    let nested = Value::Array(9, vec![Value::strings(["x".into()])]);
    assert!(Gguf::from_bytes(file(&[("a".into(), nested)], &[])).is_err());
    let mut bytes = file(&[], &[]);
    assert!(Gguf::from_bytes(bytes.clone()).is_ok());
    bytes[4] = 1;
    assert!(matches!(Gguf::from_bytes(bytes), Err(GgufError::Unsupported { .. })));
}

proptest! {
    #[test]
    fn noise_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), header in any::<bool>()) {
        if header && bytes.len() > 24 {
            bytes[..8].copy_from_slice(b"GGUF\x03\0\0\0");
            bytes[8..24].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
        }
        let _ = Gguf::from_bytes(bytes);
    }

    #[test]
    fn strings_and_shapes_round_trip(
        key in "[a-z]{1,9}", text in ".{0,40}", columns in 1usize..4, rows in 1usize..5,
    ) {
        let metadata = [(key, Value::String(text))];
        let gguf = Gguf::from_bytes(file(&metadata, &[spec("t", &[rows, columns * 32], GgmlType::Q5_1)])).unwrap();
        prop_assert_eq!(gguf.metadata(), &metadata[..]);
        prop_assert_eq!(&gguf.tensors()[0].shape, &vec![rows, columns * 32]);
    }
}
