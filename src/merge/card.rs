//! The model card: what a merged folder says of itself, no more than is known and nothing personal.

use std::fmt::Write;

use crate::hub::{Adapter, Card, Folder, HubError};

/// What a card tells beyond what the adapters say.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The model's name, the card's heading.
    pub name: &'a str,
    /// The base's id on the hub; `None` for a folder of one's own, whose path is nobody's business.
    pub base_id: Option<&'a str>,
    /// How it was trained, in whole sentences; a line of its own for each.
    pub trained: &'a [String],
    /// What was measured: a name and a figure.
    pub figures: &'a [(String, String)],
    /// Languages by their codes; empty takes what the base's card says.
    pub languages: &'a [&'a str],
    /// A quantised form beside it.
    pub gguf: Option<&'a str>,
}

/// `README.md` of a merged folder, with the hub's front matter.
///
/// Licence and language are those that the base's own card names, if the base has a card.
///
/// # Errors
/// [`HubError::Io`] when the base's card cannot be read.
pub fn card(base: &Folder, adapters: &[Adapter], about: &About<'_>) -> Result<String, HubError> {
    let base_card = base.model_card()?.unwrap_or_default();
    let front = Card::of_readme(base_card.trim_start_matches('\u{feff}'));
    let mut out = String::from("---\n");
    if let Some(id) = about.base_id {
        let _ = writeln!(out, "base_model: {}", id.split('@').next().unwrap_or(id));
    }
    out.push_str("library_name: transformers\npipeline_tag: text-generation\n");
    let dora = adapters.iter().any(|adapter| adapter.config.use_dora);
    let _ = writeln!(out, "tags: [distill, lora{}]", if dora { ", dora" } else { "" });
    if about.languages.is_empty() {
        out.extend(entry(&front, "language"));
    } else {
        let _ = writeln!(out, "language: [{}]", about.languages.join(", "));
    }
    let licence: Vec<String> =
        ["license", "license_name", "license_link"].iter().filter_map(|key| entry(&front, key)).collect();
    out.extend(licence.iter().map(String::as_str));
    let _ = writeln!(out, "---\n\n# {}\n", about.name);

    let base_name = about.base_id.map_or("A base model".to_owned(), |id| {
        format!("[{id}](https://huggingface.co/{})", id.split('@').next().unwrap_or(id))
    });
    let _ = writeln!(
        out,
        "{base_name} with {} summed into its weights by `distill` {}: in f32, and rounded once to bf16.\n",
        if adapters.len() == 1 { "a LoRA adapter".to_owned() } else { format!("{} LoRA adapters", adapters.len()) },
        env!("CARGO_PKG_VERSION"),
    );
    out.push_str("## Training\n\n");
    for line in about.trained {
        let _ = writeln!(out, "- {line}");
    }
    for adapter in adapters {
        let config = &adapter.config;
        let kind = match (config.use_dora, config.use_rslora) {
            (true, true) => "DoRA with rank-stabilised scale",
            (true, false) => "DoRA",
            (false, true) => "LoRA with rank-stabilised scale",
            (false, false) => "LoRA",
        };
        let _ = writeln!(
            out,
            "- {kind}, rank {}, alpha {}, on {} linear layers",
            config.r,
            config.lora_alpha,
            adapter.tensors.len()
        );
    }
    if !about.figures.is_empty() {
        out.push_str("\n## Measured\n\n| what | figure |\n| --- | ---: |\n");
        for (name, figure) in about.figures {
            let _ = writeln!(out, "| {name} | {figure} |");
        }
    }
    out.push_str("\n## Running it\n\n```python\nfrom transformers import pipeline\n\nchat = pipeline(\"text-generation\", \"path/to/this/folder\", dtype=\"auto\")\nprint(chat([{\"role\": \"user\", \"content\": \"Hello\"}])[0][\"generated_text\"][-1][\"content\"])\n```\n\n```sh\nvllm serve path/to/this/folder\ndistill chat -m path/to/this/folder\n```\n");
    if let Some(gguf) = about.gguf {
        let _ = writeln!(out, "\n`{gguf}` is the quantised form, for llama.cpp and what is built on it.");
    }
    out.push_str("\n## Licence\n\n");
    out.push_str(if licence.is_empty() {
        "The terms of the base model hold for this model too; its card is the place to read them.\n"
    } else {
        "As the base model's card has it, whose terms hold for this model too.\n"
    });
    Ok(out)
}

/// An entry of the base's card as a line; `None` for one that says nothing.
fn entry(front: &Card, key: &str) -> Option<String> {
    let value = front.get(key)?;
    let texts: Vec<String> = value.items().iter().filter_map(Card::text).map(scalar).collect();
    let line = match (value, texts.as_slice()) {
        (_, []) => return None,
        (Card::Text(_), [text]) => format!("{key}: {text}\n"),
        _ => format!("{key}: [{}]\n", texts.join(", ")),
    };
    // A list of all the world's languages is still short; what is longer is no such entry.
    (line.len() < 2000).then_some(line)
}

/// A text in YAML: in quotes, which are JSON's, unless it is a plain word.
fn scalar(text: &str) -> String {
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
        // What YAML takes for something else than a text; Norwegian is the known victim.
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&&*text.to_ascii_lowercase());
    if word { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(readme: &str) -> Vec<Option<String>> {
        let front = Card::of_readme(readme);
        ["license", "license_name", "license_link", "language"].map(|key| entry(&front, key)).to_vec()
    }

    #[test]
    fn entries_say_what_the_base_says() {
        let card = "---\nlicense: other # see below\nlicense_name: 'my: licence'\nlicense_link: https://example.org/L\n\
                    language:\n- en\n- no\n- zh\ntags:\n  - x\n---\n\n# Base\nlicense: no\n";
        let found = entries(card);
        let lines = [
            "license: other\n",
            "license_name: \"my: licence\"\n",
            "license_link: \"https://example.org/L\"\n",
            "language: [en, \"no\", zh]\n",
        ];
        assert_eq!(found, lines.map(|line| Some(line.to_owned())));
        // And what was written is read back as it was.
        let again = format!("---\n{}---\n", lines.concat());
        assert_eq!(entries(&again), found);
        assert!(entries("# No front\nlicense: mit\n---\n").iter().all(Option::is_none));
        assert!(entries("---\nlicense:\nlanguage: []\n---\n").iter().all(Option::is_none));
        assert_eq!(entries(&format!("---\nlicense: {}\n---\n", "x".repeat(3000)))[0], None);
    }

    /// A card that is not UTF-8 everywhere still has a licence, and one that is no file is told of.
    #[test]
    fn the_base_card_is_read_as_it_is() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/numeric/tiny-llama");
        let dir = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(root).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
        }
        let base = Folder::open(dir.path()).unwrap();
        let readme = dir.path().join("README.md");
        std::fs::write(&readme, b"\xef\xbb\xbf---\nlicense: llama3.2\n---\nna\xefve\n").unwrap();
        let about = About { name: "me", ..About::default() };
        let text = card(&base, &[], &about).unwrap();
        assert!(text.contains("license: llama3.2\n") && text.contains("As the base model's card has it"), "{text}");
        std::fs::remove_file(&readme).unwrap();
        assert!(card(&base, &[], &about).unwrap().contains("its card is the place to read them"));
        std::fs::create_dir(&readme).unwrap();
        assert!(card(&base, &[], &about).is_err());
    }
}
