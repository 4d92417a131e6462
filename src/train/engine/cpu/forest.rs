//! A batch as a forest: sequences laid end to end, and a prefix that several of them share laid down once.
//!
//! Causal attention makes a token's state depend on what stands before it and on nothing else, so two answers to one
//! prompt, or rows under one system turn, may read the same states of their common beginning. Nothing is padded.

use std::ops::Range;

use crate::batch::{IGNORE, Sequence};

/// A run of tokens of one or more sequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its rows of the flattened batch.
    pub rows: Range<usize>,
    /// Rows of the nodes above it, from the root down.
    pub above: Vec<Range<usize>>,
}

impl Node {
    /// Tokens above.
    pub fn past(&self) -> usize {
        self.above.iter().map(Range::len).sum()
    }
}

/// A flattened batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forest {
    /// `[M]`.
    pub ids: Vec<u32>,
    /// `[M]`: position within its sequence.
    pub positions: Vec<u32>,
    /// Parents before children.
    pub nodes: Vec<Node>,
    /// `[L]`: the row whose state predicts a label.
    pub label_rows: Vec<usize>,
    /// `[L]`: the label.
    pub targets: Vec<u32>,
    /// `[B + 1]`: sequence `i` has labels `offsets[i] .. offsets[i + 1]`.
    pub offsets: Vec<usize>,
}

/// A shared run shorter than this is not worth a node of its own.
const SHORTEST: usize = 4;
/// Tokens that sharing has to save.
const LEAST_SAVED: usize = 16;

impl Forest {
    /// Lays down `sequences`; common prefixes once when `share` is set.
    pub fn new(sequences: &[&Sequence], share: bool) -> Self {
        let mut out = Self { offsets: vec![0], ..Self::default() };
        let mut paths = vec![Vec::new(); sequences.len()];
        if share {
            out.grow(sequences, &(0..sequences.len()).collect::<Vec<_>>(), 0, 0, &[], &mut paths);
        } else {
            for (i, path) in paths.iter_mut().enumerate() {
                out.leaf(sequences, i, 0, &[], path);
            }
        }
        for (sequence, path) in sequences.iter().zip(&paths) {
            let rows: Vec<usize> = path.iter().cloned().flatten().collect();
            for (t, &label) in sequence.labels.iter().enumerate().skip(1) {
                if label != IGNORE {
                    out.label_rows.push(rows[t - 1]);
                    out.targets.push(u32::try_from(label).unwrap_or(0));
                }
            }
            out.offsets.push(out.targets.len());
        }
        out
    }

    /// One sequence whose first `past` positions are elsewhere.
    pub fn continuing(ids: &[u32], past: usize) -> Self {
        let rows = 0..ids.len();
        let positions = (past..past + ids.len()).map(|p| p as u32).collect();
        let node = Node { rows, above: Vec::new() };
        Self { ids: ids.to_vec(), positions, nodes: vec![node], offsets: vec![0], ..Self::default() }
    }

    fn lay(&mut self, sequence: &Sequence, tokens: Range<usize>, above: &[Range<usize>]) -> Range<usize> {
        let rows = self.ids.len()..self.ids.len() + tokens.len();
        self.ids.extend_from_slice(&sequence.input_ids[tokens.clone()]);
        self.positions.extend(tokens.map(|t| t as u32));
        self.nodes.push(Node { rows: rows.clone(), above: above.to_vec() });
        rows
    }

    fn leaf(
        &mut self,
        sequences: &[&Sequence],
        i: usize,
        from: usize,
        above: &[Range<usize>],
        path: &mut Vec<Range<usize>>,
    ) {
        path.extend_from_slice(above);
        let end = sequences[i].input_ids.len();
        if from < end {
            path.push(self.lay(sequences[i], from..end, above));
        }
    }

    /// `group` agrees up to `agreed`; its tokens from `from` on are not laid down yet.
    fn grow(
        &mut self,
        sequences: &[&Sequence],
        group: &[usize],
        from: usize,
        agreed: usize,
        above: &[Range<usize>],
        paths: &mut [Vec<Range<usize>>],
    ) {
        let token = |i: usize, t: usize| sequences[i].input_ids.get(t).copied();
        let mut parts: Vec<(Option<u32>, Vec<usize>)> = Vec::new();
        for &i in group {
            let next = token(i, agreed);
            match parts.iter_mut().find(|(first, _)| *first == next && next.is_some()) {
                Some((_, part)) => part.push(i),
                None => parts.push((next, vec![i])),
            }
        }
        for (_, part) in parts {
            if let [only] = part[..] {
                self.leaf(sequences, only, from, above, &mut paths[only]);
                continue;
            }
            let mut end = agreed;
            while token(part[0], end).is_some() && part.iter().all(|&i| token(i, end) == token(part[0], end)) {
                end += 1;
            }
            let run = end - from;
            if run >= SHORTEST && run * (part.len() - 1) >= LEAST_SAVED {
                let rows = self.lay(sequences[part[0]], from..end, above);
                let below: Vec<Range<usize>> = above.iter().cloned().chain([rows]).collect();
                self.grow(sequences, &part, end, end, &below, paths);
            } else {
                self.grow(sequences, &part, from, end, above, paths);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(ids: &[u32], prompt: usize) -> Sequence {
        let labels = ids.iter().enumerate().map(|(i, &id)| if i < prompt { IGNORE } else { i64::from(id) }).collect();
        Sequence { input_ids: ids.to_vec(), labels, prompt: 0..prompt, ..Sequence::default() }
    }

    #[test]
    fn a_pair_shares_its_prompt_and_strangers_their_header() {
        let prompt: Vec<u32> = (0..30).collect();
        let with = |tail: &[u32]| sequence(&[&prompt[..], tail].concat(), 30);
        let (a, b) = (with(&[50, 51, 52]), with(&[60, 61]));
        let other = sequence(&[&prompt[..5], &(100..140).collect::<Vec<_>>()[..]].concat(), 20);
        let more: Vec<Sequence> = (0..6).map(|i| sequence(&[&prompt[..5], &[200 + i; 7][..]].concat(), 8)).collect();
        let all: Vec<&Sequence> = [&a, &b, &other].into_iter().chain(&more).collect();
        let f = Forest::new(&all, true);
        // The header of 5 once, the rest of the prompt once, two answers, the others.
        assert_eq!(f.ids.len(), 5 + 25 + 3 + 2 + 40 + 6 * 7);
        assert_eq!(f.nodes.iter().map(|n| n.rows.len()).sum::<usize>(), f.ids.len());
        let apart = Forest::new(&all, false);
        assert_eq!(apart.ids.len(), all.iter().map(|s| s.input_ids.len()).sum::<usize>());
        assert_eq!(f.targets, apart.targets);
        assert_eq!(f.offsets, apart.offsets);
        for (row, apart_row) in f.label_rows.iter().zip(&apart.label_rows) {
            assert_eq!(f.ids[*row], apart.ids[*apart_row]);
            assert_eq!(f.positions[*row], apart.positions[*apart_row]);
        }
        for node in &f.nodes {
            assert_eq!(f.positions[node.rows.start] as usize, node.past());
            assert!(node.above.iter().all(|a| a.end <= node.rows.start));
        }
    }

    #[test]
    fn equal_sequences_and_prefixes_of_others_lose_no_label() {
        let ids: Vec<u32> = (0..60).collect();
        let all = [sequence(&ids, 10), sequence(&ids, 20), sequence(&ids[..30], 25)];
        let f = Forest::new(&all.iter().collect::<Vec<_>>(), true);
        assert_eq!(f.ids.len(), 60);
        assert_eq!(f.offsets, [0, 50, 90, 95]);
        assert!(f.label_rows.iter().zip(&f.targets).all(|(r, t)| f.ids[*r] + 1 == *t));
    }
}
