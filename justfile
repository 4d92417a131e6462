# One line of help each: `just --list`.

# Build with default features
check:
    cargo check --all-targets

# The tests of the README, filtered
test *filter:
    cargo test {{filter}}

# Format, clippy
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# Rewrite generated files: schemas, lint docs, recorded teacher
bless:
    BLESS=1 cargo test

# The whole job end to end with the recorded teacher
spine:
    cargo run --release -- demo

# Train the tiny student again (about 40 minutes on two cores)
tiny-student:
    cargo run --release --example tiny-student -- --out target/tiny-student
    cp target/tiny-student/{config.json,generation_config.json,model.safetensors,special_tokens_map.json,tokenizer.json,tokenizer_config.json,chat_template.jinja} fixtures/tiny-student/

# Feed a parser or the masker with mutated inputs (needs cargo-fuzz); `ls fuzz/fuzz_targets` names them
fuzz target seconds="300":
    python3 fuzz/seeds.py
    cargo fuzz run --sanitizer none {{ if target =~ "^(gguf|imatrix|folder)$" { "--features model " } else { "" } }}{{target}} -- -max_total_time={{seconds}} -timeout=20 -rss_limit_mb=4096 -dict=fuzz/words.dict

# How fast masking and extraction are: `just bench mask 20`
bench *what:
    cargo bench --bench speed -- {{what}}

# Masking and extraction beside others' tools, into BENCHMARKS.md: `just peers --resumes FOLDER`
peers *arguments:
    sh benches/peers/run.sh {{arguments}}

# Where the build time goes
timings:
    cargo build --release --timings

# Training beside TRL and PEFT, students of real shapes: `just peers-train --races sft-135M`
peers-train *arguments:
    sh benches/peers/train/run.sh {{arguments}}

# Exporting beside convert_hf_to_gguf.py and llama-quantize: `just peers-export --types Q4_K_S --runs 3`
peers-export *arguments:
    sh benches/peers/export/run.sh {{arguments}}

# Numbers against transformers, PEFT, TRL and llama.cpp (needs tests/parity/requirements.txt); `just parity --list`
parity *arguments:
    cargo build
    python3 tests/parity/run_all.py {{arguments}}
