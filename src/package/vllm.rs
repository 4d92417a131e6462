//! vLLM on a merged folder: settings for `vllm serve --config`, and serving.properties for SageMaker's LMI container.
//!
//! Names of options are those of vLLM's own argument parser; `option.*` passes them through (DJL Serving's guides).
//! vLLM takes the chat template and the end tokens from the folder, so neither is repeated unless the folder lacks it.

use std::path::Path;

use serde_json::json;

use super::{Description, Written, put, shell};
use crate::error::Error;

pub(super) fn write(from: &Description, out_dir: &Path) -> Result<Written, Error> {
    let folder = from.folder.as_deref().ok_or_else(|| Error::new("`vllm` runs a merged folder, and there is none"))?;
    let whole = folder.canonicalize().map_err(|e| Error::io(folder, e))?;
    let path = whole.to_str().ok_or_else(|| Error::at(folder, "the path is not UTF-8"))?;
    let (name, context) = (&from.name, from.context);
    let mut files = Vec::new();
    // JSON is YAML: a path with a colon or a quote in it stays one.
    let string = |text: &str| json!(text).to_string();
    let sampling = json!({ "temperature": from.temperature }).to_string();
    let mut yaml = format!(
        "# vllm serve --config vllm.yaml\n\
         model: {}\n\
         served-model-name: {}\n\
         dtype: bfloat16\n\
         max-model-len: {context}\n\
         generation-config: auto\n\
         override-generation-config: {}\n\
         host: 127.0.0.1\n\
         port: 8000\n",
        string(path),
        string(name),
        string(&sampling)
    );
    let has_own = whole.join("chat_template.jinja").is_file() || in_tokenizer_config(&whole);
    if let Some(template) = from.chat_template.as_ref().filter(|_| !has_own) {
        let beside = out_dir.join("chat_template.jinja");
        put(&mut files, beside.clone(), template)?;
        let beside = beside.canonicalize().map_err(|e| Error::io(&beside, e))?;
        yaml.push_str(&format!("chat-template: {}\n", string(&beside.to_string_lossy())));
    }
    put(&mut files, out_dir.join("vllm.yaml"), &yaml)?;
    // Beside the weights in the model's archive, so no model_id: LMI then takes its own folder.
    let properties = format!(
        "engine=Python\n\
         option.async_mode=true\n\
         option.rolling_batch=disable\n\
         option.entryPoint=djl_python.lmi_vllm.vllm_async_service\n\
         option.tensor_parallel_degree=max\n\
         option.max_rolling_batch_size=16\n\
         option.dtype=bfloat16\n\
         option.max_model_len={context}\n\
         option.generation_config=auto\n"
    );
    put(&mut files, out_dir.join("serving.properties"), &properties)?;
    let system = from.system.as_ref().map_or(String::new(), |text| {
        let said = text.lines().map(|line| format!("> {line}\n")).collect::<String>();
        format!("\nNeither keeps standing instructions: send them as the first message.\n\n{said}")
    });
    let shown = shell(path);
    let body = json!({"model": name, "messages": [{"role": "user", "content": "What did you build?"}]});
    let readme = format!(
        "# {name} with vLLM\n\n\
         ```sh\n\
         vllm serve --config vllm.yaml\n\
         # the same without the file\n\
         vllm serve {shown} --served-model-name {name} --dtype bfloat16 --max-model-len {context} --generation-config auto\n\
         curl http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' -d {body}\n\
         ```\n\n\
         A card without bfloat16 (T4) takes `--dtype half`.\n\
         The chat template and the tokens that end an answer come from the folder.\n{system}\n\
         ## SageMaker\n\n\
         `serving.properties` is for the LMI (DJL) container with vLLM. Put it beside the weights and pack the folder:\n\n\
         ```sh\n\
         tar -C {shown} -cf model.tar . && tar -rf model.tar serving.properties && gzip model.tar\n\
         ```\n\n\
         Upload `model.tar.gz` (or the folder, uncompressed) and deploy it on ml.g5.xlarge or larger.\n\
         `distill plan --device ml.g5.xlarge --model {shown}` says what fits.\n",
        body = shell(&body.to_string()),
    );
    put(&mut files, out_dir.join("README.md"), &readme)?;
    let at = shell(&out_dir.join("vllm.yaml").display().to_string());
    Ok(Written { files, notes: vec![format!("vllm serve --config {at}")] })
}

/// Whether tokenizer_config.json holds a template.
fn in_tokenizer_config(folder: &Path) -> bool {
    let bytes = crate::edge::fs::read_capped(&folder.join("tokenizer_config.json"), 64 << 20).unwrap_or_default();
    serde_json::from_slice::<serde_json::Value>(&bytes).is_ok_and(|json| json.get("chat_template").is_some())
}
