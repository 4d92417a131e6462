//! Losses on pairs.

use super::*;

fn preference_of(case: &Value) -> Preference {
    let names: Vec<&str> = case["loss_type"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    let or = |key: &str, default: f64| case[key].as_f64().unwrap_or(default);
    Preference {
        loss: PairLoss::of(names[0]).unwrap(),
        beta: number(&case["beta"]),
        label_smoothing: or("label_smoothing", 0.0),
        nll_weight: if names.contains(&"sft") { number(&case["loss_weights"][1]) } else { 0.0 },
        gamma: or("gamma", 0.5),
        desirable_weight: or("desirable_weight", 1.0),
        undesirable_weight: or("undesirable_weight", 1.0),
    }
}

/// Losses and derivatives from given sums, as `_compute_loss` of TRL's trainers gives them.
fn check_pure(pure: &Value) {
    let [pc, pr, rc, rr, nc, nr] = [
        "policy_chosen",
        "policy_rejected",
        "reference_chosen",
        "reference_rejected",
        "chosen_tokens",
        "rejected_tokens",
    ]
    .map(|k| floats(&pure[k]));
    // The first token of each answer carries the whole sum, as in the golden.
    let mut logps = LabelLogps { offsets: vec![0], ..LabelLogps::default() };
    for i in 0..pc.len() {
        for (sum, n) in [(pc[i], nc[i]), (pr[i], nr[i])] {
            logps.logps.push(sum as f32);
            logps.logps.resize(logps.logps.len() + n as usize - 1, 0.0);
            logps.offsets.push(logps.logps.len());
        }
    }
    logps.hits = vec![false; logps.logps.len()];
    let references: Vec<PairLogps> =
        rc.iter().zip(&rr).map(|(&chosen, &rejected)| PairLogps { chosen, rejected }).collect();
    for case in pure["cases"].as_array().unwrap() {
        let (preference, name) = (preference_of(case), case["name"].as_str().unwrap());
        let totals = PairTotals {
            pairs: pc.len(),
            chosen_labels: nc.iter().sum::<f64>() as usize,
            // The estimate has its floor where it is made.
            divergence: case["divergence"].as_f64().unwrap_or(0.0).max(0.0),
        };
        let pairs: Vec<f64> = (0..pc.len())
            .map(|i| {
                let (policy, lengths) =
                    (PairLogps { chosen: pc[i], rejected: pr[i] }, (nc[i] as usize, nr[i] as usize));
                preference.pair(policy, references[i], lengths, totals.divergence).0
            })
            .collect();
        close(&format!("{name}: pairs"), &pairs, &floats(&case["per_pair"]), 1e-6, 1e-5);
        let whole = preference.contribution(&logps, &references, &totals);
        close(&format!("{name}: loss"), &[whole.loss], &[number(&case["loss"])], 1e-6, 1e-5);
        let upstream = |side: usize| {
            (0..pc.len()).map(|i| f64::from(whole.upstream[logps.offsets[2 * i + side]])).collect::<Vec<f64>>()
        };
        // f32 in torch: 1 − σ(x) of a large x has few digits left.
        close(&format!("{name}: by chosen"), &upstream(0), &floats(&case["d_loss_d_policy_chosen"]), 1e-8, 1e-5);
        close(&format!("{name}: by rejected"), &upstream(1), &floats(&case["d_loss_d_policy_rejected"]), 1e-8, 1e-5);
        for (key, want) in case["rewards"].as_object().unwrap() {
            close(&format!("{name}: {key}"), &[whole.metrics[key.as_str()]], &[number(want)], 1e-6, 1e-5);
        }
        if let Some(nll) = case.get("nll") {
            close(&format!("{name}: nll"), &[whole.metrics["nll_loss"]], &[number(nll)], 1e-6, 1e-5);
        }
    }
}

#[test]
fn losses_and_derivatives_match_trl() {
    check_pure(&golden("dpo.json")["pure"]);
    let file = golden("objectives.json");
    check_pure(&file["pure"]);
    // Every loss that settings know is in one of the files.
    let mut seen: Vec<String> = Vec::new();
    for file in [&golden("dpo.json"), &file] {
        let cases = file["pure"]["cases"].as_array().unwrap();
        seen.extend(cases.iter().map(|c| c["loss_type"][0].as_str().unwrap().to_owned()));
    }
    for (name, _) in PairLoss::ALL {
        assert!(seen.iter().any(|s| s == name), "{name}");
        assert!(distill::settings::PAIR_LOSSES.contains(&name));
    }
    assert_eq!(PairLoss::ALL.len(), distill::settings::PAIR_LOSSES.len());
}

fn side(row: &Value, key: &str) -> Sequence {
    let prompt = ids(&row["prompt"]);
    let input_ids: Vec<u32> = prompt.iter().copied().chain(ids(&row[key])).collect();
    let labels =
        input_ids.iter().enumerate().map(|(i, &id)| if i < prompt.len() { IGNORE } else { i64::from(id) }).collect();
    sequence(input_ids, labels)
}

/// Five updates by TRL's DPOTrainer and KTOTrainer, through the whole loop: references, divergence, steps.
#[test]
fn five_updates_on_pairs_match_trl() {
    let file = golden("objectives.json");
    let rows: Vec<Example> = file["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| Example::Pair { chosen: side(r, "chosen"), rejected: side(r, "rejected") })
        .collect();
    for case in file["runs"].as_array().unwrap() {
        let (name, dir) = (case["name"].as_str().unwrap(), tempfile::tempdir().unwrap());
        let mut engine = adapted("tiny-llama-lora");
        let recipe = Recipe {
            batch_rows: rows.len(),
            // The three pairs in three calls.
            batch_tokens: 40,
            max_steps: 5,
            warmup_ratio: 0.2,
            ..recipe(Objective::Preference(preference_of(case)))
        };
        let outcome = train(&mut engine, &recipe, Data { train: &rows, ..Data::default() }, dir.path());
        let lines = metrics(dir.path());
        for key in ["loss", "grad_norm", "learning_rate", "kl", "rewards/chosen", "rewards/rejected"] {
            let steps = case["steps"].as_array().unwrap();
            let want: Vec<f64> = steps.iter().filter_map(|s| s[key].as_f64()).collect();
            let got: Vec<f64> = lines.iter().filter_map(|s| s[key].as_f64()).collect();
            let off = close(&format!("{name}: {key}"), &got, &want, 1e-4, 1e-4);
            println!("{name}: {key} off by {off:.2e}");
        }
        let worst = check_tensors(name, &engine, &outcome.parameters, &case["final"], 1e-4, 1e-4);
        println!("{name}: adapter after five updates off by {worst:.2e}");
    }
}

#[test]
fn dpo_on_the_model_matches_trl() {
    let want = &golden("dpo.json")["model"];
    let rows: Vec<Sequence> =
        want["rows"].as_array().unwrap().iter().flat_map(|r| [side(r, "chosen"), side(r, "rejected")]).collect();
    let rows: Vec<&Sequence> = rows.iter().collect();
    let pairs = rows.len() / 2;
    let chosen_labels = rows.iter().step_by(2).map(|r| r.label_count()).sum();
    let totals = PairTotals { pairs, chosen_labels, divergence: 0.0 };

    let scored = adapted("tiny-llama-lora-ref").score(&rows).unwrap();
    let references: Vec<PairLogps> =
        (0..pairs).map(|i| PairLogps { chosen: scored.sum(2 * i), rejected: scored.sum(2 * i + 1) }).collect();
    let sums = |logps: &LabelLogps, side: usize| (0..pairs).map(|i| logps.sum(2 * i + side)).collect::<Vec<f64>>();
    close("reference, chosen", &sums(&scored, 0), &floats(&want["reference_logps_chosen"]), 1e-4, 1e-6);
    close("reference, rejected", &sums(&scored, 1), &floats(&want["reference_logps_rejected"]), 1e-4, 1e-6);

    let mut engine = adapted("tiny-llama-lora");
    for case in want["cases"].as_array().unwrap() {
        let (dpo, name) = (preference_of(case), case["name"].as_str().unwrap());
        let logps = engine.forward(&rows).unwrap();
        close(&format!("{name}: chosen"), &sums(&logps, 0), &floats(&case["logps_chosen"]), 1e-4, 1e-6);
        close(&format!("{name}: rejected"), &sums(&logps, 1), &floats(&case["logps_rejected"]), 1e-4, 1e-6);
        let part = dpo.contribution(&logps, &references, &totals);
        close(&format!("{name}: loss"), &[part.loss], &[number(&case["loss"])], 1e-5, 1e-5);
        for (key, value) in case["metrics"].as_object().unwrap() {
            close(&format!("{name}: {key}"), &[part.metrics[key.as_str()]], &[number(value)], 1e-4, 1e-5);
        }
        let mut gradients = vec![0f32; engine.read().unwrap().len()];
        engine.backward(&part.upstream, &mut gradients).unwrap();
        let norm = wide(&gradients).iter().map(|g| g * g).sum::<f64>().sqrt();
        close(&format!("{name}: gradient norm"), &[norm], &[number(&case["gradient_norm"])], 1e-6, 1e-4);
        let absolute = 10.0 * number(&case["noise"]["gradients"]).max(1e-7);
        let worst = check_tensors(name, &engine, &gradients, &case["gradients"], absolute, 1e-4);
        println!("{name}: gradients off by {worst:.2e} at a norm of {norm:.3}");
    }
}

#[test]
fn dpo_starts_at_ln_2() {
    let (rows, dir) = (pairs(4, 60), tempfile::tempdir().unwrap());
    let dpo = Preference::default();
    train(
        &mut stirred(),
        &Recipe { max_steps: 2, batch_rows: 4, ..recipe(Objective::Preference(dpo)) },
        Data { train: &rows, eval: &rows[..2], ..Data::default() },
        dir.path(),
    );
    let lines = metrics(dir.path());
    // References are scored in other company than in the update, so that rounding differs.
    close("first loss", &[number(&lines[0]["loss"])], &[std::f64::consts::LN_2], 1e-6, 0.0);
    assert_eq!(lines[0]["rewards/accuracies"], 0.0);
    assert!(number(&lines[1]["loss"]) < std::f64::consts::LN_2, "{}", lines[1]);
}

#[test]
fn completions_beside_pairs_add_their_likelihood() {
    let rows: Vec<Example> = pairs(3, 900).into_iter().chain(sft_rows(2, 950)).collect();
    let preference = Preference { nll_weight: 0.2, ..Preference::default() };
    let base = Recipe { batch_rows: 5, max_steps: 1, replay_weight: 0.3, ..recipe(Objective::Preference(preference)) };
    let step = |rows: &[Example], recipe: &Recipe| {
        let (dir, mut engine) = (tempfile::tempdir().unwrap(), Watched::new(stirred()));
        train(&mut engine, recipe, Data { train: rows, ..Data::default() }, dir.path());
        (number(&metrics(dir.path())[0]["loss"]), wide(&engine.gradients))
    };
    let both = step(&rows, &base);
    let alone = [step(&rows[..3], &base), step(&rows[3..], &Recipe { objective: Objective::Sft, ..base.clone() })];
    close("loss", &[both.0], &[alone[0].0 + 0.3 * alone[1].0], 1e-6, 0.0);
    let sum: Vec<f64> = alone[0].1.iter().zip(&alone[1].1).map(|(pair, rest)| pair + 0.3 * rest).collect();
    close("gradients", &both.1, &sum, 1e-6, 1e-6);
    // In whatever order the rows come.
    let turned: Vec<Example> = [4, 0, 1, 3, 2].map(|i: usize| rows[i].clone()).to_vec();
    close("turned", &step(&turned, &base).1, &both.1, 1e-6, 1e-6);
}

#[test]
fn a_policy_that_is_not_its_reference_is_noticed() {
    /// Scores another model than the one it trains.
    struct Split(Portable, Portable);
    impl Engine for Split {
        fn parameters(&self) -> &[Parameter] {
            self.0.parameters()
        }
        fn read(&self) -> Result<Vec<f32>, EngineError> {
            self.0.read()
        }
        fn write(&mut self, values: &[f32]) -> Result<(), EngineError> {
            self.0.write(values)
        }
        fn forward(&mut self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError> {
            self.0.forward(sequences)
        }
        fn backward(&mut self, upstream: &[f32], gradients: &mut [f32]) -> Result<(), EngineError> {
            self.0.backward(upstream, gradients)
        }
        fn score(&self, sequences: &[&Sequence]) -> Result<LabelLogps, EngineError> {
            self.1.score(sequences)
        }
        fn next_tokens(&self, sequences: &[&[u32]]) -> Result<Vec<u32>, EngineError> {
            self.1.next_tokens(sequences)
        }
    }
    let (rows, dir) = (pairs(4, 60), tempfile::tempdir().unwrap());
    let done = train::run(
        &mut Split(adapted("tiny-llama-lora"), fresh()),
        &recipe(Objective::Preference(Preference { beta: 1.0, ..Preference::default() })),
        Data { train: &rows, ..Data::default() },
        dir.path(),
        &ContentHash::of(b"test"),
        &AtomicBool::new(false),
        &mut |_| {},
    );
    let loss = done.as_ref().map(|o| o.last_loss);
    assert!(matches!(done, Err(TrainError::Reference { .. })), "{loss:?}");
}
