use std::path::Path;

use super::*;
use crate::dataset::stream::{self, Packing};
use crate::id::ContentHash;

fn gather(lines: &str, counter: Option<&dyn TokenCounter>) -> Stats {
    let mut gather = Gather::new(counter);
    let bytes = std::io::Cursor::new(lines.to_owned().into_bytes());
    let _ = gather.file(stream::text(Path::new("x.jsonl"), Packing::Plain, Box::new(bytes)), &mut |_| {});
    gather.finish()
}

struct Words;

impl TokenCounter for Words {
    fn count(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }
    fn hash(&self) -> ContentHash {
        ContentHash::of(b"words")
    }
}

const ROWS: &str = concat!(
    r#"{"id":"a","instruction":"How many ships?","context":"","response":"Two ships.","split":"train","source":"s","span":[0,10],"teacher":"t","cost_usd":0.5,"tokens_instruction":4,"tokens_context":0,"tokens_response":3}"#,
    "\n",
    r#"{"id":"b","instruction":"How many ships?","context":"","response":"Two ships.","split":"test","source":"s","span":[5,20],"teacher":"t","cost_usd":0.25,"tokens_instruction":4,"tokens_context":0,"tokens_response":3}"#,
    "\nnot json\n",
    r#"{"id":"c","instruction":"How many ships?","context":"","response":"Three.","split":"train","source":"s","span":[30,40],"teacher":"u","cost_usd":0.25,"tokens_instruction":4,"tokens_context":0,"tokens_response":2}"#,
    "\n",
    r#"{"id":"d","instruction":"Why?","context":"","response":"","split":"train","source":"q","span":[3,1],"teacher":"u","tokens_instruction":2,"tokens_context":0,"tokens_response":0}"#,
    "\n",
);

#[test]
fn everything_is_counted() {
    let stats = gather(ROWS, None);
    assert_eq!((stats.rows, stats.bad_rows), (4, 1));
    let d = stats.duplicates;
    assert_eq!((d.rows, d.groups, d.prompts, d.prompt_groups), (1, 1, 2, 1));
    assert_eq!(stats.splits, BTreeMap::from([("test".to_owned(), 1), ("train".to_owned(), 3)]));
    assert_eq!(stats.teachers, BTreeMap::from([("t".to_owned(), 2), ("u".to_owned(), 2)]));
    assert_eq!(stats.question_types, BTreeMap::from([("quantity".to_owned(), 3), ("reason".to_owned(), 1)]));
    assert_eq!(stats.cost_usd, Some(1.0));
    let s = &stats.sources[0];
    assert_eq!((s.source.as_str(), s.rows, s.covered_bytes, s.to_byte), ("s", 3, 30, 40));
    assert_eq!(stats.sources[1].covered_bytes, 0); // a span that ends before it begins covers nothing
    let fields: Vec<_> =
        stats.fields.iter().map(|f| (f.field.as_str(), f.unit, f.min, f.median, f.max, f.empty)).collect();
    assert_eq!(
        fields,
        [("instruction", "tokens", 2, 4, 4, 0), ("context", "tokens", 0, 0, 0, 4), ("response", "tokens", 0, 2, 3, 1)]
    );
    // A tokenizer that is not the one of the stored counts counts again.
    assert_eq!(gather(ROWS, Some(&Words)).fields[0].median, 3);
    // Without counts and tokenizer there are characters.
    let plain = gather("{\"prompt\":\"añb\",\"completion\":\"x\"}", None);
    assert_eq!((plain.fields[0].unit, plain.fields[0].max), ("characters", 3));
}

#[test]
fn texts_of_rows_are_nowhere() {
    let rows = "{\"messages\":[{\"role\":\"user\",\"content\":\"Say <zanzibar>\"},{\"role\":\"assistant\",\"content\":\"zanzibar\"}],\"teacher\":\"<b>\u{9b}\"}";
    let stats = gather(rows, None);
    for shown in [text(&stats), page(&stats), serde_json::to_string(&stats).unwrap()] {
        assert!(!shown.contains("zanzibar"));
    }
    assert!(page(&stats).contains("&lt;b&gt;") && !page(&stats).contains("<b>\u{9b}"));
    assert!(!text(&stats).contains('\u{9b}'));
    assert!(text(&stats).contains("qa prompt in characters: min 14"));
    // Rows of no known layout, and none at all.
    for odd in ["{\"x\":1}\n{\"x\":1}\n", ""] {
        let stats = gather(odd, None);
        assert_eq!(stats.duplicates.rows, stats.rows / 2);
        assert!(page(&stats).contains("unknown") && text(&stats).contains("no known layout"));
    }
}

#[test]
fn histograms_are_exact_where_it_matters() {
    let mut lengths = Histogram::default();
    (0..1000).for_each(|length| lengths.add(length));
    assert_eq!((lengths.quantile(0.5), lengths.quantile(0.95), lengths.max()), (499, 949, 999));
    assert_eq!(lengths.bins().len(), 10);
    assert_eq!(lengths.bins()[0], Bin { from: 0, to: 99, count: 100 });
    lengths.add(1_000_000);
    let bins = lengths.bins();
    assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), 1001);
    assert_eq!(bins.last().map(|bin| (bin.count, bin.to)), Some((1, 1_000_000)));
    let mut many = Histogram::default();
    (0..300_000).for_each(|length| many.add(length * 1_000_003));
    assert!(many.counts.len() < 40_000 && many.quantile(0.5).abs_diff(150_000 * 1_000_003) < 150_000 * 1_000);
    assert_eq!(Histogram::default().bins(), []);
}

#[test]
fn spans_that_touch_are_one() {
    let check = |spans: &[(u64, u64)], expected: u64| {
        let mut covered = Covered::default();
        spans.iter().for_each(|(start, end)| covered.cover(*start, *end));
        assert_eq!(covered.finish(String::new()).covered_bytes, expected, "{spans:?}");
    };
    check(&[(0, 5), (5, 9)], 9);
    check(&[(0, 5), (6, 9)], 8);
    check(&[(10, 20), (0, 5), (4, 11)], 20);
    check(&[(0, 100), (10, 20)], 100);
    check(&[(10, 20), (0, 100)], 100);
}
