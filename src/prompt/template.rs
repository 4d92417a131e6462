use std::collections::BTreeMap;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, context};

use super::{Message, Passage, Prompt, Role};
use crate::id::ContentHash;
use crate::row::Kind;

/// The templates that ship with the binary: name and source.
const EMBEDDED: [(&str, &str); 5] = [
    ("qa", include_str!("../../prompts/qa.md")),
    ("cot", include_str!("../../prompts/cot.md")),
    ("preference", include_str!("../../prompts/preference.md")),
    ("shorten", include_str!("../../prompts/shorten.md")),
    ("repair", include_str!("../../prompts/repair.md")),
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

/// One prompt file: `---` front matter with `task` and `version`, then `# System` and `# User` in minijinja.
#[derive(Clone, Debug)]
pub struct Template {
    name: String,
    version: String,
    system: String,
    user: String,
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
        let (system, user) = match body.split_once("# User\n") {
            Some((system, user)) => {
                (system.trim().strip_prefix("# System").unwrap_or(system).trim().to_owned(), user.trim().to_owned())
            }
            None => return Err(fault("the file needs a `# User` section")),
        };
        let template = Self {
            name: name.to_owned(),
            version: format!("{version}-{}", ContentHash::of(body.as_bytes()).short()),
            system,
            user,
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

    /// One request for `wanted` rows about a passage.
    ///
    /// `voice` are other passages of the person, shown as samples of how they write. `cap` is the token cap.
    ///
    /// # Errors
    /// A template that names a variable it is not given.
    pub fn prompt(
        &self,
        kind: Kind,
        passage: &Passage,
        voice: &[Passage],
        wanted: usize,
        sample: u32,
        cap: usize,
    ) -> Result<Prompt, TemplateError> {
        let template = self.get(kind.name())?;
        let voice: Vec<&str> = voice.iter().map(Passage::text).collect();
        // English takes about 1.4 tokens a word; asking for less than fits spares a second turn.
        let max_words = cap * 2 / 5;
        let context = context! { passage => passage.text(), heading => passage.heading(), voice, count => wanted, round => sample + 1, max_words };
        let (system, user) = template.render(&context)?;
        let messages =
            vec![Message { role: Role::System, content: system }, Message { role: Role::User, content: user }];
        Ok(Prompt {
            kind,
            template: template.name.clone(),
            template_version: template.version.clone(),
            messages,
            schema: crate::row::answer_schema(kind),
            passage: passage.clone(),
            wanted,
            sample,
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
