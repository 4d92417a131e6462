//! Against brute force, and against hostile rows.

use std::collections::BTreeMap;

use super::hash::mix;
use super::*;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((u128::from(mix(self.0)) * u128::from(n)) >> 64) as u64
    }

    /// A word: often one of few, sometimes one of many, as in a language.
    fn word(&mut self, vocabulary: u64) -> u64 {
        let most = vocabulary >> self.below(u64::from(vocabulary.ilog2()));
        mix(self.below(most.max(1)))
    }

    /// Lists of which some repeat an earlier one with a few words changed, and some begin alike.
    fn lists(&mut self, count: usize, length: u64, vocabulary: u64) -> Vec<Vec<u64>> {
        let mut lists: Vec<Vec<u64>> = vec![];
        for _ in 0..count {
            let words = 1 + length / 2 + self.below(length);
            let mut list: Vec<u64> = (0..words).map(|_| self.word(vocabulary)).collect();
            match self.below(10) {
                0..3 if !lists.is_empty() => {
                    list = lists[self.below(lists.len() as u64) as usize].clone();
                    for _ in 0..self.below(2 + length / 4) {
                        let at = self.below(list.len().max(1) as u64) as usize;
                        match self.below(3) {
                            0 if !list.is_empty() => list[at] = self.word(vocabulary),
                            1 if list.len() > 1 => drop(list.remove(at)),
                            _ => list.insert(at, self.word(vocabulary)),
                        }
                    }
                }
                3 => list
                    .iter_mut()
                    .take(length as usize / 2)
                    .enumerate()
                    .for_each(|(i, w)| *w = mix(1 << 40 | i as u64)),
                4 => list.truncate(self.below(3) as usize),
                _ => {}
            }
            lists.push(list);
        }
        lists
    }
}

fn rouge(a: &[u64], b: &[u64]) -> f64 {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    if a.is_empty() || b.is_empty() { 0.0 } else { 2.0 * f64::from(row[b.len()]) / (a.len() + b.len()) as f64 }
}

fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let set = |words: &[u64]| {
        let runs = words.windows(words.len().min(3)).map(|run| run.iter().fold(1, |h, word| mix(h ^ word)));
        runs.collect::<std::collections::HashSet<u64>>()
    };
    let (a, b) = (set(a), set(b));
    let common = a.intersection(&b).count();
    common as f64 / (a.len() + b.len() - common) as f64
}

type Likeness = fn(&[u64], &[u64]) -> f64;

/// How alike every list and every earlier one are.
fn scores(lists: &[Vec<u64>], likeness: Likeness) -> Vec<Vec<f64>> {
    lists.iter().enumerate().map(|(i, list)| lists[..i].iter().map(|other| likeness(list, other)).collect()).collect()
}

/// What the documentation says, pair by pair.
fn brute(lists: &[Vec<u64>], settings: Settings, scores: &[Vec<f64>]) -> Vec<Near> {
    let mut found: Vec<Near> = vec![];
    let mut first = vec![true; lists.len()];
    for (i, list) in lists.iter().enumerate() {
        let alike = || (0..i).filter(|j| scores[i][*j] + 1e-9 >= settings.threshold);
        first[i] = alike().next().is_none();
        let equal = !list.is_empty() && lists[..i].contains(list);
        if let Some(of) = alike().find(|j| first[*j]).or(alike().next())
            && (settings.equal || !equal)
        {
            found.push(Near { row: number(i), of: number(of), likeness: scores[i][of] });
        }
    }
    found
}

/// Callers' numbers: a table and a row.
fn number(i: usize) -> u64 {
    ((i / 100) as u64) << 40 | (i % 100) as u64
}

fn prompts(lists: &[Vec<u64>], settings: Settings) -> Vec<Near> {
    let mut prompts = Prompts::new(settings);
    lists.iter().enumerate().for_each(|(i, list)| prompts.push(number(i), list).unwrap());
    collect(prompts.finish().unwrap())
}

fn rows(lists: &[Vec<u64>], settings: Settings) -> Vec<Near> {
    let mut rows = Rows::new(settings);
    lists.iter().enumerate().for_each(|(i, list)| rows.push(number(i), list).unwrap());
    collect(rows.finish().unwrap())
}

fn collect(matches: impl Matches) -> Vec<Near> {
    let total = matches.total();
    let found: Vec<Near> = matches.map(Result::unwrap).collect();
    assert_eq!(found.len() as u64, total);
    found
}

fn same(got: &[Near], expected: &[Near]) {
    for (got, expected) in got.iter().zip(expected) {
        let near = got.row == expected.row && got.of == expected.of && (got.likeness - expected.likeness).abs() < 1e-9;
        assert!(near, "{got:?} instead of {expected:?}");
    }
    assert_eq!(got.len(), expected.len());
}

#[test]
fn few_are_compared_exactly() {
    let mut random = Random(1);
    for (length, vocabulary) in [(4, 30), (12, 20), (12, 3000), (40, 500), (150, 100)] {
        let lists = random.lists(if length < 40 { 300 } else { 120 }, length, vocabulary);
        let (asked, whole) = (scores(&lists, rouge), scores(&lists, jaccard));
        for (threshold, equal) in [(0.7, true), (0.8, false), (0.5, true), (1.0, true)] {
            let settings = Settings { equal, ..Settings::new(threshold) };
            same(&prompts(&lists, settings), &brute(&lists, settings, &asked));
            same(&rows(&lists, settings), &brute(&lists, settings, &whole));
        }
    }
}

/// By keys, nothing is invented, nearly nothing is missed, and what spills comes back.
#[test]
fn many_are_found_by_keys() {
    let mut random = Random(2);
    let (mut hits, mut all) = ([0, 0], [0, 0]);
    for (length, vocabulary) in [(6, 300), (12, 3000), (60, 3000)] {
        let lists = random.lists(1500, length, vocabulary);
        for (at, compare, likeness, threshold) in
            [(0, prompts as fn(&[Vec<u64>], Settings) -> Vec<Near>, rouge as Likeness, 0.7), (1, rows, jaccard, 0.8)]
        {
            let exact = Settings::new(threshold);
            let keyed = Settings { exact_up_to: 0, ..exact };
            let expected: BTreeMap<u64, Near> = compare(&lists, exact).into_iter().map(|n| (n.row, n)).collect();
            let got = compare(&lists, keyed);
            same(&compare(&lists, keyed), &got);
            same(&compare(&lists, Settings { budget: 0, ..keyed }), &got);
            same(&compare(&lists, Settings { budget: 0, ..exact }), &expected.values().copied().collect::<Vec<_>>());
            for near in &got {
                assert!(expected.contains_key(&near.row));
                let list = |n: u64| &lists[(n >> 40) as usize * 100 + (n & 0xff) as usize];
                assert!((likeness(list(near.row), list(near.of)) - near.likeness).abs() < 1e-9);
            }
            hits[at] += got.len();
            all[at] += expected.len();
        }
    }
    assert!(all[0] > 900 && hits[0] * 100 >= all[0] * 97, "{hits:?} of {all:?}");
    assert!(all[1] > 300 && hits[1] * 100 >= all[1] * 97, "{hits:?} of {all:?}");
}

#[test]
fn a_cluster_is_named_by_its_first() {
    let lists: Vec<Vec<u64>> = (0..3000).map(|i| (0..12).map(|w| if w == 5 { mix(i) } else { w }).collect()).collect();
    for settings in [Settings::new(0.7), Settings { exact_up_to: 0, ..Settings::new(0.7) }] {
        let found = prompts(&lists, settings);
        assert_eq!(found.len(), 2999);
        assert!(found.iter().all(|near| near.of == 0 && (near.likeness - 11.0 / 12.0).abs() < 1e-9));
    }
    // A chain: the third is like the second alone.
    let chain: Vec<Vec<u64>> = [0..10, 3..13, 6..16].into_iter().map(Iterator::collect).collect();
    for settings in [Settings::new(0.7), Settings { exact_up_to: 0, ..Settings::new(0.7) }] {
        let pairs: Vec<_> = prompts(&chain, settings).into_iter().map(|near| (near.row, near.of)).collect();
        assert_eq!(pairs, [(1, 0), (2, 1)]);
    }
}

#[test]
fn equal_rows_can_be_left_out() {
    let lists = vec![vec![1, 2, 3, 4], vec![1, 2, 3, 4], vec![1, 2, 3, 5], vec![1, 2, 3, 5], vec![], vec![]];
    for exact_up_to in [0, 100] {
        let all = prompts(&lists, Settings { exact_up_to, ..Settings::new(0.7) });
        let found: Vec<_> = all.iter().map(|n| (n.row, n.of, n.likeness)).collect();
        assert_eq!(found, [(1, 0, 1.0), (2, 0, 0.75), (3, 0, 0.75)]);
        let some = prompts(&lists, Settings { exact_up_to, equal: false, ..Settings::new(0.7) });
        assert_eq!(some.iter().map(|n| n.row).collect::<Vec<_>>(), [2]);
    }
}

#[test]
fn hostile_rows_end_in_time() {
    let long = |seed: u64| (0..100_000).map(|i| mix((i / 3) ^ (seed << 40))).collect::<Vec<u64>>();
    let mut random = Random(3);
    let sets: Vec<Vec<Vec<u64>>> = vec![
        vec![vec![]; 3000],
        vec![vec![7; 20]; 30_000],
        (0..30_000).map(|i| vec![i % 3]).collect(),
        (0..30_000).map(|_| vec![random.below(1000), random.below(1000)]).collect(),
        // One opening for all, with and without room for an own end.
        (0..30_000).map(|i| (0..12).map(|w| if w < 6 { w } else { mix(i << 8 | w) }).collect()).collect(),
        (0..30_000).map(|i| (0..12).map(|w| if w < 8 { w } else { mix(i << 8 | w) }).collect()).collect(),
        vec![long(1), long(2), long(1), vec![], long(3)],
        (0..30_000).map(|i| vec![i; i as usize % 40]).collect(),
    ];
    let expected = [0, 29_999, 29_997, usize::MAX, 0, 0, 1, usize::MAX];
    for (lists, expected) in sets.iter().zip(expected) {
        let start = std::time::Instant::now();
        let (near, alike) = (prompts(lists, Settings::new(0.7)).len(), rows(lists, Settings::new(0.8)).len());
        let mut overlap = Overlap::new(OverlapSettings::default());
        for (i, list) in lists.iter().enumerate() {
            overlap.push(number(i), i % 5 == 2, list, list).unwrap();
        }
        let mut given = 0;
        overlap.finish(|_| given += 1).unwrap();
        if expected != usize::MAX {
            assert_eq!((near, alike), (expected, expected));
            assert!(given <= lists.len().div_ceil(5) && (given > 0) == (expected > 0), "{given}");
        }
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }
}

/// What a training row's prompt and text have in common with a held-out one.
type Enough<'a> = dyn Fn(&[u64], &[u64]) -> Option<Shared> + 'a;

fn overlaps(lists: &[(bool, Vec<u64>, Vec<u64>)], settings: OverlapSettings) -> Vec<Given> {
    let mut overlap = Overlap::new(settings);
    for (i, (held, prompt, text)) in lists.iter().enumerate() {
        overlap.push(number(i), *held, prompt, text).unwrap();
    }
    let mut found = vec![];
    overlap.finish(|given| found.push(given)).unwrap();
    found
}

#[test]
fn held_out_rows_are_given_away_as_by_brute_force() {
    let mut random = Random(4);
    let (first, second) = (random.lists(500, 10, 600), random.lists(500, 50, 600));
    let mut lists: Vec<(bool, Vec<u64>, Vec<u64>)> =
        first.into_iter().zip(second).map(|(prompt, text)| (random.below(4) == 0, prompt, text)).collect();
    for _ in 0..60 {
        // Twelve words of one in another.
        let (from, to) = (random.below(500) as usize, random.below(500) as usize);
        let run: Vec<u64> = lists[from].2.iter().copied().take(13).collect();
        lists[to].2.extend(run);
    }
    let defaults = OverlapSettings::default();
    let prompt_runs = OverlapSettings { run: 4, run_in_prompt: true, ..defaults };
    for settings in [defaults, prompt_runs, OverlapSettings { run: 0, ..defaults }] {
        let trained = || lists.iter().enumerate().filter(|(_, list)| !list.0);
        let first = |enough: &Enough<'_>| trained().find_map(|(i, list)| Some((number(i), enough(&list.1, &list.2)?)));
        let mut expected = vec![];
        for (i, (_, prompt, text)) in lists.iter().enumerate().filter(|(_, list)| list.0) {
            let likely = |score: f64, least: f64| (score + 1e-9 >= least).then_some(score);
            let run = if settings.run_in_prompt { prompt } else { text };
            let width = settings.run;
            let found = first(&|p, _| likely(rouge(prompt, p), settings.prompt).map(Shared::Prompt))
                .or_else(|| first(&|_, t| likely(jaccard(text, t), settings.row).map(Shared::Row)))
                .or_else(|| {
                    first(&|_, t| {
                        let shared = width > 0 && run.windows(width).any(|a| t.windows(width).any(|b| a == b));
                        shared.then_some(Shared::Run(width))
                    })
                });
            expected.extend(found.map(|(by, shared)| Given { row: number(i), by, shared }));
        }
        let kinds = |kind: fn(&Shared) -> bool| expected.iter().filter(|given| kind(&given.shared)).count();
        assert!(kinds(|s| matches!(s, Shared::Prompt(_))) > 10 && kinds(|s| matches!(s, Shared::Row(_))) > 5);
        assert!(settings.run == 0 || kinds(|s| matches!(s, Shared::Run(_))) > 2);
        let got = overlaps(&lists, settings);
        assert_eq!(
            got.iter().map(|g| (g.row, g.by)).collect::<Vec<_>>(),
            expected.iter().map(|g| (g.row, g.by)).collect::<Vec<_>>()
        );
        for (got, expected) in got.iter().zip(&expected) {
            match (got.shared, expected.shared) {
                (Shared::Prompt(a), Shared::Prompt(b)) | (Shared::Row(a), Shared::Row(b)) => {
                    assert!((a - b).abs() < 1e-9)
                }
                (a, b) => assert_eq!(a, b),
            }
        }
        // By keys and from disk, none is invented and few are missed; runs are exact.
        let keyed = overlaps(&lists, OverlapSettings { budget: 1 << 12, ..settings });
        assert!(keyed.iter().all(|near| got.iter().any(|other| other.row == near.row)));
        assert!(keyed.len() * 100 >= got.len() * 90, "{} of {}", keyed.len(), got.len());
        let alike = keyed.iter().filter(|near| got.contains(near)).count();
        assert!(alike * 100 >= got.len() * 85, "{alike} of {}", got.len());
    }
}

#[test]
fn structures_can_be_sent_to_threads() {
    fn sent<T: Send>(_: &T) {}
    sent(&Prompts::new(Settings::new(0.7)));
    sent(&Rows::new(Settings::new(0.8)));
    sent(&Overlap::new(OverlapSettings::default()));
    sent(&Sorter::<3>::new(0));
}
