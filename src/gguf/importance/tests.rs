//! Both forms in, one form out, and files that lie.

use super::*;

fn gathered() -> Importance {
    let mut importance = Importance::default();
    assert!(importance.add("blk.0.attn_q.weight", &[1.0, 4.0, 9.0], 2.0));
    assert!(importance.add("blk.0.attn_q.weight", &[3.0, 0.0, 1.0], 2.0));
    assert!(importance.add("blk.0.ffn_down.weight", &[0.5], 1.0));
    importance.describe(vec!["rows.jsonl".to_owned(), "more".to_owned()], 3, 512);
    importance
}

fn bytes(importance: &Importance) -> Vec<u8> {
    importance.write(Vec::new()).unwrap()
}

fn read(bytes: Vec<u8>) -> Result<Importance, GgufError> {
    Importance::from_gguf(&Gguf::from_bytes(bytes)?)
}

fn file(tensors: &[(&str, GgmlType, &[f32])]) -> Vec<u8> {
    let spec = |(name, ggml_type, values): &(&str, GgmlType, &[f32])| TensorSpec {
        name: (*name).to_owned(),
        shape: vec![values.len() * 4 / ggml_type.block_bytes()],
        ggml_type: *ggml_type,
    };
    let specs: Vec<TensorSpec> = tensors.iter().map(spec).collect();
    let mut writer = Writer::start(Vec::new(), &[], &specs).unwrap();
    for (_, _, values) in tensors {
        writer.data(&values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
    }
    writer.finish().unwrap().0
}

fn problem(bytes: Vec<u8>) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn means_are_sums_over_tokens() {
    let mut importance = gathered();
    assert_eq!(importance.get("blk.0.attn_q.weight"), Some(&[1.0, 1.0, 2.5][..]));
    assert_eq!(importance.get("blk.0.ffn_down.weight"), Some(&[0.5][..]));
    assert_eq!(importance.get("output.weight"), None);
    assert!(!importance.add("blk.0.ffn_down.weight", &[1.0, 1.0], 1.0), "another width");
    assert_eq!(importance, gathered());
    let names: Vec<(&str, f64)> = importance.entries().map(|(name, entry)| (name, entry.tokens())).collect();
    assert_eq!(names, [("blk.0.attn_q.weight", 4.0), ("blk.0.ffn_down.weight", 1.0)]);
}

#[test]
fn a_file_comes_back() {
    let importance = gathered();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("importance.gguf");
    importance.save(&path).unwrap();
    let back = Importance::open(&path).unwrap();
    assert_eq!(back, importance);
    assert_eq!((back.chunks(), back.chunk_size, back.len()), (3, 512, 2));
    assert_eq!(back.datasets(), ["rows.jsonl", "more"]);
    // And again over the old one; what other tools see are llama.cpp's keys and names.
    back.save(&path).unwrap();
    let gguf = Gguf::open(&path).unwrap();
    assert_eq!(gguf.get_str("general.type"), Some("imatrix"));
    assert_eq!(gguf.need_u64("imatrix.chunk_count").unwrap(), 3);
    let (entry, _) = gguf.tensor("blk.0.attn_q.weight.in_sum2").unwrap();
    assert_eq!((entry.shape.as_slice(), entry.ggml_type), (&[1, 3][..], GgmlType::F32));
    assert_eq!(gguf.tensor("blk.0.attn_q.weight.counts").unwrap().1, 4.0f32.to_le_bytes());
    let error = Importance::open(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(error, GgufError::Hub(_)), "{error}");
}

#[test]
fn several_matrices_have_a_count_each() {
    let f32s = GgmlType::F32;
    let experts = file(&[("e.in_sum2", f32s, &[2.0, 4.0, 7.0, 7.0]), ("e.counts", f32s, &[2.0, 0.0])]);
    let importance = read(experts).unwrap();
    assert_eq!(importance.get("e"), Some(&[1.0, 2.0, 1.0, 1.0][..]), "no tokens: all columns alike");
    assert_eq!(read(bytes(&importance)).unwrap().get("e"), importance.get("e"));
}

#[test]
fn entries_that_cannot_be_are_named() {
    let f32s = GgmlType::F32;
    let one: (&str, GgmlType, &[f32]) = ("a.counts", f32s, &[1.0]);
    assert!(problem(file(&[one])).contains("`a` has sums or counts, not both"));
    assert!(problem(file(&[("a.in_sum2", GgmlType::F16, &[1.0]), one])).contains("`a.in_sum2` is F16"));
    for bad in [f32::NAN, f32::INFINITY, -1.0] {
        assert!(problem(file(&[("a.in_sum2", f32s, &[1.0, bad]), one])).contains("`a` has a sum or count"), "{bad}");
    }
    let uneven = file(&[("a.in_sum2", f32s, &[1.0, 2.0, 3.0]), ("a.counts", f32s, &[1.0, 1.0])]);
    assert!(problem(uneven).contains("`a` has 3 sums and 2 counts"));
    assert!(problem(file(&[("blk.0.attn_q.weight", f32s, &[1.0])])).contains("no entries"), "a model is no matrix");
    let all = problem(file(&[("a.in_sum2", f32s, &[-1.0]), one, ("b.counts", f32s, &[1.0])]));
    assert!(all.contains("`a`") && all.contains("`b`"), "every problem at once: {all}");
    let whole = bytes(&gathered());
    for len in 0..whole.len() - 28 {
        assert!(read(whole[..len].to_vec()).is_err(), "cut at {len}");
    }
}

/// The old form, as llama-imatrix wrote it.
fn legacy(entries: &[(&str, i32, &[f32])], end: Option<(i32, &str)>) -> Vec<u8> {
    let mut out = (entries.len() as i32).to_le_bytes().to_vec();
    for (name, calls, values) in entries {
        out.extend((name.len() as i32).to_le_bytes());
        out.extend(name.as_bytes());
        out.extend(calls.to_le_bytes());
        out.extend((values.len() as i32).to_le_bytes());
        out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }
    if let Some((chunks, dataset)) = end {
        out.extend(chunks.to_le_bytes());
        out.extend((dataset.len() as i32).to_le_bytes());
        out.extend(dataset.as_bytes());
    }
    out
}

#[test]
fn the_old_form_is_read() {
    let entries: [(&str, i32, &[f32]); 2] = [("blk.0.attn_q.weight", 4, &[2.0, 8.0]), ("x", 0, &[3.0])];
    let importance = Importance::from_legacy(&legacy(&entries, Some((7, "wiki.txt")))).unwrap();
    assert_eq!(importance.get("blk.0.attn_q.weight"), Some(&[0.5, 2.0][..]));
    assert_eq!(importance.get("x"), Some(&[3.0][..]), "without calls values are means");
    assert_eq!((importance.chunks(), importance.datasets()), (7, &["wiki.txt".to_owned()][..]));
    let older = Importance::from_legacy(&legacy(&entries, None)).unwrap();
    assert_eq!((older.len(), older.chunks()), (2, 0));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("importance.dat");
    std::fs::write(&path, legacy(&entries, Some((7, "wiki.txt")))).unwrap();
    assert_eq!(Importance::open(&path).unwrap(), importance);
}

#[test]
fn old_files_that_lie_are_refused() {
    let entries: [(&str, i32, &[f32]); 2] = [("blk.0.attn_q.weight", 4, &[2.0, 8.0]), ("x", 0, &[3.0])];
    let whole = legacy(&entries, Some((7, "wiki.txt")));
    let without_end = legacy(&entries, None).len();
    for len in (0..whole.len()).filter(|&len| len != without_end) {
        assert!(Importance::from_legacy(&whole[..len]).is_err(), "cut at {len}");
    }
    // Counts of entries, letters, calls and values, beyond the file and below zero.
    for at in [0, 4, 27, 31] {
        for lie in [i32::MAX, -1, i32::MIN] {
            // Any number of calls is possible, if it is one.
            if (at, lie) != (27, i32::MAX) {
                let mut bytes = whole.clone();
                bytes[at..at + 4].copy_from_slice(&lie.to_le_bytes());
                assert!(Importance::from_legacy(&bytes).is_err(), "{lie} at {at}");
            }
        }
    }
    let long = "x".repeat(64);
    let long = Importance::from_legacy(&legacy(&[(&long, 1, &[1.0])], None)).unwrap_err();
    assert!(long.to_string().contains("64 bytes"), "{long}");
    // 70,000 entries in a file that has room for them.
    let names: Vec<String> = (0..70_000).map(|no| format!("{no}")).collect();
    let many: Vec<(&str, i32, &[f32])> = names.iter().map(|name| (name.as_str(), 1, &[1.0][..])).collect();
    assert!(Importance::from_legacy(&legacy(&many, None)).unwrap_err().to_string().contains("70000 entries"));
    let twice: [(&str, i32, &[f32]); 2] = [("x", 1, &[1.0]), ("x", 1, &[1.0])];
    assert!(Importance::from_legacy(&legacy(&twice, None)).unwrap_err().to_string().contains("`x` twice"));
    let none: [(&str, i32, &[f32]); 1] = [("x", 1, &[f32::NAN])];
    assert!(Importance::from_legacy(&legacy(&none, None)).is_err());
    assert!(Importance::from_legacy(&[0; 64]).is_err(), "no entries");
}

/// Both forms with some thousand deterministic changes; `MUTATIONS` in the environment asks for more of them.
#[test]
fn changed_files_are_refused_or_work() {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let rounds = std::env::var("MUTATIONS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4000);
    let entries: [(&str, i32, &[f32]); 3] =
        [("blk.0.attn_q.weight", 4, &[2.0, 8.0]), ("x", 0, &[3.0]), ("output.weight", 1, &[0.0; 5])];
    let old = legacy(&entries, Some((7, "wiki.txt")));
    let new = bytes(&Importance::from_legacy(&old).unwrap());
    for (whole, is_gguf) in [(new, true), (old, false)] {
        let (mut opened, mut refused) = (0, 0);
        for _ in 0..rounds {
            let mut changed = whole.clone();
            for _ in 0..=random() % 3 {
                let at = random() as usize % changed.len();
                let len = [1, 2, 4, 8][random() as usize % 4].min(changed.len() - at);
                changed[at..at + len].fill([random() as u8, 0, 0xFF, 0x7F, 1][random() as usize % 5]);
            }
            let at = random() as usize % changed.len();
            let piece = at..(at + random() as usize % 64).min(changed.len());
            match random() % 8 {
                0 => changed.truncate(at),
                1 => drop(changed.drain(piece)),
                2 => {
                    let again = changed[piece].to_vec();
                    changed.splice(at..at, again);
                }
                _ => {}
            }
            let Ok(importance) = (if is_gguf { read(changed) } else { Importance::from_legacy(&changed) }) else {
                refused += 1;
                continue;
            };
            opened += 1;
            assert!(!importance.is_empty());
            for (name, entry) in importance.entries() {
                assert_eq!(entry.means().len(), entry.sums.len());
                assert!(entry.means().iter().all(|mean| *mean >= 0.0), "`{name}` {entry:?}");
            }
            // What was read can be written and is the same when it comes back, but for what f32 cannot hold.
            if let Ok(written) = importance.write(Vec::new()) {
                let back = read(written).unwrap();
                assert_eq!((back.len(), back.datasets()), (importance.len(), importance.datasets()));
            }
        }
        assert!(opened > 100 && refused > 1000, "{opened} {refused}");
    }
}
