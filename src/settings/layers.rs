use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::DEFAULTS;
use crate::Error;
use crate::error::distance;
use crate::mask::{Entity, Treatment};

/// Where a value came from, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The program.
    Default,
    /// A settings file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// The command line.
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// Values by dotted key, each with its origin.
#[derive(Clone, Debug)]
pub struct Layers {
    values: BTreeMap<String, (Value, Origin)>,
    known: BTreeMap<String, Value>,
}

/// Before the name of a kind of personal data: what becomes of its values.
const POLICY: &str = "persona.policy.";

/// Open tables, each one value: lint checks the keys of its thresholds, and prices have names of models, dots and all.
const OPEN: [&str; 5] = ["lint.columns", "lint.per_file_ignores", "lint.severity", "lint.thresholds", "teacher.prices"];

const PHASES: [&str; 3] = ["learn", "mimic", "align"];

fn flatten(prefix: &str, table: &Table, out: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(inner) if !OPEN.contains(&key.replace('-', "_").as_str()) => flatten(&key, inner, out),
            other => {
                out.insert(key, other.clone());
            }
        }
    }
}

impl Layers {
    /// The defaults alone.
    ///
    /// # Errors
    /// Never for a released binary: a test parses them.
    pub fn defaults() -> Result<Self, Error> {
        let table: Table = DEFAULTS.parse().map_err(|e: toml::de::Error| Error::new(e.to_string()))?;
        let mut flat = BTreeMap::new();
        flatten("", &table, &mut flat);
        let mut known = flat.clone();
        for key in OPEN {
            known.insert(key.into(), Value::Table(Table::new()));
        }
        for entity in Entity::ALL {
            known.insert(format!("{POLICY}{entity}"), Value::String(String::new()));
        }
        for (key, value) in &flat {
            if let Some(name) = key.strip_prefix("train.").filter(|n| !n.contains('.')) {
                for phase in PHASES {
                    known.insert(format!("train.{phase}.{name}"), value.clone());
                }
            }
        }
        Ok(Self { values: flat.into_iter().map(|(k, v)| (k, (v, Origin::Default))).collect(), known })
    }

    /// Puts a settings file on top.
    ///
    /// # Errors
    /// Syntax with the line; unknown keys with a suggestion; values of another type than the default's.
    pub fn file(&mut self, path: &Path) -> Result<(), Error> {
        self.file_under("", path, 0)
    }

    /// Puts a file on top that is the `[lint]` table alone: `distill-lint.toml`.
    ///
    /// # Errors
    /// As [`Layers::file`].
    pub fn lint_file(&mut self, path: &Path) -> Result<(), Error> {
        self.file_under("lint", path, 0)
    }

    /// Puts the `[lint]` table of a workspace's file on top, and nothing else of it.
    ///
    /// # Errors
    /// As [`Layers::file`].
    pub fn lint_table_of(&mut self, path: &Path) -> Result<(), Error> {
        self.lint_values_of(path, 0)
    }

    fn lint_values_of(&mut self, path: &Path, depth: usize) -> Result<(), Error> {
        let mut other = Self::defaults()?;
        other.file_under("", path, depth)?;
        let own = |key: &String, origin: &Origin| key.starts_with("lint.") && *origin != Origin::Default;
        self.values.extend(other.values.into_iter().filter(|(key, (_, origin))| own(key, origin)));
        Ok(())
    }

    /// `[lint] extend` names a file to go on from, relative to the one that names it.
    fn file_under(&mut self, prefix: &str, path: &Path, depth: usize) -> Result<(), Error> {
        /// Files that extend files that extend files.
        const MOST: usize = 16;
        let text = crate::edge::fs::read_text(path)?;
        let mut table: Table = text.parse().map_err(|e: toml::de::Error| {
            let line = e.span().map_or(0, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            Error::at(path, format!("line {line}: {}", e.message()))
        })?;
        let lint =
            if prefix.is_empty() { table.get_mut("lint").and_then(Value::as_table_mut) } else { Some(&mut table) };
        if let Some(extend) = lint.and_then(|lint| lint.remove("extend")) {
            let Value::String(name) = &extend else {
                return Err(Error::at(
                    path,
                    format!("`extend` is {}, the path of a file is expected", extend.type_str()),
                ));
            };
            if depth >= MOST {
                return Err(Error::at(path, "extends a file that extends it").hint("take one `extend` out"));
            }
            let base = path.parent().unwrap_or(Path::new(".")).join(name);
            let whole = base.file_name().is_some_and(|name| name == super::Workspace::FILE);
            if whole {
                self.lint_values_of(&base, depth + 1)?;
            } else {
                self.file_under("lint", &base, depth + 1)?;
            }
        }
        let mut flat = BTreeMap::new();
        flatten(prefix, &table, &mut flat);
        for (key, value) in flat {
            self.set(&key, value, Origin::File(path.to_owned())).map_err(|e| e.place(path.display().to_string()))?;
        }
        Ok(())
    }

    /// Puts the environment on top: `DISTILL_TRAIN_ALIGN_BETA=0.2` sets `train.align.beta`.
    ///
    /// # Errors
    /// As [`Layers::file`]; variables that name no setting are left alone when they belong to something else.
    pub fn environment(&mut self, variables: impl Iterator<Item = (String, String)>) -> Result<(), Error> {
        let by_variable: BTreeMap<String, String> =
            self.known.keys().map(|k| (format!("DISTILL_{}", k.to_uppercase().replace('.', "_")), k.clone())).collect();
        for (name, text) in variables.filter(|(name, text)| name.starts_with("DISTILL_") && !text.is_empty()) {
            if let Some(key) = by_variable.get(&name) {
                self.set_text(key, &text, Origin::Environment(name.clone()))?;
            }
        }
        Ok(())
    }

    /// Puts one `key=value` of the command line on top.
    ///
    /// # Errors
    /// As [`Layers::file`].
    pub fn assignment(&mut self, assignment: &str) -> Result<(), Error> {
        let (key, text) = assignment.split_once('=').ok_or_else(|| {
            Error::new(format!("`--set {assignment}` has no `=`"))
                .hint("write `--set key=value`, for example `--set train.align.beta=0.2`")
        })?;
        self.set_text(key.trim(), text.trim(), Origin::Flag("--set".into()))
    }

    /// Sets one value from its text, read by the type of the default.
    ///
    /// # Errors
    /// As [`Layers::file`].
    pub fn set_text(&mut self, key: &str, text: &str, origin: Origin) -> Result<(), Error> {
        let value = match self.known.get(key) {
            Some(Value::String(_)) => Value::String(text.trim_matches('"').to_owned()),
            Some(Value::Array(_)) if !text.trim_start().starts_with('[') => {
                Value::Array(text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(Value::from).collect())
            }
            _ => format!("v = {text}")
                .parse::<Table>()
                .ok()
                .and_then(|mut t| t.remove("v"))
                .unwrap_or_else(|| Value::String(text.to_owned())),
        };
        self.set(key, value, origin)
    }

    fn set(&mut self, key: &str, value: Value, origin: Origin) -> Result<(), Error> {
        // Linters of other things spell their keys with hyphens.
        let spelt = key.starts_with("lint.").then(|| key.replace('-', "_")).filter(|key| self.known.contains_key(key));
        let key = spelt.as_deref().unwrap_or(key);
        if let Some(kind) = key.strip_prefix(POLICY) {
            let names = Entity::ALL.map(Entity::name);
            kind.parse::<Entity>().map_err(|e| unknown(&e, kind, &names, &origin))?;
            if let Value::String(policy) = &value {
                let names = Treatment::ALL.map(Treatment::name);
                policy
                    .parse::<Treatment>()
                    .map_err(|e| unknown(&e, policy, &names, &origin).place(format!("{key}, {origin}")))?;
            }
        }
        let Some(default) = self.known.get(key) else {
            let nearest = self
                .known
                .keys()
                .min_by_key(|known| distance(known, key))
                .filter(|known| distance(known, key) <= 1 + key.len() / 3);
            return Err(Error::new(format!("unknown setting `{key}`"))
                .place(origin.to_string())
                .maybe_hint(nearest.map(|n| format!("did you mean `{n}`? `distill config show` lists all settings"))));
        };
        let value = match (default, value) {
            (Value::Float(_), Value::Integer(i)) => Value::Float(i as f64),
            (_, value) => value,
        };
        if default.type_str() != value.type_str() {
            return Err(Error::new(format!(
                "`{key}` is {} `{value}`, {} is expected",
                value.type_str(),
                default.type_str()
            ))
            .place(origin.to_string()));
        }
        self.values.insert(key.to_owned(), (value, origin));
        Ok(())
    }

    /// The value a phase uses: its own, unless the shared one comes from a stronger layer.
    fn phase_value(&self, phase: &str, name: &str) -> Option<&(Value, Origin)> {
        let shared = self.values.get(&format!("train.{name}"));
        match (self.values.get(&format!("train.{phase}.{name}")), shared) {
            (Some(own), Some(shared)) if rank(&shared.1) > rank(&own.1) => Some(shared),
            (Some(own), _) => Some(own),
            (None, shared) => shared,
        }
    }

    /// Every resolved value with its origin, by key, phases spelt out.
    #[must_use]
    pub fn entries(&self) -> Vec<(String, Value, Origin)> {
        let mut out = Vec::new();
        for key in self.known.keys() {
            let parts: Vec<&str> = key.split('.').collect();
            let found = match parts.as_slice() {
                ["train", phase, name] if PHASES.contains(phase) => self.phase_value(phase, name),
                ["train", _] => continue,
                _ => self.values.get(key),
            };
            if let Some((value, origin)) = found {
                out.push((key.clone(), value.clone(), origin.clone()));
            }
        }
        out
    }

    /// The resolved table.
    ///
    /// # Errors
    /// Never: keys were checked when they were set.
    pub fn resolved(&self) -> Result<Table, Error> {
        let mut root = Table::new();
        for (key, value, _) in self.entries() {
            let mut table = &mut root;
            let mut parts: Vec<&str> = key.split('.').collect();
            let last = parts.pop().unwrap_or_default();
            for part in parts {
                table = match table.entry(part).or_insert_with(|| Value::Table(Table::new())) {
                    Value::Table(inner) => inner,
                    _ => return Err(Error::new(format!("`{key}` lies under a value"))),
                };
            }
            table.insert(last.to_owned(), value);
        }
        Ok(root)
    }
}

/// The key of what becomes of a kind's values; the kind may be written as in a placeholder.
#[must_use]
pub fn policy_key(kind: &str) -> String {
    format!("{POLICY}{}", kind.parse::<Entity>().map_or_else(|_| kind.to_owned(), |entity| entity.to_string()))
}

/// A word that is none of a list's, with the nearest of them.
fn unknown(error: &dyn std::error::Error, word: &str, names: &[&str], origin: &Origin) -> Error {
    let nearest =
        names.iter().min_by_key(|name| distance(name, word)).filter(|name| distance(name, word) <= 1 + word.len() / 3);
    Error::new(error.to_string())
        .place(origin.to_string())
        .maybe_hint(nearest.map(|name| format!("did you mean `{name}`?")))
}

const fn rank(origin: &Origin) -> u8 {
    match origin {
        Origin::Default => 0,
        Origin::File(_) => 1,
        Origin::Environment(_) => 2,
        Origin::Flag(_) => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn defaults_resolve() {
        let settings = Settings::resolve(&Layers::defaults().unwrap()).unwrap();
        assert_eq!(settings.train.align.epochs, 1.0);
        assert_eq!(settings.train.learn.epochs, 3.0);
        assert_eq!(settings.rows.cap, 150);
    }

    #[test]
    fn a_shared_flag_beats_a_phases_default_and_a_phases_flag_beats_it() {
        let mut layers = Layers::defaults().unwrap();
        layers.assignment("train.epochs=9").unwrap();
        layers.assignment("train.mimic.epochs=4").unwrap();
        let settings = Settings::resolve(&layers).unwrap();
        assert_eq!(
            (settings.train.learn.epochs, settings.train.mimic.epochs, settings.train.align.epochs),
            (9.0, 4.0, 9.0)
        );
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_errors() {
        let mut layers = Layers::defaults().unwrap();
        let error = layers.assignment("train.align.betta=1").unwrap_err().render();
        assert!(error.contains("train.align.beta"), "{error}");
        assert!(layers.assignment("rows.qa=many").unwrap_err().render().contains("integer"));
        assert!(layers.assignment("rows.qa").is_err());
    }

    #[test]
    fn policies_go_by_kind_and_both_are_checked() {
        let mut layers = Layers::defaults().unwrap();
        layers.assignment("persona.policy.phone=surrogate").unwrap();
        layers.assignment("persona.policy.plate=hash").unwrap();
        layers.assignment("persona.keep=url,phone").unwrap();
        let persona = Settings::resolve(&layers).unwrap().persona;
        assert_eq!(persona.policy.get(&Entity::Phone), Some(&Treatment::Surrogate));
        let off = persona.policy().off;
        assert!(off.contains(&Entity::Url) && !off.contains(&Entity::Phone) && !off.contains(&Entity::Plate));
        let error = layers.assignment("persona.policy.phon=redact").unwrap_err().render();
        assert!(error.contains("no kind") && error.contains("did you mean `phone`?"), "{error}");
        let error = layers.assignment("persona.policy.phone=surogate").unwrap_err().render();
        assert!(error.contains("no policy") && error.contains("did you mean `surrogate`?"), "{error}");
    }

    #[test]
    fn prices_go_by_model() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("distill.toml");
        let text = "[teacher.prices]\n\"gpt-4.1\" = { input = 2, output = 8.5 }\nlocal = { input = 0, output = 0, cached_input = 0 }\n";
        std::fs::write(&file, text).unwrap();
        let mut layers = Layers::defaults().unwrap();
        layers.file(&file).unwrap();
        let prices = Settings::resolve(&layers).unwrap().teacher.prices;
        assert_eq!((prices["gpt-4.1"].input, prices["gpt-4.1"].output), (2.0, 8.5));
        assert_eq!((prices["gpt-4.1"].cached_input, prices["local"].cached_input), (None, Some(0.0)));
        layers.assignment("teacher.prices={ m = { input = 1, outptu = 2 } }").unwrap();
        assert!(Settings::resolve(&layers).unwrap_err().render().contains("outptu"));
        layers.assignment("teacher.prices={ m = { input = -1, output = 2 } }").unwrap();
        assert!(Settings::resolve(&layers).unwrap_err().render().contains("teacher.prices"));
    }

    #[test]
    fn the_environment_sets_by_name() {
        let mut layers = Layers::defaults().unwrap();
        layers
            .environment(
                [
                    ("DISTILL_TRAIN_ALIGN_BETA".to_owned(), "0.2".to_owned()),
                    ("DISTILL_NO_PROGRESS".to_owned(), "1".to_owned()),
                ]
                .into_iter(),
            )
            .unwrap();
        assert_eq!(Settings::resolve(&layers).unwrap().train.align.beta, 0.2);
    }
}
