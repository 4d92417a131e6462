//! From selectors to rules.

use globset::{Glob, GlobMatcher};

use super::finding::Severity;
use super::registry::RULES;
use super::rule::{Meta, Rule};
use super::rules::shortcut_cue::CUES;
use super::settings::LintSettings;
use crate::dataset::Role;
use crate::error::distance;

/// Why lint cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LintError {
    /// No rule has this code, prefix or name.
    #[error("`{selector}` in `{list}` names no lint rule")]
    UnknownSelector {
        /// The setting: `select`, `ignore`, ….
        list: &'static str,
        /// As written.
        selector: String,
        /// The nearest code, prefix or name, when one is near.
        suggestion: Option<String>,
    },
    /// A pattern of file names that cannot be read.
    #[error("`{pattern}` in `per_file_ignores` is no pattern of file names: {why}")]
    Pattern {
        /// As written.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// A cue that is none.
    #[error("`{name}` in `intended_cues` is no cue that PRF006 looks at")]
    UnknownCue {
        /// As written.
        name: String,
    },
    /// Something that a row does not have.
    #[error("`{name}` in `columns` is nothing that a row has")]
    UnknownRole {
        /// As written.
        name: String,
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
            Self::Pattern { .. } => Some("for example `data/old-*.parquet` or `**/*.jsonl`".to_owned()),
            Self::UnknownCue { .. } => Some(format!("cues are {}", CUES.join(", "))),
            Self::UnknownRole { .. } => Some(
                "a row has system, prompt (or instruction, question), context, thought, response (or answer, completion), chosen, rejected, evidence"
                    .to_owned(),
            ),
        }
    }
}

/// The rules that the settings ask for, in registry order.
///
/// A rule runs when its best `select` match is more specific than its best `ignore` match.
pub(super) fn select(settings: &LintSettings) -> Result<Vec<&'static dyn Rule>, LintError> {
    check("select", &settings.select)?;
    check("extend_select", &settings.extend_select)?;
    check("ignore", &settings.ignore)?;
    for name in settings.columns.keys() {
        Role::of_name(name).ok_or_else(|| LintError::UnknownRole { name: name.clone() })?;
    }
    if let Some(name) = settings.intended_cues.iter().find(|name| !CUES.contains(&name.as_str())) {
        return Err(LintError::UnknownCue { name: name.clone() });
    }
    let wanted = |rule: &&'static dyn Rule| {
        let meta = rule.meta();
        let select = best(&settings.select, meta).max(best(&settings.extend_select, meta));
        match (select, best(&settings.ignore, meta)) {
            (Some(select), Some(ignore)) => select > ignore,
            (Some(_), None) => true,
            (None, _) => false,
        }
    };
    Ok(RULES.iter().copied().filter(wanted).collect())
}

/// What is known of the rules that the settings ask for, in registry order.
///
/// # Errors
/// [`LintError`] when the settings name a rule that is none.
pub fn selected(settings: &LintSettings) -> Result<Vec<&'static Meta>, LintError> {
    Ok(select(settings)?.into_iter().map(Rule::meta).collect())
}

/// Whether a rule that always runs was asked not to.
pub(super) fn is_ignored(settings: &LintSettings, meta: &Meta) -> bool {
    best(&settings.ignore, meta).is_some() && best(&settings.ignore, meta) >= best(&settings.extend_select, meta)
}

/// What holds for some files only, and severities in place of the rules' own.
pub(super) struct PerFile {
    ignores: Vec<(GlobMatcher, Vec<&'static str>)>,
    severities: Vec<(&'static str, Severity)>,
}

impl PerFile {
    /// Reads the patterns and selectors of the settings.
    pub(super) fn new(settings: &LintSettings) -> Result<Self, LintError> {
        let codes = |list: &'static str, selectors: &[String]| -> Result<Vec<&'static str>, LintError> {
            check(list, selectors)?;
            Ok(RULES
                .iter()
                .map(|rule| rule.meta())
                .filter(|meta| best(selectors, meta).is_some())
                .map(|m| m.code)
                .collect())
        };
        let mut ignores = vec![];
        for (pattern, selectors) in &settings.per_file_ignores {
            let fault = |e: globset::Error| LintError::Pattern { pattern: pattern.clone(), why: e.kind().to_string() };
            ignores.push((Glob::new(pattern).map_err(fault)?.compile_matcher(), codes("per_file_ignores", selectors)?));
        }
        // The longest selector is the last to speak.
        let mut selectors: Vec<(&String, Severity)> =
            settings.severity.iter().map(|(s, severity)| (s, *severity)).collect();
        selectors.sort_by_key(|(selector, _)| selector.len());
        let mut severities = vec![];
        for (selector, severity) in selectors {
            for code in codes("severity", std::slice::from_ref(selector))? {
                severities.push((code, severity));
            }
        }
        Ok(Self { ignores, severities })
    }

    /// Codes that are not reported for a file; patterns fit its path or its name.
    pub(super) fn ignored(&self, file: &str) -> Vec<&'static str> {
        let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let path = file.strip_prefix("./").unwrap_or(file);
        let fits = |glob: &GlobMatcher| glob.is_match(path) || glob.is_match(name);
        self.ignores.iter().filter(|(glob, _)| fits(glob)).flat_map(|(_, codes)| codes.iter().copied()).collect()
    }

    /// The severity that the settings give a rule.
    pub(super) fn severity(&self, code: &str) -> Option<Severity> {
        self.severities.iter().rev().find(|(known, _)| *known == code).map(|(_, severity)| *severity)
    }
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
#[must_use]
pub fn nearest(selector: &str) -> Option<String> {
    let wanted = selector.trim().to_lowercase();
    let known = RULES.iter().flat_map(|rule| {
        let meta = rule.meta();
        [meta.code, meta.name, &meta.code[..3]]
    });
    known
        .chain(["all"])
        .map(|name| (distance(&wanted, &name.to_lowercase()), name))
        .filter(|(edits, name)| *edits <= name.len().div_ceil(3).min(4))
        .min()
        .map(|(_, name)| name.to_owned())
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
        check_codes(&["COT"], &[], Ok(&["COT001", "COT002", "COT003", "COT004", "COT005"]));
        check_codes(&["dup001", "identical-pair"], &[], Ok(&["DUP001", "PRF001"]));
        check_codes(&[], &[], Ok(&[]));
    }

    #[test]
    fn intended_cues_are_cues() {
        let of = |name: &str| {
            let settings = LintSettings { intended_cues: vec![name.to_owned()], ..LintSettings::default() };
            super::select(&settings).map(|rules| rules.len())
        };
        assert_eq!(of("emoji"), Ok(RULES.len()));
        let error = of("emojis").unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("emoji, bullets")), "{error}");
    }

    #[test]
    fn the_longer_selector_wins() {
        check_codes(&["PRF"], &["PRF00"], Ok(&[]));
        check_codes(&["PRF008"], &["PRF"], Ok(&["PRF008"]));
        check_codes(&["COT00", "DUP001"], &["echoed-thought", "COT003", "cot004", "COT005"], Ok(&["DUP001", "COT002"]));
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
