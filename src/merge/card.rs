//! The model card: what a merged folder says of itself, no more than is known and nothing personal.

use std::fmt::Write;

use crate::hub::{Adapter, Folder};

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
#[must_use]
pub fn card(base: &Folder, adapters: &[Adapter], about: &About<'_>) -> String {
    let base_card = std::fs::read_to_string(base.dir().join("README.md")).unwrap_or_default();
    let front = front_matter(&base_card);
    let mut out = String::from("---\n");
    if let Some(id) = about.base_id {
        let _ = writeln!(out, "base_model: {}", id.split('@').next().unwrap_or(id));
    }
    out.push_str("library_name: transformers\npipeline_tag: text-generation\n");
    let dora = adapters.iter().any(|adapter| adapter.config.use_dora);
    let _ = writeln!(out, "tags: [distill, lora{}]", if dora { ", dora" } else { "" });
    if about.languages.is_empty() {
        out.extend(entry(front, "language"));
    } else {
        let _ = writeln!(out, "language: [{}]", about.languages.join(", "));
    }
    let licence: Vec<String> =
        ["license", "license_name", "license_link"].iter().filter_map(|key| entry(front, key)).collect();
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
    out
}

/// The YAML between the first two lines of dashes.
fn front_matter(card: &str) -> &str {
    let rest = card.trim_start_matches('\u{feff}').strip_prefix("---").unwrap_or_default();
    rest.find("\n---").map_or("", |end| &rest[..end + 1])
}

/// A top-level entry as it is written, with the lines that belong to it.
fn entry(front: &str, key: &str) -> Option<String> {
    let mut lines = front.lines().skip_while(|line| !line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    let mut out = format!("{}\n", lines.next()?.trim_end());
    for line in lines.take_while(|line| line.starts_with([' ', '\t', '-'])) {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    // A list of all the world's languages is still short; what is longer is no such entry.
    (out.len() < 2000).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_as_they_are_written() {
        let card = "---\nlicense: llama3.2\nlicense_link: LICENSE\nlanguage:\n- en\n- de\ntags:\n  - x\n---\n\n# Base\nlicense: no\n";
        let front = front_matter(card);
        assert_eq!(entry(front, "license").as_deref(), Some("license: llama3.2\n"));
        assert_eq!(entry(front, "language").as_deref(), Some("language:\n- en\n- de\n"));
        assert_eq!(entry(front, "license_name"), None);
        assert_eq!(entry(front_matter("# No front\nlicense: mit\n---\n"), "license"), None);
    }
}
