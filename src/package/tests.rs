use super::turns::{Around, NotTurns, System, Turns};
use super::*;
use crate::batch::ChatTemplate;

const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// Instructions of its own where there are none, as Qwen2.5 and SmolLM2 have them.
const OWN_SYSTEM: &str = "{%- if messages[0]['role'] != 'system' %}{{- '<|im_start|>system\nYou are helpful.<|im_end|>\n' }}{%- endif %}{%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}";

/// Mistral 7B: brackets, the end token after answers, and no instructions.
const MISTRAL: &str = "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% else %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}";

/// Instructions inside the first turn, as Llama 2 and later Mistrals have them.
const INSIDE: &str = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set start = 1 %}{% else %}{% set start = 0 %}{% endif %}{% for message in messages[start:] %}{% if message['role'] == 'user' %}{{ '[INST] ' }}{% if loop.first and start == 1 %}{{ '<<SYS>>\n' + messages[0]['content'] + '\n<</SYS>>\n\n' }}{% endif %}{{ message['content'] + ' [/INST]' }}{% else %}{{ ' ' + message['content'] + ' ' + eos_token }}{% endif %}{% endfor %}";

/// Thoughts of earlier answers are dropped, as Qwen3 does.
const THINKING: &str = "{% for message in messages %}{% set said = message['content'] %}{% if message['role'] == 'assistant' and '</think>' in said %}{% set said = said.split('</think>')[-1].lstrip('\n') %}{% endif %}{{ '<|im_start|>' + message['role'] + '\n' + said + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

fn tokens() -> BTreeMap<String, String> {
    [("bos_token", "<s>"), ("eos_token", "</s>")].map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

fn described(dir: &Path, template: Option<&str>) -> Description {
    let gguf = dir.join("me-q4_k_s.gguf");
    std::fs::write(&gguf, b"GGUF").unwrap();
    Description {
        name: "me".to_owned(),
        publisher: "distill".to_owned(),
        gguf: Some(gguf),
        folder: None,
        chat_template: template.map(str::to_owned),
        tokens: tokens(),
        adds_bos: true,
        stops: vec!["<|eot_id|>".to_owned(), "<|end_of_text|>".to_owned()],
        context: 4096,
        temperature: 0.7,
        system: None,
        license: None,
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn known_templates_come_apart() {
    for template in
        [ChatTemplate::PLAIN_LLAMA3, ChatTemplate::PLAIN_TEXT, CHATML, OWN_SYSTEM, MISTRAL, INSIDE, THINKING]
    {
        Turns::of(template, &tokens()).unwrap_or_else(|e| panic!("{e}: {template}"));
    }
    let llama = Turns::of(ChatTemplate::PLAIN_LLAMA3, &tokens()).unwrap();
    let header = |role: &str| format!("<|start_header_id|>{role}<|end_header_id|>\n\n");
    assert_eq!((llama.bos.as_str(), llama.start.as_str()), ("<s>", ""));
    assert_eq!(llama.user, Around { before: header("user"), after: "<|eot_id|>".to_owned() });
    assert_eq!(llama.assistant, Around { before: header("assistant"), after: "<|eot_id|>".to_owned() });
    assert_eq!(llama.system, System::Turn(Around { before: header("system"), after: "<|eot_id|>".to_owned() }));
    assert_eq!(llama.prompt, header("assistant"));
    assert!(llama.trims && !llama.forgets_thoughts);
    let own = Turns::of(OWN_SYSTEM, &tokens()).unwrap();
    assert_eq!(own.start, "<|im_start|>system\nYou are helpful.<|im_end|>\n");
    assert!(!own.trims);
    let mistral = Turns::of(MISTRAL, &tokens()).unwrap();
    assert_eq!(mistral.system, System::Refused);
    assert_eq!((mistral.user.before.as_str(), mistral.assistant.after.as_str()), ("[INST] ", "</s>"));
    assert!(matches!(Turns::of(INSIDE, &tokens()).unwrap().system, System::FirstUser(_)));
    assert!(Turns::of(THINKING, &tokens()).unwrap().forgets_thoughts);
}

#[test]
fn other_templates_are_refused_with_the_reason() {
    let of = |template: &str| Turns::of(template, &tokens()).unwrap_err();
    let counts = "{% for m in messages %}{{ loop.index ~ ' ' ~ m.role ~ ': ' ~ m.content ~ '\n' }}{% endfor %}";
    assert!(matches!(of(counts), NotTurns::Differs(_)), "{}", of(counts));
    assert!(matches!(of("{% for m in messages %}{{ m.content | upper }}{% endfor %}"), NotTurns::Words(_)));
    assert!(matches!(of("{% for m in messages %}{{ m.content ~ m.content }}{% endfor %}"), NotTurns::Words(_)));
    assert!(matches!(of("{% for"), NotTurns::Broken(_)));
    assert!(matches!(of("{{ raise_exception('never') }}"), NotTurns::Broken(_)));
    // One that looks at what is said.
    let looks = "{% for m in messages %}{{ '[' ~ (m.content | replace('<b>', '')) ~ ']' }}{% endfor %}";
    assert!(of(looks).to_string().contains("comes out differently"), "{}", of(looks));
    // Instructions at the end, with the last turn.
    let last = "{% for m in messages %}{% if m.role != 'system' %}{% if loop.last and messages[0].role == 'system' %}{{ messages[0].content ~ '|' }}{% endif %}{{ m.role ~ ':' ~ m.content ~ ';' }}{% endif %}{% endfor %}";
    assert!(matches!(of(last), NotTurns::Differs(_)), "{}", of(last));
}

#[test]
fn go_templates() {
    let dir = tempfile::tempdir().unwrap();
    let go = |template: &str| ollama::go_template(&described(dir.path(), Some(template))).unwrap();
    assert_eq!(
        go(ChatTemplate::PLAIN_LLAMA3),
        "{{ range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n{{ .Content }}<|eot_id|>{{ end }}<|start_header_id|>assistant<|end_header_id|>\n\n"
    );
    assert_eq!(
        go(OWN_SYSTEM),
        "{{ if not .System }}<|im_start|>system\nYou are helpful.<|im_end|>\n{{ end }}{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
    );
    assert_eq!(
        go(MISTRAL),
        "{{ range $i, $_ := .Messages }}{{ if eq .Role \"user\" }}[INST] {{ .Content }} [/INST]{{ else if eq .Role \"assistant\" }}{{ .Content }}</s>{{ end }}{{ end }}"
    );
    assert!(go(INSIDE).contains(
        "{{ if and $.System (eq $i 1) }}[INST] <<SYS>>\n{{ $.System }}\n<</SYS>>\n\n{{ else }}[INST] {{ end }}"
    ));
    // Bos is written where the tokenizer does not add it.
    let mut from = described(dir.path(), Some(ChatTemplate::PLAIN_LLAMA3));
    from.adds_bos = false;
    assert!(ollama::go_template(&from).unwrap().starts_with("<s>{{ range"));
    // What would open an action does not.
    let braces = "{% for m in messages %}{{ '{{' ~ m.role ~ '}}' ~ m.content ~ '\n' }}{% endfor %}";
    assert!(go(braces).contains("{{ \"{{\" }}"), "{}", go(braces));
}

#[test]
fn a_modelfile() {
    let dir = tempfile::tempdir().unwrap();
    let mut from = described(dir.path(), Some(CHATML));
    from.system = Some("You are Ada.\nAnswer \"briefly\" please.".to_owned());
    from.license = Some("cc-by-4.0".to_owned());
    let written = write(Target::Ollama, &from, dir.path()).unwrap();
    assert_eq!(written.files, [dir.path().join("Modelfile")]);
    let text = read(&written.files[0]);
    for line in [
        "FROM ./me-q4_k_s.gguf\n",
        "TEMPLATE \"\"\"{{ range .Messages }}<|im_start|>{{ .Role }}\n",
        "PARAMETER stop \"\"\"<|eot_id|>\"\"\"\nPARAMETER stop \"\"\"<|end_of_text|>\"\"\"\n",
        "PARAMETER num_ctx 4096\nPARAMETER temperature 0.7\n",
        "SYSTEM \"\"\"You are Ada.\nAnswer \"briefly\" please.\"\"\"\n",
        "LICENSE \"\"\"cc-by-4.0\"\"\"\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    // From a folder beside it the file is named by the way there, from elsewhere in full.
    let beside = dir.path().join("me-ollama");
    write(Target::Ollama, &from, &beside).unwrap();
    assert!(read(&beside.join("Modelfile")).contains("FROM ../me-q4_k_s.gguf\n"));
    let elsewhere = dir.path().join("a folder").join("deeper");
    write(Target::Ollama, &from, &elsewhere).unwrap();
    let named = format!("FROM {}\n", dir.path().canonicalize().unwrap().join("me-q4_k_s.gguf").display());
    assert!(read(&elsewhere.join("Modelfile")).contains(&named));
}

#[test]
fn what_a_modelfile_cannot_hold() {
    let dir = tempfile::tempdir().unwrap();
    // A template that is no text around turns is left to Ollama.
    let counts = "{% for m in messages %}{{ loop.index ~ m.content }}{% endfor %}";
    let written = write(Target::Ollama, &described(dir.path(), Some(counts)), dir.path()).unwrap();
    let text = read(&written.files[0]);
    assert!(!text.contains("\nTEMPLATE") && text.contains("# no TEMPLATE: the template is more than"), "{text}");
    assert!(written.notes[0].contains("GGUF's own chat template"));
    for bad in ["a \"\"\" b", "ends with \"", "zero\u{200b}width", "bell\u{7}", "narrow\u{a0}space"] {
        let mut from = described(dir.path(), Some(CHATML));
        from.system = Some(bad.to_owned());
        assert!(write(Target::Ollama, &from, dir.path()).is_err(), "{bad:?}");
    }
    let mut from = described(dir.path(), Some(CHATML));
    from.gguf = None;
    assert!(write(Target::Ollama, &from, dir.path()).unwrap_err().to_string().contains("GGUF"));
    for name in ["", "..", "a/b", "a b", "-x", "x;y", "é", ".hidden"] {
        let mut from = described(dir.path(), None);
        from.name = name.to_owned();
        assert!(Target::ALL.iter().all(|target| write(*target, &from, dir.path()).is_err()), "{name}");
    }
}

#[test]
fn folders_of_lm_studio() {
    let dir = tempfile::tempdir().unwrap();
    let from = described(dir.path(), Some(CHATML));
    let out = dir.path().join("lm");
    let file = out.join("models/distill/me/me-q4_k_s.gguf");
    // Twice: what is there is replaced.
    for _ in 0..2 {
        let written = write(Target::LmStudio, &from, &out).unwrap();
        assert_eq!(written.files, [file.clone(), out.join("README.md")]);
        assert_eq!(read(&file), "GGUF");
    }
    assert!(
        read(&out.join("README.md")).contains("lms import -c --user-repo distill/me models/distill/me/me-q4_k_s.gguf")
    );
    // The file that is already in its place stays.
    let mut placed = from;
    placed.gguf = Some(file.clone());
    write(Target::LmStudio, &placed, &out).unwrap();
    assert_eq!(read(&file), "GGUF");
}

#[test]
fn command_lines_of_llama_cpp() {
    let dir = tempfile::tempdir().unwrap();
    let mut from = described(dir.path(), Some(CHATML));
    from.system = Some("It's me; $HOME".to_owned());
    let written = write(Target::LlamaCpp, &from, dir.path()).unwrap();
    let text = read(&written.files[0]);
    assert!(
        text.contains("llama-cli -m ./me-q4_k_s.gguf --jinja -c 4096 --temp 0.7 -sys 'It'\\''s me; $HOME'"),
        "{text}"
    );
    assert!(text.contains("llama-server -m ./me-q4_k_s.gguf --jinja -c 4096 -np 1"), "{text}");
    assert!(text.contains("-c 2048 --temp 0.7 -t 4"), "{text}");
    let written = write(Target::LlamaCpp, &described(dir.path(), None), dir.path()).unwrap();
    let text = read(&written.files[0]);
    assert!(text.contains("llama-completion") && text.contains("-no-cnv") && !text.contains("llama-cli"), "{text}");
}

#[test]
fn settings_of_vllm() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("merged: \"x\"");
    std::fs::create_dir(&folder).unwrap();
    let mut from = described(dir.path(), Some(CHATML));
    assert!(write(Target::Vllm, &from, dir.path()).is_err());
    from.folder = Some(folder.clone());
    let out = dir.path().join("serve");
    let written = write(Target::Vllm, &from, &out).unwrap();
    let names: Vec<String> =
        written.files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["chat_template.jinja", "vllm.yaml", "serving.properties", "README.md"]);
    let yaml = read(&out.join("vllm.yaml"));
    assert!(yaml.contains("max-model-len: 4096\n") && yaml.contains("chat-template: "), "{yaml}");
    assert!(yaml.contains("override-generation-config: \"{\\\"temperature\\\":0.7}\""), "{yaml}");
    assert!(yaml.contains("merged: \\\"x\\\"\"\n"), "{yaml}");
    let properties = read(&out.join("serving.properties"));
    assert!(properties.lines().all(|line| line.split_once('=').is_some()), "{properties}");
    assert!(properties.contains("option.max_model_len=4096\n") && !properties.contains("model_id"));
    // A folder with its own template needs no second one.
    std::fs::write(folder.join("tokenizer_config.json"), r#"{"chat_template": "x"}"#).unwrap();
    let written = write(Target::Vllm, &from, &out).unwrap();
    assert_eq!(written.files.len(), 3);
    assert!(!read(&out.join("vllm.yaml")).contains("chat-template:"));
}

#[test]
fn targets_are_read_leniently() {
    for (text, target) in [
        ("ollama", Target::Ollama),
        ("LM-Studio", Target::LmStudio),
        ("llama.cpp", Target::LlamaCpp),
        ("vLLM", Target::Vllm),
    ] {
        assert_eq!(text.parse::<Target>().unwrap(), target);
    }
    let error = "mlx".parse::<Target>().unwrap_err().render();
    assert!(error.contains("mlx") && error.contains("lmstudio"), "{error}");
}
