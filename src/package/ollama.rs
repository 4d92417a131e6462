//! Ollama: a Modelfile beside the GGUF.
//!
//! The grammar is that of Ollama's `parser/parser.go`: a value in three double quotes ends at the next three, and
//! characters that Go's `strconv.IsPrint` refuses are dropped, so texts with either are refused here.
//! The template's variables are those of `template/template.go`: `.Messages` with `.Role` and `.Content`, instructions
//! among them, and `.System` with all instructions. Bos is left to the tokenizer where it adds it by itself.

use std::path::Path;

use super::turns::{System, Turns};
use super::{Description, Target, Written, put, shell};
use crate::error::{Error, printable};

pub(super) fn write(from: &Description, out_dir: &Path) -> Result<Written, Error> {
    let mut notes = Vec::new();
    let mut text = format!(
        "# ollama create {} -f Modelfile\n# ollama run {}\nFROM {}\n",
        from.name,
        from.name,
        from.gguf_from(Target::Ollama, out_dir)?
    );
    match template(from) {
        Ok((template, more)) => {
            text.push_str(&format!("\nTEMPLATE {}\n", quoted(&template)?));
            notes.extend(more);
        }
        Err(reason) => {
            let note = format!(
                "no TEMPLATE: {reason}. Ollama renders the GGUF's own chat template where a Modelfile has none; versions \
                 from before it did so need one."
            );
            text.push_str(&format!("\n# {}\n", printable(&note)));
            notes.push(note);
        }
    }
    text.push('\n');
    for stop in &from.stops {
        text.push_str(&format!("PARAMETER stop {}\n", quoted(stop)?));
    }
    text.push_str(&format!("PARAMETER num_ctx {}\nPARAMETER temperature {}\n", from.context, from.temperature));
    if let Some(system) = &from.system {
        text.push_str(&format!("\nSYSTEM {}\n", quoted(system)?));
    }
    if let Some(license) = &from.license {
        text.push_str(&format!("\nLICENSE {}\n", quoted(license)?));
    }
    let mut files = Vec::new();
    put(&mut files, out_dir.join("Modelfile"), &text)?;
    notes.push(format!("cd {} && ollama create {} -f Modelfile", shell(&out_dir.display().to_string()), from.name));
    Ok(Written { files, notes })
}

/// The template in Go's language, and what it cannot say.
fn template(from: &Description) -> Result<(String, Vec<String>), String> {
    let source = from.chat_template.as_deref().ok_or("the student has no chat template")?;
    let turns = Turns::of(source, &from.tokens).map_err(|e| e.to_string())?;
    let mut notes = Vec::new();
    if turns.trims {
        notes.push("The chat template drops white space around what is said; Ollama's cannot and keeps it.".to_owned());
    }
    if turns.forgets_thoughts {
        notes.push("The chat template leaves thoughts of earlier answers out; Ollama's keeps them.".to_owned());
    }
    if turns.system == System::Refused {
        let ignored = "The chat template knows no instructions, so SYSTEM has no effect.";
        notes.extend(from.system.as_ref().map(|_| ignored.to_owned()));
    }
    let template = go(&turns, from.adds_bos);
    quoted(&template).map_err(|e| e.to_string())?;
    Ok((template, notes))
}

/// The pieces in Go's template language.
fn go(turns: &Turns, adds_bos: bool) -> String {
    let mut out = if adds_bos { String::new() } else { literal(&turns.bos) };
    if !turns.start.is_empty() {
        out.push_str(&format!("{{{{ if not .System }}}}{}{{{{ end }}}}", literal(&turns.start)));
    }
    if let Some((before, between, after)) = by_role(turns) {
        let (before, between, after) = (literal(before), literal(between), literal(after));
        out.push_str(&format!(
            "{{{{ range .Messages }}}}{before}{{{{ .Role }}}}{between}{{{{ .Content }}}}{after}{{{{ end }}}}"
        ));
        return out + &literal(&turns.prompt);
    }
    let user_before = literal(&turns.user.before);
    let (opening, first) = match &turns.system {
        System::Turn(around) => {
            let (before, after) = (literal(&around.before), literal(&around.after));
            (format!("{{{{ if eq .Role \"system\" }}}}{before}{{{{ .Content }}}}{after}{{{{ else if "), user_before)
        }
        System::FirstUser(around) => {
            let (before, after) = (literal(&around.before), literal(&around.after));
            let with = format!("{before}{{{{ $.System }}}}{after}");
            let chosen = format!("{{{{ if and $.System (eq $i 1) }}}}{with}{{{{ else }}}}{user_before}{{{{ end }}}}");
            ("{{ if ".to_owned(), chosen)
        }
        System::Refused => ("{{ if ".to_owned(), user_before),
    };
    let user_after = literal(&turns.user.after);
    let (before, after) = (literal(&turns.assistant.before), literal(&turns.assistant.after));
    out.push_str(&format!(
        "{{{{ range $i, $_ := .Messages }}}}{opening}eq .Role \"user\" }}}}{first}{{{{ .Content }}}}{user_after}\
         {{{{ else if eq .Role \"assistant\" }}}}{before}{{{{ .Content }}}}{after}{{{{ end }}}}{{{{ end }}}}"
    ));
    out + &literal(&turns.prompt)
}

/// Text before the role's name, between it and the words, and after them, where every role has the same.
fn by_role(turns: &Turns) -> Option<(&str, &str, &str)> {
    let System::Turn(system) = &turns.system else { return None };
    let split = |text: &'_ str, role: &str| text.split_once(role).map(|(a, b)| (a.to_owned(), b.to_owned()));
    let user = turns.user.before.split_once("user")?;
    let same = split(&system.before, "system").as_ref().map(|(a, b)| (a.as_str(), b.as_str())) == Some(user)
        && split(&turns.assistant.before, "assistant").as_ref().map(|(a, b)| (a.as_str(), b.as_str())) == Some(user)
        && system.after == turns.user.after
        && turns.assistant.after == turns.user.after;
    same.then_some((user.0, user.1, turns.user.after.as_str()))
}

/// Text as it stands in a Go template: what would open an action is written by one.
fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

/// A value in three double quotes.
fn quoted(text: &str) -> Result<String, Error> {
    let unprintable = |c: char| match c {
        '\n' | '\t' | ' ' => false,
        // As Go's IsPrint: no control or format characters, and no white space but the plain one.
        c => {
            c.is_control()
                || c.is_whitespace()
                || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}')
        }
    };
    if let Some(c) = text.chars().find(|c| unprintable(*c)) {
        return Err(Error::new(format!("a Modelfile cannot hold U+{:04X}", u32::from(c))));
    }
    if text.contains("\"\"\"") || text.ends_with('"') {
        return Err(Error::new("a Modelfile cannot hold three double quotes in a row"));
    }
    Ok(format!("\"\"\"{text}\"\"\""))
}

#[cfg(test)]
pub(super) fn go_template(from: &Description) -> Result<String, String> {
    template(from).map(|(template, _)| template)
}
