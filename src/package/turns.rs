//! A chat template as text before and after every turn, for programs that do not render Jinja.
//!
//! Nothing is read out of the template's source: conversations of marked words are rendered, and what stands between
//! the words is the form. Other conversations, rendered by the template and put together from the pieces, then have to
//! come out the same. So any template of that form is understood, whoever wrote it, and one that looks at what is said,
//! counts turns or puts instructions somewhere else is refused with the conversation that shows it.

use std::collections::BTreeMap;

use crate::batch::ChatTemplate;
use crate::prompt::{Message, Role};

/// Text around one role's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
}

/// Where standing instructions go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// In a turn of their own at the beginning.
    Turn(Around),
    /// Inside the first turn of the user, whose own beginning this replaces.
    FirstUser(Around),
    /// The template refuses them.
    Refused,
}

/// A chat template in pieces. A conversation is `start` (or the system turn), the turns, and `prompt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns {
    /// Bos, where the template writes it itself; stands before everything.
    pub bos: String,
    /// What stands before the first turn when there are no instructions, for example instructions of the template's own.
    pub start: String,
    /// Standing instructions.
    pub system: System,
    /// The user's words.
    pub user: Around,
    /// Earlier answers.
    pub assistant: Around,
    /// What opens the answer.
    pub prompt: String,
    /// Whether white space around a turn's words is dropped, which the pieces cannot say.
    pub trims: bool,
    /// Whether thoughts of earlier answers are dropped, which they cannot say either.
    pub forgets_thoughts: bool,
}

/// Why a template is not of that form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotTurns {
    /// It cannot be compiled or rendered at all.
    #[error("the template cannot be rendered: {0}")]
    Broken(String),
    /// Words of a turn do not appear once each, in order.
    #[error("the template does not keep what is said: of {0}")]
    Words(String),
    /// The pieces give another text.
    #[error("the template is more than text around turns: {0} comes out differently")]
    Differs(String),
}

/// A conversation by its roles.
const SHORT: [Role; 1] = [Role::User];
const LONG: [Role; 3] = [Role::User, Role::Assistant, Role::User];

impl Turns {
    /// Finds the pieces of `template`; `tokens` are the special tokens it may name.
    ///
    /// # Errors
    /// [`NotTurns`], with the conversation that does not fit.
    pub fn of(template: &str, tokens: &BTreeMap<String, String>) -> Result<Self, NotTurns> {
        let template = ChatTemplate::new(template, tokens.clone()).map_err(|e| NotTurns::Broken(e.to_string()))?;
        let short = between(&template, &SHORT, true)?;
        let long = between(&template, &LONG, true)?;
        let (first, last) = (piece(&short, 0), piece(&short, 1));
        let (to_answer, to_user) = (piece(&long, 1), piece(&long, 2));

        // What follows the user's words without an answer being asked for ends their turn; should the template have no
        // such end, what the answer's beginning and an earlier answer's beginning have in common does.
        let closed = between(&template, &SHORT, false).ok().map(|pieces| piece(&pieces, 1).to_owned());
        let fits = |end: &String| last.starts_with(end.as_str()) && to_answer.starts_with(end.as_str());
        let user_after = closed.filter(fits).unwrap_or_else(|| common_start(last, to_answer).to_owned());
        // Likewise for an answer that is the last turn.
        let closed = between(&template, &LONG[..2], false).ok().map(|pieces| piece(&pieces, 2).to_owned());
        let fits = |end: &String| to_user.strip_prefix(end.as_str()).is_some_and(|before| first.ends_with(before));
        let user_before = match closed.filter(fits) {
            Some(end) => to_user.strip_prefix(end.as_str()).unwrap_or_default(),
            None => common_end(first, to_user),
        };
        let bos = tokens.get("bos_token").filter(|bos| !bos.is_empty() && first.starts_with(bos.as_str()));
        let bos = bos.cloned().unwrap_or_default();
        let unmarked = |text: &str| text.strip_prefix(bos.as_str()).unwrap_or(text).to_owned();

        let mut turns = Self {
            start: unmarked(cut_end(first, user_before)),
            system: System::Refused,
            user: Around { before: unmarked(user_before), after: user_after.clone() },
            assistant: Around {
                before: cut_start(to_answer, &user_after).to_owned(),
                after: cut_end(to_user, user_before).to_owned(),
            },
            prompt: cut_start(last, &user_after).to_owned(),
            trims: false,
            forgets_thoughts: false,
            bos: bos.clone(),
        };
        if let Ok(pieces) = between(&template, &[Role::System, Role::User], true) {
            let (before, middle) = (unmarked(piece(&pieces, 0)), piece(&pieces, 1));
            turns.system = match middle.strip_suffix(turns.user.before.as_str()) {
                Some(after) => System::Turn(Around { before, after: after.to_owned() }),
                None => System::FirstUser(Around { before, after: middle.to_owned() }),
            };
        }
        turns.check(&template)?;
        turns.trims = template
            .render(&[message(Role::User, "  word  ".to_owned())], true)
            .is_ok_and(|text| !text.contains("  word  ") && text.contains("word"));
        let thought = [
            message(Role::User, "one".to_owned()),
            message(Role::Assistant, "<think>\nthought\n</think>\n\ntwo".to_owned()),
            message(Role::User, "three".to_owned()),
        ];
        turns.forgets_thoughts = template.render(&thought, true).is_ok_and(|text| !text.contains("thought"));
        Ok(turns)
    }

    /// A conversation put together from the pieces, with the answer opened.
    #[must_use]
    pub fn render(&self, messages: &[Message]) -> String {
        let mut out = self.bos.clone();
        let system = messages.iter().find(|message| message.role == Role::System);
        if system.is_none() {
            out.push_str(&self.start);
        }
        for (i, message) in messages.iter().enumerate() {
            match (message.role, &self.system, system) {
                (Role::System, System::Turn(around), _) => {
                    out.extend([&around.before, &message.content, &around.after].map(String::as_str));
                }
                (Role::System, ..) => {}
                (Role::User, System::FirstUser(around), Some(system)) if i == 1 => {
                    out.extend([&around.before, &system.content, &around.after].map(String::as_str));
                    out.extend([&message.content, &self.user.after].map(String::as_str));
                }
                (Role::User, ..) => {
                    out.extend([&self.user.before, &message.content, &self.user.after].map(String::as_str))
                }
                (Role::Assistant, ..) => {
                    out.extend([&self.assistant.before, &message.content, &self.assistant.after].map(String::as_str));
                }
            }
        }
        out + &self.prompt
    }

    /// Renders conversations that the pieces were not found from.
    fn check(&self, template: &ChatTemplate) -> Result<(), NotTurns> {
        let (system, user, answer) = (Role::System, Role::User, Role::Assistant);
        let mut conversations: Vec<Vec<Role>> =
            vec![vec![user], vec![user, answer, user], vec![user, answer, user, answer, user]];
        if self.system != System::Refused {
            let with: Vec<Vec<Role>> = conversations
                .iter()
                .map(|roles| std::iter::once(system).chain(roles.iter().copied()).collect())
                .collect();
            conversations.extend(with);
        }
        for roles in conversations {
            for words in [WORDS, LINES] {
                let messages: Vec<Message> = roles
                    .iter()
                    .enumerate()
                    .map(|(i, role)| message(*role, format!("{} {i}", words[i % words.len()])))
                    .collect();
                let named = || format!("{} with {:?}", names(&roles), words[0]);
                let text =
                    template.render(&messages, true).map_err(|e| NotTurns::Broken(format!("{}: {e}", named())))?;
                if text != self.render(&messages) {
                    return Err(NotTurns::Differs(named()));
                }
            }
        }
        Ok(())
    }
}

/// What is said in the conversations that check. Nothing at the edges that a template may trim.
const WORDS: [&str; 3] = ["What did you build", "A buoy that \"says\" where it is, 50% of the time", "Why"];
const LINES: [&str; 3] = ["Line one\n\nline {{ two }}", "- a\n- ü 😀 <b>", "{% if x %}[INST]"];

/// Words that no template writes.
fn mark(i: usize) -> String {
    format!("qzx{i}mark{i}xzq")
}

/// Renders marked words, and gives the text before the first, between each two and after the last.
fn between(template: &ChatTemplate, roles: &[Role], prompt: bool) -> Result<Vec<String>, NotTurns> {
    let messages: Vec<Message> = roles.iter().enumerate().map(|(i, role)| message(*role, mark(i))).collect();
    let text = template.render(&messages, prompt).map_err(|e| NotTurns::Broken(format!("{}: {e}", names(roles))))?;
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    for i in 0..roles.len() {
        let (before, after) = rest.split_once(&mark(i)).ok_or_else(|| NotTurns::Words(names(roles)))?;
        pieces.push(before.to_owned());
        rest = after;
    }
    pieces.push(rest.to_owned());
    // Words that stand twice, or out of order, are in a piece.
    if pieces.iter().any(|piece| (0..roles.len()).any(|i| piece.contains(&mark(i)))) {
        return Err(NotTurns::Words(names(roles)));
    }
    Ok(pieces)
}

fn piece(pieces: &[String], i: usize) -> &str {
    pieces.get(i).map_or("", String::as_str)
}

fn message(role: Role, content: String) -> Message {
    Message { role, content }
}

fn names(roles: &[Role]) -> String {
    let name = |role: &Role| match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    roles.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn cut_start<'a>(text: &'a str, start: &str) -> &'a str {
    text.strip_prefix(start).unwrap_or(text)
}

fn cut_end<'a>(text: &'a str, end: &str) -> &'a str {
    text.strip_suffix(end).unwrap_or(text)
}

fn common_start<'a>(a: &'a str, b: &str) -> &'a str {
    let len = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).map(|(c, _)| c.len_utf8()).sum();
    a.get(..len).unwrap_or_default()
}

fn common_end<'a>(a: &'a str, b: &str) -> &'a str {
    let len: usize = a.chars().rev().zip(b.chars().rev()).take_while(|(x, y)| x == y).map(|(c, _)| c.len_utf8()).sum();
    a.get(a.len() - len..).unwrap_or_default()
}
