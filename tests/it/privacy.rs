//! `distill mask` through the program: nothing that the vault holds is left in what it writes.

use std::collections::BTreeMap;
use std::path::Path;

use distill::mask::Vault;
use distill::pipeline::{mask_documents, read_documents};
use distill::settings::{Layers, Settings};

use crate::support::{canaries, files, root, run};

/// The posts and the résumé of the invented person, under names that say whose they are.
fn sources(dir: &Path) {
    std::fs::create_dir_all(dir.join("posts")).unwrap();
    std::fs::copy(root("fixtures/persona/resume.md"), dir.join("zdenka-morvaille-cv.md")).unwrap();
    for path in files(&root("fixtures/persona/posts")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        std::fs::copy(&path, dir.join("posts").join(format!("Zdenka Morvaille {name}"))).unwrap();
    }
}

/// Every name, file and word of output, by where it was found.
fn artifacts(out: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for path in files(out) {
        let name = path.strip_prefix(out).unwrap().to_string_lossy().into_owned();
        all.insert(name, std::fs::read_to_string(&path).unwrap());
    }
    let names = all.keys().cloned().collect::<Vec<_>>().join("\n");
    all.insert("the names of files".into(), names);
    all
}

/// Whether `value` stands in `text` by itself.
fn holds(text: &str, value: &str) -> bool {
    let (first, last) = (value.chars().next(), value.chars().next_back());
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(value).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + value.len()..].chars().next());
        !(letter(before) && letter(first) || letter(after) && letter(last))
    })
}

fn forbidden(sources: &Path) -> Vec<String> {
    let settings = Settings::resolve(&Layers::defaults().unwrap()).unwrap();
    let read = read_documents(&[sources.to_owned()]).unwrap();
    let masked = mask_documents(&read.documents, read.failed, &settings.persona, None, Vault::default()).unwrap();
    masked.forbidden().into_iter().filter(|value| value.chars().count() >= 4).collect()
}

#[test]
fn no_artifact_of_mask_holds_a_value() {
    let dir = tempfile::tempdir().unwrap();
    sources(&dir.path().join("sources"));
    let mut values = forbidden(&dir.path().join("sources"));
    assert!(values.len() > 20, "{} values", values.len());
    values.extend(canaries());
    for report in ["text", "json", "html"] {
        let out = format!("out-{report}");
        let report = format!("--report={report}");
        let done = run(&["mask", "sources", "-o", &out, "--vault", "vault.json", &report], dir.path()).expect(0);
        let mut all = artifacts(&dir.path().join(&out));
        assert!(all.len() > 17, "{:?}", all.keys());
        all.insert("what it said".into(), done.said());
        for (place, text) in &all {
            for value in &values {
                assert!(!holds(text, value), "{report}: {value:?} is left in {place}");
            }
        }
    }
    // The same on standard output, and the reports that go there.
    for arguments in [vec![], vec!["--report=text"], vec!["--report=json"], vec!["--report=html"]] {
        let said = run(&[vec!["mask", "sources"], arguments.clone()].concat(), dir.path()).expect(0).said();
        for value in &values {
            assert!(!holds(&said, value), "{arguments:?}: {value:?} is left");
        }
    }
}

/// A guard that never fires guards nothing.
#[test]
fn what_is_revealed_on_purpose_is_seen_by_this_test() {
    let dir = tempfile::tempdir().unwrap();
    sources(&dir.path().join("sources"));
    let values = forbidden(&dir.path().join("sources"));
    let said = run(&["mask", "sources", "--report=json", "--reveal"], dir.path()).expect(0).out;
    assert!(values.iter().filter(|value| holds(&said, value)).count() * 10 > values.len() * 9);
}
