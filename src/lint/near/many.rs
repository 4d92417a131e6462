//! Held-out rows that a training row gives away, when there are too many to look up in memory: one sort of the keys of
//! both.

use super::buckets::{Leads, mark, possible};
use super::hash::{Counts, mix, sequence};
use super::measure::{Jaccard, Measure, RougeL, run_set};
use super::overlap::{Given, OverlapSettings, Shared, long_runs, run_words, split};
use super::store::Sealed;
use super::{Flags, NONE};
use crate::Error;
use crate::edge::spill::Sorter;

/// Held-out rows of one key that training rows are compared with: the first.
const MOST: usize = 16;

/// What a key is of, in its lowest bits but one; the lowest one is set for training rows, so that they come last.
const RUN_KEY: u64 = 0;
const SET_KEY: u64 = 2;
const PROMPT_KEY: u64 = 4;
const KINDS: u64 = 6;

/// Keys that some held-out row has, and a few others.
struct Filter {
    bits: Flags,
    mask: u64,
}

impl Filter {
    fn new(budget: usize) -> Self {
        let bits = (budget.max(1 << 12) * 8 / 2 + 1).next_power_of_two();
        Self { bits: Flags::new(bits), mask: bits as u64 - 1 }
    }

    /// Both places of a key: two of the three for each.
    const fn places(&self, key: u64) -> [usize; 2] {
        [(key >> 4 & self.mask) as usize, (key.rotate_right(35) & self.mask) as usize]
    }

    fn add(&mut self, key: u64) {
        self.places(key).into_iter().for_each(|place| self.bits.set(place));
    }

    fn has(&self, key: u64) -> bool {
        self.places(key).into_iter().all(|place| self.bits.get(place))
    }
}

/// For each held-out row the first with the same list, so that each list is compared once.
struct Firsts(Vec<u32>);

impl Firsts {
    fn new(sorter: Sorter<2>, rows: usize) -> Result<Self, Error> {
        let mut firsts = vec![NONE; rows];
        let mut first = None;
        for record in sorter.finish()? {
            let [hash, row] = record?;
            match first {
                Some((same, of)) if same == hash => firsts[row as usize] = of,
                _ => {
                    first = Some((hash, row as u32));
                    firsts[row as usize] = row as u32;
                }
            }
        }
        Ok(Self(firsts))
    }
}

/// Finds what [`super::Overlap`] promises.
pub(super) struct Many {
    settings: OverlapSettings,
    rouge: RougeL,
    jaccard: Jaccard,
    prompts: Firsts,
    sets: Firsts,
    /// The first training row found for each held-out one, by kind of key.
    run_by: Vec<u32>,
    set_by: Vec<u32>,
    prompt_by: Vec<u32>,
}

impl Many {
    pub(super) fn new(settings: OverlapSettings, held: &mut Sealed) -> Result<Self, Error> {
        let budget = settings.budget / 6;
        let (mut prompts, mut sets) = (Sorter::new(budget), Sorter::new(budget));
        let (mut row, mut set) = (vec![], vec![]);
        for number in 0..held.len() as u32 {
            held.get(number, &mut row)?;
            let (prompt, text) = split(&row);
            run_set(text, &mut set);
            for (list, sorter) in [(prompt, &mut prompts), (&set, &mut sets)] {
                if !list.is_empty() {
                    sorter.push([sequence(list.iter().map(|word| u64::from(*word))), u64::from(number)])?;
                }
            }
        }
        let count = held.len();
        Ok(Self {
            settings,
            rouge: RougeL::new(settings.prompt),
            jaccard: Jaccard::new(settings.row),
            prompts: Firsts::new(prompts, count)?,
            sets: Firsts::new(sets, count)?,
            run_by: vec![NONE; count],
            set_by: vec![NONE; count],
            prompt_by: vec![NONE; count],
        })
    }

    /// Compares everything with everything that has a key in common.
    pub(super) fn compare(
        &mut self,
        held: &mut Sealed,
        trained: &mut Sealed,
        words: &Counts,
        counted: &Counts,
    ) -> Result<(), Error> {
        let third = self.settings.budget / 3;
        let (mut filter, mut sorter) = (Filter::new(third), Sorter::<2>::new(third));
        let (mut row, mut set, mut keys, mut order) = (vec![], vec![], vec![], vec![]);
        for number in 0..held.len() as u32 {
            held.get(number, &mut row)?;
            let (prompt, text) = split(&row);
            let value = u64::from(number) << 32;
            let mut add = |key: u64, kind: u64, mark: u32| {
                let key = key & !7 | kind;
                filter.add(key);
                sorter.push([key, value | u64::from(mark)])
            };
            for run in long_runs(run_words(&self.settings, &row), self.settings.run) {
                add(run, RUN_KEY, 0)?;
            }
            if self.sets.0[number as usize] == number {
                run_set(text, &mut set);
                let mark = mark(&set);
                counted.sort(&mut set, &mut order);
                let looked_up = (set.len() + 1).saturating_sub(self.jaccard.least(set.len()));
                for run in set.iter().take(looked_up) {
                    add(mix(u64::from(*run)), SET_KEY, mark)?;
                }
            }
            if self.prompts.0[number as usize] == number {
                keys.clear();
                self.rouge.keys(prompt, words, &mut keys);
                let mark = mark(self.rouge.last_tokens());
                for key in &keys {
                    add(*key, PROMPT_KEY, mark)?;
                }
            }
        }
        for number in 0..trained.len() as u32 {
            trained.get(number, &mut row)?;
            let (prompt, text) = split(&row);
            let value = u64::from(number) << 32;
            let mut add = |key: u64, kind: u64, mark: u32| {
                let key = key & !7 | kind;
                if filter.has(key) { sorter.push([key | 1, value | u64::from(mark)]) } else { Ok(()) }
            };
            for run in long_runs(text, self.settings.run) {
                add(run, RUN_KEY, 0)?;
            }
            run_set(text, &mut set);
            let mark_of_set = mark(&set);
            for run in &set {
                add(mix(u64::from(*run)), SET_KEY, mark_of_set)?;
            }
            if !prompt.is_empty() {
                keys.clear();
                self.rouge.keys(prompt, words, &mut keys);
                let mark = mark(self.rouge.last_tokens());
                for key in &keys {
                    add(*key, PROMPT_KEY, mark)?;
                }
            }
        }
        drop(filter);
        self.join(sorter, held, trained)
    }

    fn join(&mut self, sorter: Sorter<2>, held: &mut Sealed, trained: &mut Sealed) -> Result<(), Error> {
        let (mut row, mut set) = (vec![], vec![]);
        let (mut bucket, mut with_run, mut leads) = (None, vec![], Leads::default());
        for record in sorter.finish()? {
            let [key, value] = record?;
            let (number, mark, kind) = ((value >> 32) as u32, value as u32, key & KINDS);
            if bucket != Some(key & !1) {
                bucket = Some(key & !1);
                with_run.clear();
                leads.clear();
            }
            if key & 1 == 0 {
                if kind == RUN_KEY {
                    with_run.push(number);
                } else {
                    leads.push(number, mark, MOST);
                }
                continue;
            }
            // Training rows come in their order, so that the first is enough.
            for held in with_run.drain(..) {
                let by: &mut u32 = &mut self.run_by[held as usize];
                *by = number.min(*by);
            }
            let mut loaded = false;
            for lead in leads.iter_mut() {
                let by = if kind == SET_KEY { &mut self.set_by } else { &mut self.prompt_by };
                let by = &mut by[lead.row as usize];
                let alike = match kind {
                    _ if *by <= number => false,
                    SET_KEY => possible(&self.jaccard, mark, lead.mark),
                    _ => possible(&self.rouge, mark, lead.mark),
                };
                if !alike {
                    continue;
                }
                if !std::mem::replace(&mut loaded, true) {
                    trained.get(number, &mut row)?;
                    let (prompt, text) = split(&row);
                    if kind == SET_KEY {
                        run_set(text, &mut set);
                        self.jaccard.load(&set);
                    } else {
                        self.rouge.load(prompt);
                    }
                }
                if lead.list.is_empty() {
                    held.get(lead.row, &mut row)?;
                    let (prompt, text) = split(&row);
                    if kind == SET_KEY {
                        run_set(text, &mut lead.list);
                    } else {
                        lead.list.extend_from_slice(prompt);
                    }
                }
                let likeness = match kind {
                    SET_KEY => self.jaccard.likeness(&lead.list),
                    _ => self.rouge.likeness(&lead.list),
                };
                if likeness > 0.0 {
                    *by = number;
                }
            }
        }
        Ok(())
    }

    pub(super) fn tell(
        &mut self,
        held: &mut Sealed,
        trained: &mut Sealed,
        found: &mut impl FnMut(Given),
    ) -> Result<(), Error> {
        let (mut row, mut other, mut sets) = (vec![], vec![], [vec![], vec![]]);
        for index in 0..held.len() {
            let of = |firsts: &Firsts, by: &[u32]| by.get(firsts.0[index] as usize).copied().unwrap_or(NONE);
            let (by_prompt, by_set) = (of(&self.prompts, &self.prompt_by), of(&self.sets, &self.set_by));
            let by = [by_prompt, by_set, self.run_by[index]].into_iter().find(|by| *by != NONE);
            let Some(by) = by else { continue };
            let (number, of) = (held.get(index as u32, &mut row)?, trained.get(by, &mut other)?);
            let (ours, theirs) = (split(&row), split(&other));
            let shared = if by_prompt != NONE {
                self.rouge.load(ours.0);
                Shared::Prompt(self.rouge.likeness(theirs.0))
            } else if by_set != NONE {
                run_set(ours.1, &mut sets[0]);
                run_set(theirs.1, &mut sets[1]);
                self.jaccard.load(&sets[0]);
                Shared::Row(self.jaccard.likeness(&sets[1]))
            } else {
                Shared::Run(self.settings.run)
            };
            found(Given { row: number, by: of, shared });
        }
        Ok(())
    }
}
