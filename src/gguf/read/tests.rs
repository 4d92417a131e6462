//! The container: round trips, and files that lie.

use proptest::prelude::*;

use super::super::write::{TensorSpec, Writer, plan_splits, split_metadata, split_path};
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

/// A set of files by the writer's own plan; returns the path of the first.
fn set(dir: &Path, max_bytes: u64) -> (PathBuf, Vec<TensorSpec>) {
    let (metadata, tensors) = sample();
    let plan = plan_splits(&tensors, max_bytes).unwrap();
    for (no, range) in plan.iter().enumerate() {
        let keys = split_metadata(&metadata, no, plan.len(), tensors.len());
        std::fs::write(split_path(&dir.join("m.gguf"), no, plan.len()), file(&keys, &tensors[range.clone()])).unwrap();
    }
    (split_path(&dir.join("m.gguf"), 0, plan.len()), tensors)
}

#[test]
fn sets_of_files_are_one_model() {
    let dir = tempfile::tempdir().unwrap();
    // 32, 96, 224 and 32 bytes with their padding.
    for (max_bytes, files) in [(0, 4), (100, 4), (128, 3), (256, 2), (1 << 20, 1)] {
        let (first, tensors) = set(dir.path(), max_bytes);
        assert!(first.ends_with(format!("m-00001-of-{files:05}.gguf")), "{}", first.display());
        let gguf = Gguf::open(&first).unwrap();
        assert_eq!(gguf.need_u64("a.u16").unwrap(), 2);
        assert_eq!(gguf.tensors().len(), tensors.len());
        for spec in &tensors {
            let (entry, bytes) = gguf.tensor(&spec.name).unwrap();
            assert_eq!((&entry.shape, bytes.len()), (&spec.shape, spec.bytes().unwrap()));
        }
    }
    let sizes =
        |max| plan_splits(&sample().1, max).unwrap().iter().map(std::iter::ExactSizeIterator::len).collect::<Vec<_>>();
    assert_eq!((sizes(0), sizes(128), sizes(256)), (vec![1; 4], vec![2, 1, 1], vec![2, 2]));
    assert_eq!(plan_splits(&[], 1).unwrap().len(), 1);
}

#[test]
fn broken_sets_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = set(dir.path(), 128);
    let second = split_path(&dir.path().join("m.gguf"), 1, 3);
    let error = |path: &Path| Gguf::open(path).unwrap_err().to_string();
    assert!(error(&second).contains("open the first of the 3 files"));
    assert!(Gguf::from_bytes(std::fs::read(&first).unwrap()).unwrap_err().to_string().contains("one of 3 files"));
    let renamed = dir.path().join("other.gguf");
    std::fs::copy(&first, &renamed).unwrap();
    assert!(error(&renamed).contains("NAME-00001-of-00003.gguf"));
    // A file of the set in another's place, then none at all.
    let good = std::fs::read(&second).unwrap();
    std::fs::copy(&first, &second).unwrap();
    assert!(error(&first).contains("another set or place"));
    std::fs::write(&second, &good[..good.len() / 2]).unwrap();
    assert!(Gguf::open(&first).is_err());
    std::fs::remove_file(&second).unwrap();
    assert!(matches!(Gguf::open(&first), Err(GgufError::Hub(_))));
    // The same tensor twice, and a count that lies.
    let third = split_path(&dir.path().join("m.gguf"), 2, 3);
    std::fs::write(&second, &good).unwrap();
    let (metadata, tensors) = sample();
    let write =
        |keys: Vec<(String, Value)>, tensors: &[TensorSpec]| std::fs::write(&third, file(&keys, tensors)).unwrap();
    write(split_metadata(&metadata, 2, 3, 4), &tensors[..1]);
    assert!(error(&first).contains("stands in two files"));
    write(split_metadata(&metadata, 2, 3, 4), &[]);
    assert!(error(&first).contains("the files hold 3"));
    let lie = |no: u64| {
        vec![
            ("split.count".to_owned(), Value::U64(no)),
            ("split.no".to_owned(), Value::U64(0)),
            ("split.tensors.count".to_owned(), Value::I32(-1)),
        ]
    };
    for no in [2, u64::MAX] {
        assert!(matches!(Gguf::from_bytes(file(&lie(no), &[])), Err(GgufError::Metadata { .. })));
    }
}

#[test]
fn names_and_arrays_have_limits() {
    let string = |len: u64, text: &[u8]| [&len.to_le_bytes()[..], text].concat();
    let header = |tensors: u64, keys: u64, rest: &[u8]| {
        [b"GGUF\x03\0\0\0", &tensors.to_le_bytes()[..], &keys.to_le_bytes()[..], rest].concat()
    };
    let refused = |bytes: Vec<u8>, part: &str| {
        let error = Gguf::from_bytes(bytes).unwrap_err().to_string();
        assert!(error.contains(part) && error.len() < 300, "{error}");
    };
    let key = |key: &[u8], rest: &[u8]| [string(key.len() as u64, key), rest.to_vec()].concat();
    refused(header(0, 1, &key(b"", &[7, 0, 0, 0, 1, 1])), "expected 1 to");
    refused(header(0, 1, &key(&[b'k'; 70_000], &[7, 0, 0, 0, 1])), "70000 bytes");
    refused(header(0, 1, &key(b"\xff\xfe", &[7, 0, 0, 0, 1])), "not UTF-8");
    refused(header(0, 1, &key(b"k", &[13, 0, 0, 0, 1])), "value type 13");
    let twice = [key(&[b'k'; 1000], &[7, 0, 0, 0, 1]), key(&[b'k'; 1000], &[7, 0, 0, 0, 1])].concat();
    refused(header(0, 2, &twice), "is repeated");
    // An array of a billion elements in few bytes.
    let array = |element: u32, len: u64| [&9u32.to_le_bytes()[..], &element.to_le_bytes(), &len.to_le_bytes()].concat();
    refused(header(0, 1, &key(b"k", &array(8, 1 << 30))), "cannot be in");
    let tensor = |name: &[u8], dims: &[u64], type_id: u32, offset: u64| {
        let dims_bytes: Vec<u8> = dims.iter().flat_map(|dim| dim.to_le_bytes()).collect();
        [
            key(name, &(dims.len() as u32).to_le_bytes()),
            dims_bytes,
            type_id.to_le_bytes().to_vec(),
            offset.to_le_bytes().to_vec(),
            vec![0; 64],
        ]
        .concat()
    };
    refused(header(1, 0, &tensor(&[b't'; 64], &[1], 0, 0)), "64 bytes");
    refused(header(1, 0, &tensor(b"t", &[0], 0, 0)), "impossible dimension");
    refused(header(1, 0, &tensor(b"t", &[u64::MAX], 0, 0)), "cannot be");
    refused(header(1, 0, &tensor(b"t", &[1 << 40, 1 << 40], 0, 0)), "cannot be");
    refused(header(1, 0, &tensor(b"t", &[1; 5], 0, 0)), "5 dimensions");
    refused(header(1, 0, &tensor(b"t", &[], 0, 0)), "0 dimensions");
    refused(header(1, 0, &tensor(b"t", &[1], 0, 32)), "starts at 32");
    refused(header(1, 0, &tensor(b"t", &[1 << 30], 0, 0)), "beyond the end");
    refused(header(1, 0, &tensor(b"t", &[1], 999, 0)), "ggml type 999");
    refused(header(1, 0, &tensor(b"t", &[33], 8, 0)), "cannot be Q8_0");
    refused(header(u64::MAX, 0, &[0; 100]), "tensors cannot be");
    refused(header(0, 1 << 15, &[0; 100]), "metadata keys cannot be");
    for alignment in [Value::U32(0), Value::U32(3), Value::U32(1 << 21), Value::I32(-32), Value::String("32".into())] {
        let keys = [("general.alignment".to_owned(), alignment)];
        refused(file(&keys, &[]), "general.alignment");
    }
}

/// A file's start, as text or numbers that [`Writer`] would take too long to check.
#[derive(Default)]
struct Header {
    keys: u64,
    tensors: u64,
    bytes: Vec<u8>,
}

impl Header {
    fn string(&mut self, text: &str) {
        self.bytes.extend((text.len() as u64).to_le_bytes());
        self.bytes.extend(text.as_bytes());
    }

    fn array(&mut self, key: &str, element_type: u32, len: usize) {
        self.keys += 1;
        self.string(key);
        self.bytes.extend([9u32.to_le_bytes(), element_type.to_le_bytes()].concat());
        self.bytes.extend((len as u64).to_le_bytes());
    }

    /// An array of numbers that are all 0.
    fn zeros(&mut self, key: &str, element_type: u32, len: usize, size: usize) {
        self.array(key, element_type, len);
        self.bytes.resize(self.bytes.len() + len * size, 0);
    }

    fn strings(&mut self, key: &str, len: usize, text: impl Fn(usize) -> String) {
        self.array(key, 8, len);
        (0..len).for_each(|no| self.string(&text(no)));
    }

    fn flag(&mut self, key: &str) {
        self.keys += 1;
        self.string(key);
        self.bytes.extend([7, 0, 0, 0, 1]);
    }

    fn tensor(&mut self, name: &str) {
        self.string(name);
        self.bytes.extend(1u32.to_le_bytes());
        self.bytes.extend(1u64.to_le_bytes());
        self.bytes.extend(0u32.to_le_bytes());
        self.bytes.extend((32 * self.tensors).to_le_bytes());
        self.tensors += 1;
    }

    fn file(self) -> Vec<u8> {
        let counts = [self.tensors.to_le_bytes(), self.keys.to_le_bytes()].concat();
        let data = vec![0; 32 + 32 * self.tensors as usize];
        [b"GGUF\x03\0\0\0".to_vec(), counts, self.bytes, data].concat()
    }
}

fn header(fill: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = Header::default();
    fill(&mut header);
    header.file()
}

/// Bytes that a parsed file holds beside the file: what its vectors, strings and tables have room for.
fn held(gguf: &Gguf) -> usize {
    fn room(value: &Value) -> usize {
        match value {
            Value::String(text) => text.capacity(),
            Value::Array(_, items) => items.capacity() * size_of::<Value>() + items.iter().map(room).sum::<usize>(),
            _ => 0,
        }
    }
    let keys = gguf.metadata.iter().map(|(key, held)| 2 * key.capacity() + room(held));
    let names =
        gguf.tensors.iter().map(|entry| 2 * entry.name.capacity() + entry.shape.capacity() * size_of::<usize>());
    keys.chain(names).sum::<usize>()
        + gguf.metadata.capacity() * size_of::<(String, Value)>()
        + gguf.tensors.capacity() * size_of::<TensorEntry>()
        + (gguf.key_idx.capacity() + gguf.tensor_idx.len()) * size_of::<(String, usize)>()
}

#[test]
fn a_hostile_header_costs_three_times_its_file() {
    let no = |no: usize| format!("{no}");
    let one = |_: usize| "x".to_owned();
    let cases: [(&str, Vec<u8>, bool); 9] = [
        ("bytes", header(|h| (0..24).for_each(|n| h.zeros(&no(n), 0, 1 << 20, 1))), false),
        ("few bytes", header(|h| (0..2).for_each(|n| h.zeros(&no(n), 0, 1 << 20, 1))), true),
        ("one array of bytes", header(|h| h.zeros("k", 0, 5 << 20, 1)), false),
        ("halves", header(|h| (0..64).for_each(|n| h.zeros(&no(n), 2, 1 << 17, 2))), false),
        ("floats", header(|h| h.zeros("k", 6, 9 << 20, 4)), false),
        ("one letter each", header(|h| h.strings("k", 2 << 20, one)), false),
        ("keys", header(|h| (0..MAX_ENTRIES).for_each(|n| h.flag(&no(n)))), true),
        ("tensors", header(|h| (0..MAX_ENTRIES).for_each(|n| h.tensor(&no(n)))), true),
        ("long keys", header(|h| (0..100).for_each(|n| h.flag(&no(n).repeat(30_000)))), true),
    ];
    for (what, bytes, readable) in cases {
        let most = (3 * bytes.len()).max(MIN_BUDGET);
        match Gguf::from_bytes(bytes) {
            Ok(gguf) => assert!(readable && held(&gguf) <= most, "{what}: {} of {most}", held(&gguf)),
            Err(error) => assert!(!readable && error.to_string().contains("cannot be held"), "{what}: {error}"),
        }
    }
}

/// A file of a vocabulary alone, with byte-level tokens of some seven letters.
#[test]
fn the_largest_vocabularies_are_read() {
    for (tokens, merges) in [(128_256, 280_147), (262_144, 514_906)] {
        let bytes = header(|h| {
            h.strings("tokenizer.ggml.tokens", tokens, |no| format!("\u{120}{no}"));
            h.zeros("tokenizer.ggml.scores", 6, tokens, 4);
            h.zeros("tokenizer.ggml.token_type", 5, tokens, 4);
            h.strings("tokenizer.ggml.merges", merges, |no| format!("\u{120}{no} in"));
        });
        let gguf = Gguf::from_bytes(bytes).unwrap();
        assert_eq!(gguf.need_strings("tokenizer.ggml.tokens").unwrap().len(), tokens);
        assert_eq!(gguf.get("tokenizer.ggml.token_type").and_then(Value::as_array).map(<[_]>::len), Some(tokens));
        assert!(held(&gguf) <= MIN_BUDGET, "{}", held(&gguf));
    }
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
