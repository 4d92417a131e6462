//! Shapes of numbers, and one automaton that knows all of them at once.
//!
//! A shape is written in a few signs: `9` a digit, `A` a letter, `X` either, `~` at most one space, dash or dot (the
//! same wherever it stands in the number), anything else itself. `{3}`, `{2,5}` and `?` say how often.

use std::collections::HashMap;

/// What a character is to a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Digit,
    Letter,
    Space,
    Dash,
    Dot,
    Slash,
    Colon,
    Open,
    Close,
}

const CLASSES: usize = 9;

impl Class {
    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// The class of a character, if shapes may hold it.
    pub(super) fn of(c: char) -> Option<Self> {
        Some(match c {
            '0'..='9' | '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' | '\u{ff10}'..='\u{ff19}' => Self::Digit,
            '\u{966}'..='\u{96f}' | '\u{9e6}'..='\u{9ef}' => Self::Digit,
            'A'..='Z' | 'a'..='z' | '\u{391}'..='\u{3a9}' | '\u{410}'..='\u{42f}' => Self::Letter,
            '\u{404}' | '\u{406}' | '\u{407}' => Self::Letter,
            ' ' | '\u{a0}' | '\u{202f}' => Self::Space,
            '-' | '\u{2010}'..='\u{2013}' => Self::Dash,
            '.' => Self::Dot,
            '/' => Self::Slash,
            ':' => Self::Colon,
            '(' => Self::Open,
            ')' => Self::Close,
            _ => return None,
        })
    }
}

const SEPARATORS: u16 = Class::Space.bit() | Class::Dash.bit() | Class::Dot.bit();

/// One place of a shape.
#[derive(Clone, Copy)]
struct Place {
    classes: u16,
    optional: bool,
}

/// The places of a shape. Signs that mean nothing are left out; a test reads every shape of every rule.
fn places(shape: &str) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let mut rest = shape.chars().peekable();
    while let Some(sign) = rest.next() {
        let (classes, optional) = match sign {
            'A' => (Class::Letter.bit(), false),
            'X' => (Class::Letter.bit() | Class::Digit.bit(), false),
            '~' => (SEPARATORS, true),
            _ => (Class::of(sign).map_or(0, Class::bit), false),
        };
        let place = Place { classes, optional };
        match rest.peek() {
            Some('?') => {
                rest.next();
                places.push(Place { optional: true, ..place });
            }
            Some('{') => {
                let times: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                let (least, most) = times.split_once(',').unwrap_or((&times, &times));
                let (least, most) = (least.parse().unwrap_or(1), most.parse().unwrap_or(1));
                places.extend((0..most).map(|count: usize| Place { optional: optional || count >= least, ..place }));
            }
            _ => places.push(place),
        }
    }
    places
}

/// A state after some characters: where each class leads, 0 being nowhere, and which shapes are complete.
struct State {
    next: [u16; CLASSES],
    complete: Vec<u16>,
}

/// All shapes as one deterministic automaton; state 0 is dead and state 1 the start.
pub(super) struct Shapes {
    states: Vec<State>,
}

impl Shapes {
    /// Builds the automaton of `shapes`, numbered in the order given.
    pub(super) fn new<'s>(shapes: impl Iterator<Item = &'s str>) -> Self {
        let shapes: Vec<Vec<Place>> = shapes.map(places).collect();
        let dead = State { next: [0; CLASSES], complete: vec![] };
        let mut built = Self { states: vec![dead] };
        let mut known: HashMap<Vec<(u16, u8)>, u16> = HashMap::new();
        let mut start = Vec::new();
        for number in 0..shapes.len() {
            reach(&shapes, number, 0, &mut start);
        }
        let mut waiting = vec![built.add(start, &shapes, &mut known)];
        while let Some((state, set)) = waiting.pop() {
            for class in 0..CLASSES {
                let mut next = Vec::new();
                for (number, place) in &set {
                    let (number, place) = (usize::from(*number), usize::from(*place));
                    if shapes[number].get(place).is_some_and(|found| found.classes & (1 << class) != 0) {
                        reach(&shapes, number, place + 1, &mut next);
                    }
                }
                if next.is_empty() {
                    continue;
                }
                next.sort_unstable();
                next.dedup();
                let target = if let Some(target) = known.get(&next) {
                    *target
                } else {
                    let added = built.add(next, &shapes, &mut known);
                    let target = added.0;
                    waiting.push(added);
                    target
                };
                built.states[usize::from(state)].next[class] = target;
            }
        }
        built
    }

    fn add(
        &mut self,
        set: Vec<(u16, u8)>,
        shapes: &[Vec<Place>],
        known: &mut HashMap<Vec<(u16, u8)>, u16>,
    ) -> (u16, Vec<(u16, u8)>) {
        let number = u16::try_from(self.states.len()).unwrap_or(0);
        let ended = set.iter().filter(|(shape, place)| shapes[usize::from(*shape)].len() == usize::from(*place));
        let complete = ended.map(|(shape, _)| *shape).collect();
        self.states.push(State { next: [0; CLASSES], complete });
        known.insert(set.clone(), number);
        (number, set)
    }

    /// The state to begin in.
    pub(super) const START: u16 = 1;

    /// The state after one more character; 0 when no shape goes on so.
    pub(super) fn step(&self, state: u16, class: Class) -> u16 {
        self.states[usize::from(state)].next[class as usize]
    }

    /// The shapes that are complete in `state`.
    pub(super) fn complete(&self, state: u16) -> &[u16] {
        &self.states[usize::from(state)].complete
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }
}

/// Adds a place of a shape, and those after it that may be skipped to.
fn reach(shapes: &[Vec<Place>], number: usize, place: usize, set: &mut Vec<(u16, u8)>) {
    for place in place..=shapes[number].len() {
        if let (Ok(number), Ok(place)) = (u16::try_from(number), u8::try_from(place)) {
            set.push((number, place));
        }
        if !shapes[number].get(place).is_some_and(|found| found.optional) {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read() {
        let shapes = Shapes::new(["9{3}~9{2}~9{4}", "A?9{1,2}", "X{2}(9)"].into_iter());
        let run = |text: &str| {
            let end =
                text.chars().try_fold(Shapes::START, |state, c| Class::of(c).map(|class| shapes.step(state, class)));
            end.map(|state| shapes.complete(state).to_vec())
        };
        assert_eq!(run("123-45-6789"), Some(vec![0]));
        assert_eq!(run("123456789"), Some(vec![0]));
        assert_eq!(run("B1"), Some(vec![1]));
        assert_eq!(run("B1(2)"), Some(vec![2]));
        assert_eq!(run("12-3"), Some(vec![]));
        assert_eq!(run("1*"), None);
    }
}
