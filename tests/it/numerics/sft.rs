//! Likelihood: loss, gradients and updates.

use super::*;

fn micro_batches(want: &Value) -> Vec<Vec<Sequence>> {
    let labels = |v: &Value| v.as_array().unwrap().iter().map(|l| l.as_i64().unwrap()).collect();
    let rows = |m: &Value| {
        m["input_ids"]
            .as_array()
            .unwrap()
            .iter()
            .zip(m["labels"].as_array().unwrap())
            .map(|(i, l)| sequence(ids(i), labels(l)))
            .collect()
    };
    want["micro_batches"].as_array().unwrap().iter().map(rows).collect()
}

#[test]
fn sft_loss_and_gradients_match_trl() {
    let want = golden("lora_sft.json");
    let (batches, mut engine) = (micro_batches(&want), adapted("tiny-llama-lora"));
    let counted: Vec<f64> = batches.iter().map(|b| b.iter().map(Sequence::label_count).sum::<usize>() as f64).collect();
    assert_eq!(counted, floats(&want["counted_labels"]));
    let rows: Vec<&Sequence> = batches.iter().flatten().collect();
    let alone: Vec<f64> = rows.iter().map(|r| -engine.score(&[r]).unwrap().sum(0)).collect();
    close("sums by row", &alone, &floats(&want["row_nll_sums"]), 0.0, 1e-5);

    let (losses, gradients) = sft_step(&mut engine, &batches);
    close("micro-batch losses", &losses, &floats(&want["micro_losses"]), 0.0, 1e-5);
    close("loss", &[losses.iter().sum()], &[number(&want["loss"])], 0.0, 1e-5);
    let norm = wide(&gradients).iter().map(|g| g * g).sum::<f64>().sqrt();
    close("gradient norm", &[norm], &[number(&want["gradient_norm"])], 0.0, 1e-5);
    // Ten times the noise of the golden itself for the entries that are nearly zero.
    let worst = check_tensors("gradient", &engine, &gradients, &want["gradients"], 6e-6, 1e-4);
    let mut full_worst = 0f64;
    for (name, full) in want["full_gradients"].as_object().unwrap() {
        let p = engine.parameters().iter().find(|p| peft_name(&p.name) == *name).unwrap();
        full_worst = full_worst.max(close(name, &wide(&gradients[p.range.clone()]), &floats(full), 6e-6, 1e-4));
    }
    println!("norm {norm:.4}; gradients off by {worst:.2e} (first values), {full_worst:.2e} (whole tensors)");
}

#[test]
fn five_updates_match_torch_and_trl() {
    let want = golden("lora_sft.json");
    let training = &want["training"];
    let rows: Vec<Example> = micro_batches(&want).into_iter().flatten().map(Example::Completion).collect();
    let mut engine = adapted("tiny-llama-lora");
    let dir = tempfile::tempdir().unwrap();
    // Rows 0 and 1, then row 2: one update is one epoch of three rows.
    let recipe = Recipe { max_steps: 5, gradient_accumulation: 2, warmup_ratio: 0.2, ..recipe(Objective::Sft) };
    let outcome = train(&mut engine, &recipe, Data { train: &rows, ..Data::default() }, dir.path());
    assert_eq!(outcome.steps, 5);
    assert_eq!(engine.read().unwrap(), outcome.parameters);
    for (steps, absolute) in [("steps", 2e-5), ("trl_steps", 1e-3)] {
        let column =
            |key: &str| training[steps].as_array().unwrap().iter().map(|s| number(&s[key])).collect::<Vec<f64>>();
        let ours = |key: &str| metrics(dir.path()).iter().map(|s| number(&s[key])).collect::<Vec<f64>>();
        let loss = close("loss", &ours("loss"), &column("loss"), absolute, 1e-5);
        let norm = close("grad_norm", &ours("grad_norm"), &column("grad_norm"), absolute, 1e-4);
        close("learning_rate", &ours("learning_rate"), &column("learning_rate"), 1e-10, 1e-8);
        println!("against {steps}: losses off by {loss:.2e}, gradient norms by {norm:.2e}");
    }
    let worst = check_tensors("final", &engine, &outcome.parameters, &training["final"], 2e-5, 1e-4);
    println!("adapter after five updates off by {worst:.2e}");
}

#[test]
fn accumulation_is_one_batch() {
    let mut engine = stirred();
    let rows: Vec<Sequence> = (0..4).map(|i| random_sequence(40 + i, 9 + 4 * i as usize, 4)).collect();
    let (whole_loss, whole) = sft_step(&mut engine, std::slice::from_ref(&rows));
    let (losses, parts) = sft_step(&mut engine, &rows.into_iter().map(|r| vec![r]).collect::<Vec<_>>());
    close("loss", &[losses.iter().sum()], &whole_loss, 1e-6, 0.0);
    println!("gradients off by {:.2e}", close("gradients", &wide(&parts), &wide(&whole), 1e-6, 1e-6));
}

#[test]
fn accumulated_updates_are_those_of_one_batch() {
    let rows = sft_rows(8, 300);
    let outcome = |batch_rows, gradient_accumulation| {
        let dir = tempfile::tempdir().unwrap();
        let recipe = Recipe { batch_rows, gradient_accumulation, epochs: 2.0, shuffle: true, ..recipe(Objective::Sft) };
        let outcome = train(&mut stirred(), &recipe, Data { train: &rows, ..Data::default() }, dir.path());
        assert_eq!(outcome.steps, 4);
        outcome.parameters
    };
    // Four updates of 0.01 by Adam, which magnifies noise in small gradients.
    println!("off by {:.2e}", close("parameters", &wide(&outcome(1, 4)), &wide(&outcome(4, 1)), 5e-4, 0.0));
}

#[test]
fn masked_positions_have_no_part_in_the_loss() {
    let mut engine = stirred();
    // Loss in the middle only: positions 6 to 11 of 18.
    let full = random_sequence(12, 18, 0);
    let mut masked = full.clone();
    for (t, label) in masked.labels.iter_mut().enumerate() {
        if !(6..12).contains(&t) {
            *label = IGNORE;
        }
    }
    let all = engine.score(&[&full]).unwrap();
    let some = engine.score(&[&masked]).unwrap();
    // Label t is entry t − 1 of the whole, since position 0 is predicted by nothing.
    close("the labels that are left", &wide(&some.logps), &wide(&all.logps[5..11]), 1e-6, 0.0);
    let (loss, gradients) = sft_step(&mut engine, &[vec![masked.clone()]]);
    let mut other_end = masked.clone();
    other_end.input_ids[12..].iter_mut().for_each(|id| *id = 3 + (*id + 17) % 125);
    let (other_loss, other_gradients) = sft_step(&mut engine, &[vec![other_end]]);
    assert_eq!((loss[0], &gradients), (other_loss[0], &other_gradients), "what comes after the last label");
    let mut other_prompt = masked;
    other_prompt.input_ids[3] = 3 + (other_prompt.input_ids[3] + 17) % 125;
    assert_ne!(loss, sft_step(&mut engine, &[vec![other_prompt]]).0, "what comes before a label is read");
}

/// Central differences against the engine's gradients, tensor by tensor.
///
/// Along a unit direction the loss is evaluated at ±h. Its f32 noise is about 1e-6 (log-probabilities of size 10 with
/// a relative error of some 1e-7, averaged), which gives 1e-6 / 2h; the third derivative gives h²/6 of itself. With
/// h = 4e-3 both are near 1e-4, so the bound is 1e-3 plus 1 % of the derivative.
fn finite_differences(mut engine: Portable) -> f64 {
    const H: f64 = 4e-3;
    let rows = [random_sequence(21, 20, 5), random_sequence(22, 14, 4)];
    let labels = rows.iter().map(Sequence::label_count).sum();
    let start = engine.read().unwrap();
    let (_, gradients) = sft_step(&mut engine, &[rows.to_vec()]);
    let parameters = engine.parameters().to_vec();
    let mut loss_at = |range: &std::ops::Range<usize>, direction: &[f64], step: f64| {
        let mut values = start.clone();
        values[range.clone()].iter_mut().zip(direction).for_each(|(v, d)| *v += (step * d) as f32);
        engine.write(&values).unwrap();
        sft(&engine.score(&rows.iter().collect::<Vec<_>>()).unwrap(), labels).loss
    };
    let mut worst = 0f64;
    for (n, p) in parameters.iter().enumerate() {
        let gradient = wide(&gradients[p.range.clone()]);
        let unit = |v: Vec<f64>| {
            let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            v.into_iter().map(|x| x / norm).collect::<Vec<f64>>()
        };
        let mut stream = Stream::new(17, "direction", n as u64);
        let largest = gradient.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap().0;
        let single: Vec<f64> = (0..gradient.len()).map(|i| if i == largest { 1.0 } else { 0.0 }).collect();
        let random: Vec<f64> = gradient.iter().map(|_| stream.normal()).collect();
        for (kind, direction) in
            [("along the gradient", unit(gradient.clone())), ("one entry", single), ("anywhere", unit(random))]
        {
            let slope: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
            let measured = (loss_at(&p.range, &direction, H) - loss_at(&p.range, &direction, -H)) / (2.0 * H);
            worst = worst.max(close(&format!("{} {kind}", p.name), &[measured], &[slope], 1e-3, 1e-2));
        }
    }
    worst
}

#[test]
fn adapter_gradients_match_finite_differences() {
    println!("off by {:.2e}", finite_differences(stirred()));
}

#[test]
fn full_gradients_match_finite_differences() {
    // Tied head: its gradient has two parts, one through the graph and one in closed form.
    println!("off by {:.2e}", finite_differences(Portable::new(llama(), &Trainable::Full).unwrap()));
}

/// However an update's rows are cut into calls, its gradient and loss are the same: by rows and accumulation, by any
/// budget of tokens, for likelihood, pairs and their mixture.
#[test]
fn cutting_an_update_changes_nothing() {
    let kto = Preference { loss: PairLoss::Kto, nll_weight: 0.3, ..Preference::default() };
    let mixed: Vec<Example> = pairs(20, 700).into_iter().chain(sft_rows(12, 800)).collect();
    for (name, rows, objective) in [
        ("sft", sft_rows(32, 600), Objective::Sft),
        ("dpo", pairs(32, 700), Objective::Preference(Preference::default())),
        ("kto with completions", mixed, Objective::Preference(kto)),
    ] {
        let step = |batch_rows: usize, gradient_accumulation: usize, batch_tokens: usize| {
            let (dir, mut engine) = (tempfile::tempdir().unwrap(), Watched::new(stirred()));
            let recipe = Recipe {
                batch_rows,
                gradient_accumulation,
                batch_tokens,
                max_steps: 1,
                shuffle: true,
                thought_weight: 0.5,
                ..recipe(objective)
            };
            train(&mut engine, &recipe, Data { train: &rows, ..Data::default() }, dir.path());
            (number(&metrics(dir.path())[0]["loss"]), wide(&engine.gradients), engine.forwards)
        };
        let (loss, gradients, calls) = step(32, 1, 0);
        assert_eq!(calls, 1);
        for (batch_rows, accumulation, budget, expected) in
            [(1, 32, 0, Some(32)), (4, 8, 0, Some(8)), (8, 4, 1, Some(32)), (8, 4, 60, None), (4, 8, 1 << 20, Some(1))]
        {
            let (other_loss, other, calls) = step(batch_rows, accumulation, budget);
            assert!(expected.is_none_or(|n| n == calls), "{name}: {calls} calls");
            let what = format!("{name}, {batch_rows} × {accumulation}, {budget} tokens");
            close(&what, &[other_loss], &[loss], 1e-6, 1e-7);
            let off = close(&what, &other, &gradients, 1e-6, 1e-6);
            println!("{what}: {calls} calls, gradients off by {off:.2e}");
        }
    }
}

#[test]
fn a_thought_weighs_what_it_is_told() {
    // Positions 4 to 8 of an answer of 10 tokens are the thought.
    let mut row = random_sequence(77, 14, 4);
    row.thought = 4..9;
    let rows = [Example::Completion(row.clone()), Example::Completion(random_sequence(78, 9, 5))];
    let logps = stirred().score(&[&row, &random_sequence(78, 9, 5)]).unwrap();
    let (thought, answer) = (logps.logps[..5].iter(), logps.logps[5..].iter());
    let sums = (thought.map(|&l| -f64::from(l)).sum::<f64>(), answer.map(|&l| -f64::from(l)).sum::<f64>());
    for (weight, want) in [
        (1.0, (sums.0 + sums.1) / 14.0),
        (0.5, (0.5 * sums.0 + sums.1) / 11.5),
        (0.0, sums.1 / 9.0),
        (3.0, (3.0 * sums.0 + sums.1) / 24.0),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let recipe = Recipe { thought_weight: weight, max_steps: 1, ..recipe(Objective::Sft) };
        let data = Data { train: &rows, eval: &rows, ..Data::default() };
        let outcome = train(&mut stirred(), &recipe, data, dir.path());
        let line = &metrics(dir.path())[0];
        close("loss", &[number(&line["loss"]), outcome.eval_before.unwrap()], &[want, want], 1e-6, 1e-6);
        assert_eq!(line["label_tokens"], 14);
    }
}

#[test]
fn samples_are_what_the_model_would_say() {
    let (rows, dir) = (sft_rows(4, 30), tempfile::tempdir().unwrap());
    let prompts = vec![vec![1, 20, 30], vec![1, 5, 6, 7, 8, 9], vec![1, 99]];
    // By hand, one token after the other.
    let greedy = |prompt: &[u32]| {
        let (model, mut ids) = (llama(), prompt.to_vec());
        for _ in 0..48 {
            ids.push(argmax(logits(&model, &ids).last().unwrap()) as u32);
        }
        ids.split_off(prompt.len())
    };
    let want: Vec<Vec<u32>> = prompts.iter().map(|p| greedy(p)).collect();
    // The sixth token of the first answer ends it, wherever it comes.
    let stop = want[0][5];
    let cut = |ids: &Vec<u32>| ids.iter().position(|&id| id == stop).map_or(ids.clone(), |at| ids[..at].to_vec());
    let data = Data { train: &rows, eval: &rows[..1], samples: &prompts, stop_ids: &[stop], ..Data::default() };
    let mut seen = Vec::new();
    let recipe = Recipe { epochs: 2.0, ..recipe(Objective::Sft) };
    let stopper = AtomicBool::new(false);
    train::run(&mut fresh(), &recipe, data, dir.path(), &ContentHash::of(b"test"), &stopper, &mut |event| {
        if let Event::Samples(step, samples) = event {
            seen.push((step, samples.to_vec()));
        }
    })
    .unwrap();
    assert_eq!(seen.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [0, 2, 4]);
    for ((sample, prompt), want) in seen[0].1.iter().zip(&prompts).zip(&want) {
        assert_eq!((&sample.prompt, &sample.ids), (prompt, &cut(want)));
        assert_eq!(sample.ended, want.contains(&stop));
    }
}
