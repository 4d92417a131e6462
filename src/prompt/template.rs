use std::collections::BTreeMap;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, context};

use super::{Message, Passage, Prompt, Role};
use crate::id::ContentHash;
use crate::row::Kind;

/// The templates that ship with the binary: name and source.
const EMBEDDED: [(&str, &str); 6] = [
    ("qa", include_str!("../../prompts/qa.md")),
    ("cot", include_str!("../../prompts/cot.md")),
    ("preference", include_str!("../../prompts/preference.md")),
    ("shorten", include_str!("../../prompts/shorten.md")),
    ("repair", include_str!("../../prompts/repair.md")),
    ("judge", include_str!("../../prompts/judge.md")),
];

/// A template could not be read or rendered.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// No front matter, or not the keys it needs.
    #[error("prompt `{name}`: {reason}")]
    FrontMatter {
        /// Which template.
        name: String,
        /// What is missing.
        reason: String,
    },
    /// minijinja's own words, with the line.
    #[error("prompt `{name}`: {reason}")]
    Syntax {
        /// Which template.
        name: String,
        /// What it says.
        reason: String,
    },
}

/// One prompt file: `---` front matter with `task` and `version`, then `# System` and `# User` in minijinja, then
/// lists to draw from: `# Kinds` of rows and `# Askers`, a line each.
#[derive(Clone, Debug)]
pub struct Template {
    name: String,
    version: String,
    system: String,
    user: String,
    kinds: Vec<String>,
    askers: Vec<String>,
}

/// What one request for rows is made of.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    /// The kind of rows.
    pub kind: Kind,
    /// What they are about.
    pub passage: &'a Passage,
    /// Samples of how the person writes. The same for all requests, so that the endpoint can cache the beginning.
    pub voice: &'a [Passage],
    /// How the person writes, in words; may be empty.
    pub style: &'a str,
    /// Stretches of the passage, word for word, that may stand as the person's own answers; may be empty.
    pub excerpts: &'a [String],
    /// Rows asked for.
    pub wanted: usize,
    /// How often the passage was asked before for this kind.
    pub sample: u32,
    /// Rows asked for by those earlier requests.
    pub offset: usize,
    /// Where in the lists of kinds and askers to begin.
    pub turn: usize,
    /// Tokens allowed per field.
    pub cap: usize,
}

impl<'a> Brief<'a> {
    /// The first request for `wanted` rows about a passage, without samples.
    #[must_use]
    pub const fn first(kind: Kind, passage: &'a Passage, wanted: usize, cap: usize) -> Self {
        Self { kind, passage, voice: &[], style: "", excerpts: &[], wanted, sample: 0, offset: 0, turn: 0, cap }
    }
}

impl Template {
    /// Parses a prompt file.
    ///
    /// # Errors
    /// Front matter or syntax.
    pub fn parse(name: &str, source: &str) -> Result<Self, TemplateError> {
        let fault = |reason: &str| TemplateError::FrontMatter { name: name.to_owned(), reason: reason.to_owned() };
        let source = source.replace("\r\n", "\n");
        let (front, body) = source
            .strip_prefix("---\n")
            .and_then(|s| s.split_once("\n---\n"))
            .ok_or_else(|| fault("the file starts with `---`, front matter, `---`"))?;
        let keys: BTreeMap<&str, &str> =
            front.lines().filter_map(|l| l.split_once(':')).map(|(k, v)| (k.trim(), v.trim())).collect();
        if keys.get("task").is_none_or(|task| *task != name) {
            return Err(fault(&format!("front matter needs `task: {name}`")));
        }
        let version =
            keys.get("version").filter(|v| !v.is_empty()).ok_or_else(|| fault("front matter needs `version: N`"))?;
        let Some((system, rest)) = body.split_once("# User\n") else {
            return Err(fault("the file needs a `# User` section"));
        };
        let system = system.trim().strip_prefix("# System").unwrap_or(system).trim().to_owned();
        let (rest, askers) = rest.split_once("\n# Askers\n").unwrap_or((rest, ""));
        let (user, kinds) = rest.split_once("\n# Kinds\n").unwrap_or((rest, ""));
        let items = |list: &str| -> Vec<String> {
            list.lines().map(|l| l.trim().trim_start_matches("- ").to_owned()).filter(|l| !l.is_empty()).collect()
        };
        let (kinds, askers, user) = (items(kinds), items(askers), user.trim().to_owned());
        let template = Self {
            name: name.to_owned(),
            version: format!("{version}-{}", ContentHash::of(body.as_bytes()).short()),
            system,
            user,
            kinds,
            askers,
        };
        template.environment()?;
        Ok(template)
    }

    /// Version from the front matter and the first digits of the text's hash: an edited file has another version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    fn environment(&self) -> Result<Environment<'_>, TemplateError> {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_trim_blocks(true);
        env.set_lstrip_blocks(true);
        let fault = |e: minijinja::Error| TemplateError::Syntax { name: self.name.clone(), reason: format!("{e:#}") };
        env.add_template("system", &self.system).map_err(fault)?;
        env.add_template("user", &self.user).map_err(fault)?;
        Ok(env)
    }

    fn render(&self, context: &minijinja::Value) -> Result<(String, String), TemplateError> {
        let env = self.environment()?;
        let one = |part: &str| {
            env.get_template(part)
                .and_then(|t| t.render(context))
                .map_err(|e| TemplateError::Syntax { name: self.name.clone(), reason: format!("{e:#}") })
        };
        Ok((one("system")?, one("user")?))
    }
}

/// All prompt templates of a run: the workspace's where it has one, else those of the binary.
#[derive(Clone, Debug)]
pub struct Templates(BTreeMap<String, Template>);

impl Templates {
    /// The templates of the binary.
    ///
    /// # Errors
    /// Never for a released binary: a test parses them all.
    pub fn embedded() -> Result<Self, TemplateError> {
        EMBEDDED
            .iter()
            .map(|(name, source)| Ok(((*name).to_owned(), Template::parse(name, source)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The same, with each template that lies in `folder` as `<name>.md` in its place.
    ///
    /// # Errors
    /// A file there that is no template.
    pub fn with_overrides(folder: &Path) -> Result<Self, crate::Error> {
        let mut templates = Self::embedded().map_err(|e| crate::Error::new(e.to_string()))?;
        for (name, _) in EMBEDDED {
            let path = folder.join(format!("{name}.md"));
            if path.is_file() {
                let source = crate::edge::fs::read_text(&path)?;
                let template = Template::parse(name, &source).map_err(|e| crate::Error::at(&path, e.to_string()))?;
                templates.0.insert(name.to_owned(), template);
            }
        }
        Ok(templates)
    }

    fn get(&self, name: &str) -> Result<&Template, TemplateError> {
        self.0
            .get(name)
            .ok_or_else(|| TemplateError::FrontMatter { name: name.to_owned(), reason: "no such prompt".into() })
    }

    /// The version of the template for `kind`.
    #[must_use]
    pub fn version(&self, kind: Kind) -> &str {
        self.0.get(kind.name()).map_or("", |t| &t.version)
    }

    /// One request for rows.
    ///
    /// # Errors
    /// A template that names a variable it is not given.
    pub fn prompt(&self, brief: &Brief<'_>) -> Result<Prompt, TemplateError> {
        let template = self.get(brief.kind.name())?;
        let voice: Vec<&str> = brief.voice.iter().map(Passage::text).collect();
        // English takes about 1.4 tokens a word; asking for less than fits spares a second turn.
        let max_words = brief.cap * 2 / 5;
        let kinds: Vec<&str> = (0..brief.wanted.min(template.kinds.len()))
            .map(|i| template.kinds[(brief.turn + i) % template.kinds.len()].as_str())
            .collect();
        let asker = template.askers.get(brief.turn / 3 % template.askers.len().max(1)).map_or("", String::as_str);
        let context = context! {
            passage => brief.passage.text(), heading => brief.passage.heading(), voice, style => brief.style,
            excerpts => brief.excerpts, count => brief.wanted, round => brief.sample + 1, kinds, asker, max_words,
        };
        let (system, user) = template.render(&context)?;
        let messages =
            vec![Message { role: Role::System, content: system }, Message { role: Role::User, content: user }];
        Ok(Prompt {
            kind: brief.kind,
            template: template.name.clone(),
            template_version: template.version.clone(),
            messages,
            schema: crate::row::answer_schema(brief.kind),
            passage: brief.passage.clone(),
            wanted: brief.wanted,
            sample: brief.sample,
            offset: brief.offset,
        })
    }

    /// Asks whether rows about a passage are sound: `rows` is what is judged, each with an `id`, `schema` that of the
    /// verdicts.
    ///
    /// # Errors
    /// The template.
    pub fn judge(
        &self,
        kind: Kind,
        passage: &Passage,
        rows: &[serde_json::Value],
        schema: serde_json::Value,
    ) -> Result<Prompt, TemplateError> {
        let template = self.get("judge")?;
        let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let context =
            context! { passage => passage.text(), heading => passage.heading(), kind => kind.name(), rows => lines };
        let (system, user) = template.render(&context)?;
        Ok(Prompt {
            kind,
            template: template.name.clone(),
            template_version: template.version.clone(),
            messages: vec![
                Message { role: Role::System, content: system },
                Message { role: Role::User, content: user },
            ],
            schema,
            passage: passage.clone(),
            wanted: rows.len(),
            sample: 0,
            offset: 0,
        })
    }

    /// Asks for the same row with shorter fields.
    ///
    /// # Errors
    /// The template.
    pub fn shorten(&self, prompt: &Prompt, row: &str, fields: &[&str], cap: usize) -> Result<Prompt, TemplateError> {
        let (_, user) =
            self.get("shorten")?.render(&context! { fields => fields.join(", "), max_words => cap * 2 / 5 })?;
        // A teacher that writes as many rows as are wanted has one to write here.
        Ok(Prompt { wanted: 1, ..prompt.follow_up(row, &user) })
    }

    /// Asks for the same answer as the JSON it should have been.
    ///
    /// # Errors
    /// The template.
    pub fn repair(&self, prompt: &Prompt, answer: &str, reason: &str) -> Result<Prompt, TemplateError> {
        let (_, user) = self.get("repair")?.render(&context! { reason })?;
        Ok(prompt.follow_up(answer, &user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_templates_parse() {
        Templates::embedded().unwrap();
    }

    #[test]
    fn faults_say_what_is_missing() {
        assert!(Template::parse("qa", "hello").unwrap_err().to_string().contains("front matter"));
        assert!(
            Template::parse("qa", "---\ntask: cot\nversion: 1\n---\n# User\nx")
                .unwrap_err()
                .to_string()
                .contains("task: qa")
        );
        assert!(Template::parse("qa", "---\ntask: qa\nversion: 1\n---\n# User\n{{ open").is_err());
    }
}
