//! LM Studio: the GGUF in the folders that it looks in, `models/PUBLISHER/NAME/FILE.gguf`.
//!
//! Source: LM Studio's documentation on importing models, and the options of `lms import` in its published source. A
//! model.yaml is not written: it names models of a hub by their sources and is no way to describe a file of one's own.

use std::fs;
use std::path::Path;

use super::{Description, Target, Written, put, shell};
use crate::error::Error;

pub(super) fn write(from: &Description, out_dir: &Path) -> Result<Written, Error> {
    let file = from.gguf_name(Target::LmStudio)?;
    let source = from.need_gguf(Target::LmStudio)?;
    let (publisher, name) = from.checked_name()?;
    let folder = out_dir.join("models").join(publisher).join(name);
    fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
    let link = folder.join(&file);
    let same = |a: &Path, b: &Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if !same(source, &link) {
        if link.exists() {
            fs::remove_file(&link).map_err(|e| Error::io(&link, e))?;
        }
        if fs::hard_link(source, &link).is_err() {
            fs::copy(source, &link).map_err(|e| Error::io(&link, e))?;
        }
    }
    let mut files = vec![link];
    let system = from.system.as_ref().map_or(String::new(), |text| {
        format!("\nAs system prompt:\n\n{}\n", text.lines().map(|line| format!("> {line}\n")).collect::<String>())
    });
    let stops = from.stops.iter().map(|stop| format!("`{stop}`")).collect::<Vec<_>>().join(", ");
    let readme = format!(
        "# {name} in LM Studio\n\n\
         Either let LM Studio take the file (`-c` copies it, without it the file is moved):\n\n\
         ```sh\nlms import -c --user-repo {publisher}/{name} models/{publisher}/{name}/{shell_file}\n```\n\n\
         or copy the folder `{publisher}` from `models/` into `~/.lmstudio/models/`, or into the folder that My Models shows.\n\
         A file directly in that folder is not found: the two folders above it are needed.\n\n\
         Then load it:\n\n\
         ```sh\nlms load {name} --context-length {context}\n```\n\n\
         The chat template and the tokens that end an answer ({stops}) are in the file, so the prompt template stays as it is.\n\
         Temperature: {temperature}.\n{system}",
        shell_file = shell(&file),
        context = from.context,
        temperature = from.temperature,
    );
    put(&mut files, out_dir.join("README.md"), &readme)?;
    Ok(Written { files, notes: vec![format!("lms import -c --user-repo {publisher}/{name} {}", shell(&file))] })
}
