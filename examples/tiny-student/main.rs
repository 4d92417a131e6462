//! Makes the tiny student that ships with the demo: `just tiny-student`.
//!
//! A Llama of 4.2 million parameters with its own tokenizer, pre-trained by this crate's trainer with every weight
//! trainable on text that [`corpus`] invents about other people. It learns to speak and to answer in turns; of the
//! demo's person it knows nothing. Interrupted and called again with the same folder, it goes on.

mod corpus;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use candle_core::{Device, Tensor};
use distill::batch::{ChatTemplate, Encoder, IGNORE, Sequence};
use distill::edge::fs;
use distill::hub::{LlamaConfig, save};
use distill::id::Hasher;
use distill::model::{Linear, Llama, Sampling, Session, TARGET_MODULES};
use distill::prompt::{Message, Role};
use distill::train::engine::{Engine, Portable, Trainable};
use distill::train::optim::Schedule;
use distill::train::rng::Stream;
use distill::train::{self, Data, Event, Example, Objective, Recipe};
use serde_json::json;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence as PreSequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use corpus::{Corpus, Sample};

/// The pre-tokenizer of Llama 3: llama.cpp knows it as `llama-bpe`.
const LLAMA3_PATTERN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const SPECIAL: [&str; 8] = [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|finetune_right_pad_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
];
const VOCABULARY: usize = 4096;
const SEED: u64 = 20_261_123;

struct Args {
    out: PathBuf,
    samples: usize,
    epochs: f64,
    learning_rate: f64,
    layers: usize,
    rows: usize,
}

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = Args {
        out: PathBuf::from("target/tiny-student"),
        samples: 45_000,
        epochs: 1.0,
        learning_rate: 2e-3,
        layers: 4,
        rows: 16,
    };
    let mut words = std::env::args().skip(1);
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--out" => args.out = value.into(),
            "--samples" => args.samples = value.parse()?,
            "--epochs" => args.epochs = value.parse()?,
            "--learning-rate" => args.learning_rate = value.parse()?,
            "--layers" => args.layers = value.parse()?,
            "--rows" => args.rows = value.parse()?,
            other => return Err(format!("unknown flag {other}").into()),
        }
    }
    fs::create_dir(&args.out)?;
    let samples: Vec<Sample> = Corpus::new(SEED).take(args.samples).collect();
    eprintln!("{} samples", samples.len());
    let tokenizer_json = tokenizer(&args.out, &samples)?;
    let tokens = BTreeMap::from([
        ("bos_token".to_owned(), SPECIAL[0].to_owned()),
        ("eos_token".to_owned(), SPECIAL[6].to_owned()),
    ]);
    let encoder = Encoder::new(&tokenizer_json, Some(ChatTemplate::PLAIN_LLAMA3), tokens)?;
    let id = |token: &str| encoder.tokenizer.id_of(token).ok_or_else(|| format!("no token {token}"));
    let config = config(args.layers, id(SPECIAL[0])?, id(SPECIAL[6])?, id(SPECIAL[1])?, id(SPECIAL[2])?)?;
    eprintln!("{} parameters", config.parameter_count());

    let mut examples = samples
        .iter()
        .map(|sample| Ok(Example::Completion(sequence(&encoder, sample)?)))
        .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let total: usize =
        examples.iter().map(|e| if let Example::Completion(s) = e { s.input_ids.len() } else { 0 }).sum();
    eprintln!("{total} tokens");
    let eval = examples.split_off(examples.len().saturating_sub(400));
    let recipe = Recipe {
        objective: Objective::Sft,
        learning_rate: args.learning_rate,
        epochs: args.epochs,
        batch_rows: args.rows,
        shuffle: true,
        seed: SEED,
        schedule: Schedule::Cosine,
        warmup_ratio: 0.03,
        weight_decay: 0.05,
        max_grad_norm: 1.0,
        checkpoint_steps: 200,
        ..Recipe::default()
    };
    let mut engine = Portable::new(initial(&config)?, &Trainable::Full)?;
    let identity = Hasher::new().text(&format!("{recipe:?}")).bytes(&tokenizer_json).finish();
    let data = Data { train: &examples, eval: &eval, ..Data::default() };
    let mut show = |event: Event<'_>| {
        if let Event::Step(line, of) = event
            && (line.step % 20 == 0 || line.eval_loss.is_some())
        {
            eprintln!(
                "step {}/{of} loss {:.4} acc {:.3} lr {:.2e} {:.0} tok/s {:.0}s {}",
                line.step,
                line.loss,
                line.values.get("mean_token_accuracy").copied().unwrap_or_default(),
                line.learning_rate,
                line.tokens_per_second,
                line.elapsed_secs,
                line.eval_loss.map(|l| format!("eval {l:.4}")).unwrap_or_default()
            );
        }
    };
    let outcome = train::run(&mut engine, &recipe, data, &args.out, &identity, &AtomicBool::new(false), &mut show)?;
    write(&args.out, &config, &engine, &outcome.parameters)?;
    for question in [
        "What did you build at Harrow Freight?",
        "Which database do you trust?",
        "Write a short post about alerts.",
        "Why did the queue back up?",
    ] {
        let ids = encoder.ids(&[Message { role: Role::User, content: question.into() }], true)?;
        let answer =
            Session::new(engine.student(), &config.eos_token_ids)
                .generate(&ids, &Sampling::greedy(60), &mut |_| true)?;
        eprintln!("> {question}\n{}", encoder.tokenizer.decode(&answer.ids, true)?);
    }
    Ok(())
}

/// Trains the byte-level BPE and writes `tokenizer.json`.
fn tokenizer(out: &Path, samples: &[Sample]) -> Result<Vec<u8>, Box<dyn Error>> {
    let fault = |e: tokenizers::Error| e.to_string();
    let mut tokenizer = Tokenizer::new(BPE::builder().ignore_merges(true).build().map_err(fault)?);
    tokenizer.with_normalizer(None::<NormalizerWrapper>).map_err(fault)?;
    let split = Split::new(SplitPattern::Regex(LLAMA3_PATTERN.into()), SplitDelimiterBehavior::Isolated, false)
        .map_err(fault)?;
    tokenizer.with_pre_tokenizer(Some(PreSequence::new(vec![split.into(), ByteLevel::new(false, true, false).into()])));
    tokenizer.with_decoder(Some(ByteLevel::new(false, true, true)));
    let trainer = BpeTrainer::builder()
        .vocab_size(VOCABULARY - 256)
        .show_progress(false)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .min_frequency(2)
        .build();
    let texts = samples.iter().flat_map(|s| match s {
        Sample::Chat { user, assistant } => vec![user.as_str(), assistant.as_str()],
        Sample::Document(text) => vec![text.as_str()],
    });
    tokenizer.train(&mut TrainerWrapper::BpeTrainer(trainer), texts).map_err(fault)?;
    // As Llama 3: 256 control tokens after the vocabulary, most of them in reserve.
    let base = tokenizer.get_vocab_size(false);
    let reserved = (0..).map(|i| format!("<|reserved_special_token_{i}|>")).take(VOCABULARY - base - SPECIAL.len());
    let special: Vec<AddedToken> =
        SPECIAL.into_iter().map(str::to_owned).chain(reserved).map(|t| AddedToken::from(t, true)).collect();
    tokenizer.add_special_tokens(special).map_err(fault)?;
    let bos = tokenizer.token_to_id(SPECIAL[0]).ok_or("no BOS")?;
    let post = TemplateProcessing::builder()
        .try_single(format!("{} $A", SPECIAL[0]))?
        .try_pair(format!("{} $A {} $B", SPECIAL[0], SPECIAL[0]))?
        .special_tokens(vec![(SPECIAL[0].to_owned(), bos)])
        .build()?;
    tokenizer.with_post_processor(Some(post));
    let json = tokenizer.to_string(true).map_err(fault)?;
    fs::write(&out.join("tokenizer.json"), json.as_bytes())?;
    eprintln!("{} tokens in the vocabulary", tokenizer.get_vocab_size(true));
    Ok(json.into_bytes())
}

fn config(layers: usize, bos: u32, eot: u32, end: u32, pad: u32) -> Result<LlamaConfig, Box<dyn Error>> {
    Ok(LlamaConfig::from_value(&json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": VOCABULARY, "hidden_size": 256, "intermediate_size": 768,
        "num_hidden_layers": layers, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 64, "hidden_act": "silu",
        "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 500_000.0,
        "rope_scaling": {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 512},
        "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false, "bos_token_id": bos, "eos_token_id": [eot, end], "pad_token_id": pad,
        "initializer_range": 0.02, "use_cache": true, "torch_dtype": "bfloat16"
    }))?)
}

/// Normal weights of width 0.02, the residual projections narrower by √(2·layers), norms at 1.
fn initial(config: &LlamaConfig) -> Result<Llama, Box<dyn Error>> {
    let device = Device::Cpu;
    let mut stream = Stream::new(SEED, "init", 0);
    let mut normal = |shape: (usize, usize), width: f64| -> candle_core::Result<Tensor> {
        Tensor::from_vec(
            (0..shape.0 * shape.1).map(|_| (stream.normal() * width) as f32).collect::<Vec<f32>>(),
            shape,
            &device,
        )
    };
    let ones = || Tensor::ones(config.hidden_size, candle_core::DType::F32, &device);
    let embedding = normal((config.vocab_size, config.hidden_size), 0.02)?;
    let narrow = 0.02 / (2.0 * config.num_hidden_layers as f64).sqrt();
    let shapes: BTreeMap<String, [usize; 2]> = config
        .linear_modules()
        .into_iter()
        .filter_map(|(path, shape)| Some((path.strip_prefix("model.layers.0.")?.split('.').nth(1)?.to_owned(), shape)))
        .collect();
    let mut layers = Vec::new();
    for _ in 0..config.num_hidden_layers {
        let mut linears = Vec::new();
        for module in TARGET_MODULES {
            let [out, inner] = shapes[module];
            linears.push(Linear::frozen(normal(
                (out, inner),
                if matches!(module, "o_proj" | "down_proj") { narrow } else { 0.02 },
            )?));
        }
        layers.push(distill::model::Layer {
            input_norm: ones()?,
            post_norm: ones()?,
            q_norm: None,
            k_norm: None,
            linears: linears.try_into().map_err(|_| "seven linears")?,
        });
    }
    Ok(Llama {
        config: config.clone(),
        head: Linear::frozen(embedding.clone()),
        embedding,
        layers,
        norm: ones()?,
        inv_freq: Tensor::new(config.inv_freq(), &device)?,
    })
}

/// Chats have loss on the answer; documents on everything after BOS, ended by the document's end token.
fn sequence(encoder: &Encoder, sample: &Sample) -> Result<Sequence, Box<dyn Error>> {
    Ok(match sample {
        Sample::Chat { user, assistant } => {
            let mut s = encoder.sequence(user, assistant)?;
            // Questions are language too: the student should be able to read them.
            for (label, &id) in s.labels.iter_mut().zip(&s.input_ids).skip(1) {
                *label = i64::from(id);
            }
            s
        }
        Sample::Document(text) => {
            let input_ids = encoder.tokenizer.encode(&format!("{}{text}{}", SPECIAL[0], SPECIAL[1]))?;
            let labels =
                input_ids.iter().enumerate().map(|(i, &id)| if i == 0 { IGNORE } else { i64::from(id) }).collect();
            Sequence { input_ids, labels, ..Sequence::default() }
        }
    })
}

fn write(out: &Path, config: &LlamaConfig, engine: &Portable, values: &[f32]) -> Result<(), Box<dyn Error>> {
    let by_name: BTreeMap<&str, &[f32]> =
        engine.parameters().iter().map(|p| (p.name.as_str(), &values[p.range.clone()])).collect();
    save::write_weights::<distill::hub::HubError>(out, config, None, &mut |name| {
        Ok(by_name[name].iter().flat_map(|&v| half::bf16::from_f32(v).to_le_bytes()).collect())
    })?;
    let json = |value: &serde_json::Value| serde_json::to_vec_pretty(value);
    fs::write(&out.join("config.json"), &json(&config.to_old_json())?)?;
    fs::write(&out.join("chat_template.jinja"), ChatTemplate::PLAIN_LLAMA3.as_bytes())?;
    fs::write(
        &out.join("tokenizer_config.json"),
        &json(&json!({
            "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": SPECIAL[0], "eos_token": SPECIAL[6], "pad_token": SPECIAL[2],
            "clean_up_tokenization_spaces": false, "model_max_length": 2048, "model_input_names": ["input_ids", "attention_mask"], "chat_template": ChatTemplate::PLAIN_LLAMA3
        }))?,
    )?;
    fs::write(
        &out.join("generation_config.json"),
        &json(
            &json!({"bos_token_id": config.bos_token_id, "eos_token_id": config.eos_token_ids, "pad_token_id": config.pad_token_id, "do_sample": false}),
        )?,
    )?;
    fs::write(
        &out.join("special_tokens_map.json"),
        &json(&json!({"bos_token": SPECIAL[0], "eos_token": SPECIAL[6], "pad_token": SPECIAL[2]}))?,
    )?;
    Ok(())
}
