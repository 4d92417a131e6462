//! From selectors to rules.

use super::registry::RULES;
use super::rule::{Meta, Rule};
use super::settings::LintSettings;

/// Why lint cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LintError {
    /// No rule has this code, prefix or name.
    #[error("`{selector}` in `{list}` names no lint rule")]
    UnknownSelector {
        /// `select` or `ignore`.
        list: &'static str,
        /// As written.
        selector: String,
        /// The nearest code, prefix or name, when one is near.
        suggestion: Option<String>,
    },
}

impl LintError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownSelector { suggestion: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::UnknownSelector { suggestion: None, .. } => {
                let mut groups: Vec<&str> = RULES.iter().map(|rule| &rule.meta().code[..3]).collect();
                groups.sort_unstable();
                groups.dedup();
                Some(format!("groups of rules: {}, or `all`", groups.join(", ")))
            }
        }
    }
}

/// The rules that the settings ask for, in registry order.
///
/// A rule runs when its best `select` match is more specific than its best `ignore` match.
pub(super) fn select(settings: &LintSettings) -> Result<Vec<&'static dyn Rule>, LintError> {
    check("select", &settings.select)?;
    check("ignore", &settings.ignore)?;
    let wanted =
        |rule: &&'static dyn Rule| match (best(&settings.select, rule.meta()), best(&settings.ignore, rule.meta())) {
            (Some(select), Some(ignore)) => select > ignore,
            (Some(_), None) => true,
            (None, _) => false,
        };
    Ok(RULES.iter().copied().filter(wanted).collect())
}

/// How closely a selector fits: 0 for `all`, else the matched letters of the code; a name counts as the whole code.
fn fit(selector: &str, meta: &Meta) -> Option<usize> {
    let selector = selector.trim();
    if selector.eq_ignore_ascii_case("all") {
        Some(0)
    } else if selector.eq_ignore_ascii_case(meta.name) {
        Some(meta.code.len())
    } else {
        let prefix = meta.code.get(..selector.len())?;
        (!selector.is_empty() && prefix.eq_ignore_ascii_case(selector)).then_some(selector.len())
    }
}

fn best(selectors: &[String], meta: &Meta) -> Option<usize> {
    selectors.iter().filter_map(|selector| fit(selector, meta)).max()
}

fn check(list: &'static str, selectors: &[String]) -> Result<(), LintError> {
    match selectors.iter().find(|selector| RULES.iter().all(|rule| fit(selector, rule.meta()).is_none())) {
        None => Ok(()),
        Some(selector) => {
            Err(LintError::UnknownSelector { list, selector: selector.clone(), suggestion: nearest(selector) })
        }
    }
}

/// The code, group or name within a third of its length in edits.
pub(super) fn nearest(selector: &str) -> Option<String> {
    let wanted = selector.trim().to_lowercase();
    let known = RULES.iter().flat_map(|rule| {
        let meta = rule.meta();
        [meta.code, meta.name, &meta.code[..3]]
    });
    known
        .chain(["all"])
        .map(|name| (edits(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= name.len().div_ceil(3).min(4))
        .min()
        .map(|(_, name)| name.to_owned())
}

/// Levenshtein distance in characters.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut current = vec![i + 1];
        for (cb, &above) in b.iter().zip(&previous[1..]) {
            let left = current.last().copied().unwrap_or_default();
            let cell = (diagonal + usize::from(ca != *cb)).min(above + 1).min(left + 1);
            diagonal = above;
            current.push(cell);
        }
        previous = current;
    }
    previous.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_codes(select: &[&str], ignore: &[&str], expected: Result<&[&str], Option<&str>>) {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        let settings = LintSettings { select: own(select), ignore: own(ignore), ..LintSettings::default() };
        match (super::select(&settings), expected) {
            (Ok(rules), Ok(codes)) => {
                assert_eq!(rules.iter().map(|rule| rule.meta().code).collect::<Vec<_>>(), codes);
            }
            (Err(LintError::UnknownSelector { suggestion, .. }), Err(near)) => assert_eq!(suggestion.as_deref(), near),
            (got, want) => panic!("{:?} is not {want:?}", got.map(|rules| rules.len())),
        }
    }

    #[test]
    fn selectors_are_prefixes_or_names() {
        check_codes(&["DUP"], &[], Ok(&["DUP001", "DUP006"]));
        check_codes(&["dup001", "identical-pair"], &[], Ok(&["DUP001", "PRF001"]));
        check_codes(&[], &[], Ok(&[]));
    }

    #[test]
    fn the_longer_selector_wins() {
        check_codes(&["PRF"], &["PRF00"], Ok(&[]));
        check_codes(&["PRF008"], &["PRF"], Ok(&["PRF008"]));
        check_codes(&["DUP"], &["split-overlap"], Ok(&["DUP001"]));
        check_codes(&["DUP001"], &["DUP001"], Ok(&[]));
    }

    #[test]
    fn unknown_selectors_get_a_suggestion() {
        check_codes(&["PII0001"], &[], Err(Some("PII001")));
        check_codes(&["identicle-pair"], &[], Err(Some("identical-pair")));
        check_codes(&["all"], &["quite-something-else"], Err(None));
        check_codes(&[""], &[], Err(None));
    }
}
