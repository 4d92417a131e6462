//! llama.cpp: command lines with the student's own numbers, for computers and phones.

use std::path::Path;

use super::{Description, Target, Written, put, shell};
use crate::error::Error;

pub(super) fn write(from: &Description, out_dir: &Path) -> Result<Written, Error> {
    let file = shell(&from.gguf_from(Target::LlamaCpp, out_dir)?);
    let name = shell(&from.gguf_name(Target::LlamaCpp)?);
    let (context, temperature) = (from.context, from.temperature);
    let system = from.system.as_ref().map_or(String::new(), |text| format!(" -sys {}", shell(text)));
    // Without a template in the file llama-cli would talk in one of its own; a text can still be continued.
    let Some(_) = from.chat_template else { return continuing(from, &file, out_dir) };
    let text = format!(
        "# {model} with llama.cpp\n\n\
         ```sh\n\
         # talk to it\n\
         llama-cli -m {file} --jinja -c {context} --temp {temperature}{system}\n\
         # the same on a card or on Apple's chips: all layers there\n\
         llama-cli -m {file} --jinja -c {context} --temp {temperature} -ngl 99{system}\n\
         # one answer\n\
         llama-cli -m {file} --jinja -c {context} --temp {temperature} -st -p 'What did you build?'{system}\n\
         # an OpenAI-compatible server on this machine, for one conversation at a time\n\
         llama-server -m {file} --jinja -c {context} -np 1 --temp {temperature} --host 127.0.0.1 --port 8080\n\
         # half the memory for keys and values\n\
         llama-server -m {file} --jinja -c {context} -np 1 -ctk q8_0 -ctv q8_0\n\
         ```\n\n\
         ## On a phone\n\n\
         Android, in Termux (`pkg install llama-cpp`), with as many threads as there are fast cores:\n\n\
         ```sh\n\
         llama-cli -m {name} --jinja -c {phone} --temp {temperature} -t 4{system}\n\
         ```\n\n\
         iPhone: any app that opens GGUF files; give it a context of {phone} and a temperature of {temperature}. The\n\
         template and the tokens that end an answer are in the file.\n\
         `distill plan --device NAME --model {name}` says whether it fits.\n",
        model = from.name,
        phone = context.min(2048),
    );
    let mut files = Vec::new();
    put(&mut files, out_dir.join("README.md"), &text)?;
    Ok(Written { files, notes: vec![format!("llama-cli -m {file} --jinja -c {context}")] })
}

/// For a student without a chat template.
fn continuing(from: &Description, file: &str, out_dir: &Path) -> Result<Written, Error> {
    let (context, temperature) = (from.context, from.temperature);
    let text = format!(
        "# {} with llama.cpp\n\n\
         The file has no chat template, so it continues a text instead of answering:\n\n\
         ```sh\n\
         llama-completion -m {file} -no-cnv -c {context} --temp {temperature} -n 128 -p 'The first thing I built'\n\
         ```\n",
        from.name
    );
    let mut files = Vec::new();
    put(&mut files, out_dir.join("README.md"), &text)?;
    Ok(Written { files, notes: vec!["The student has no chat template: it continues texts.".to_owned()] })
}
