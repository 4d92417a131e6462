//! Interrupted runs end as others do; runs that cannot train say so.

use super::*;

/// Interrupts a run by Ctrl-C after updates 2 and 5, and crashes another between checkpoints: both end as one that was
/// left alone, bit for bit.
fn resumes(recipe: &Recipe, data: Data<'_>) {
    let timeless = |dir: &Path| {
        let mut lines = metrics(dir);
        for line in &mut lines {
            for key in ["tokens_per_second", "elapsed_secs", "peak_rss_bytes"] {
                line.as_object_mut().unwrap().shift_remove(key).unwrap();
            }
        }
        lines
    };
    let whole_dir = tempfile::tempdir().unwrap();
    let whole = train(&mut fresh(), recipe, data, whole_dir.path());
    assert!(whole.steps > 6, "{} steps", whole.steps);
    let identity = ContentHash::of(b"test");
    let same = |outcome: &Outcome, dir: &Path| {
        let bits = |o: &Outcome| o.parameters.iter().map(|p| p.to_bits()).collect::<Vec<u32>>();
        assert!(bits(outcome) == bits(&whole), "parameters differ");
        assert_eq!(outcome, &whole);
        assert_eq!(timeless(dir), timeless(whole_dir.path()));
    };

    let dir = tempfile::tempdir().unwrap();
    for at in [Some(2), Some(5), None] {
        let stop = AtomicBool::new(false);
        let mut resumed = 0;
        let done = train::run(&mut fresh(), recipe, data, dir.path(), &identity, &stop, &mut |event| match event {
            Event::Step(line, _) if Some(line.step) == at => stop.store(true, Ordering::Relaxed),
            Event::Resumed(step) => resumed = step,
            _ => {}
        });
        match (done, at) {
            (Err(TrainError::Interrupted { step }), Some(k)) => assert_eq!(step, k),
            (Ok(outcome), None) => {
                assert_eq!(resumed, 5);
                same(&outcome, dir.path());
            }
            (other, at) => panic!("{other:?} at {at:?}"),
        }
    }

    // A crash after update 5, which the metrics have and the checkpoint of update 4 has not.
    let recipe = Recipe { checkpoint_steps: 2, ..recipe.clone() };
    let dir = tempfile::tempdir().unwrap();
    let crash = catch_unwind(AssertUnwindSafe(|| {
        let stop = AtomicBool::new(false);
        let mut engine = fresh();
        train::run(&mut engine, &recipe, data, dir.path(), &identity, &stop, &mut |event| {
            if let Event::Step(line, _) = event {
                assert!(line.step < 5, "the crash of this test");
            }
        })
    }));
    assert!(crash.is_err());
    assert_eq!(metrics(dir.path()).len(), 5);
    same(&train(&mut fresh(), &recipe, data, dir.path()), dir.path());
}

#[test]
fn an_interrupted_sft_run_ends_the_same() {
    let (rows, replay, eval) = (sft_rows(7, 100), sft_rows(6, 200), sft_rows(2, 250));
    let recipe = Recipe {
        gradient_accumulation: 2,
        shuffle: true,
        replay: 0.4,
        prompt_dropout: 0.3,
        keep_best: true,
        epochs: 3.0,
        warmup_ratio: 0.1,
        schedule: Schedule::Cosine,
        ..recipe(Objective::Sft)
    };
    resumes(&recipe, Data { train: &rows, replay: &replay, eval: &eval, ..Data::default() });
}

#[test]
fn an_interrupted_dpo_run_ends_the_same() {
    let (rows, eval) = (pairs(6, 400), pairs(2, 450));
    let dpo = Preference { nll_weight: 0.1, ..Preference::default() };
    let recipe = Recipe { shuffle: true, epochs: 3.0, ..recipe(Objective::Preference(dpo)) };
    resumes(&recipe, Data { train: &rows, eval: &eval, ..Data::default() });
}

#[test]
fn an_interrupted_kto_run_with_replay_ends_the_same() {
    let (rows, replay, eval) = (pairs(6, 400), sft_rows(5, 470), pairs(2, 450));
    let kto = Preference { loss: PairLoss::Kto, undesirable_weight: 0.8, ..Preference::default() };
    let recipe = Recipe {
        shuffle: true,
        epochs: 3.0,
        batch_tokens: 30,
        replay: 0.4,
        replay_weight: 0.5,
        eval_steps: 2,
        patience: 50,
        keep_best: true,
        ..recipe(Objective::Preference(kto))
    };
    resumes(&recipe, Data { train: &rows, replay: &replay, eval: &eval, ..Data::default() });
}

/// Held-out rows that say the opposite of the trained ones: their loss can only rise.
#[test]
fn patience_ends_a_run_and_keeps_the_best() {
    let train_rows = sft_rows(8, 40);
    let eval = sft_rows(3, 990);
    let recipe = Recipe {
        epochs: 20.0,
        learning_rate: 3e-2,
        schedule: Schedule::Constant,
        eval_steps: 3,
        patience: 2,
        keep_best: true,
        ..recipe(Objective::Sft)
    };
    let data = Data { train: &train_rows, eval: &eval, ..Data::default() };
    let dir = tempfile::tempdir().unwrap();
    let outcome = train(&mut fresh(), &recipe, data, dir.path());
    let losses: Vec<(u64, f64)> = metrics(dir.path())
        .iter()
        .filter_map(|l| Some((l["step"].as_u64().unwrap(), l.get("eval_loss")?.as_f64().unwrap())))
        .collect();
    println!("{:?} {losses:?}", outcome.eval_before);
    assert!(outcome.stopped_early && outcome.steps < 80, "{} steps", outcome.steps);
    assert!(losses.iter().all(|(step, _)| step % 3 == 0));
    // The last two were no better than what is kept, and nothing was.
    let best = outcome.eval_kept.unwrap();
    assert!(losses.iter().all(|(_, loss)| *loss >= best));
    assert!(losses[losses.len() - 2..].iter().all(|(_, loss)| *loss > best));
    assert_eq!(outcome.steps, outcome.kept_step + 6);
    // Interrupted at any point, also between the two bad evaluations, it ends at the same update.
    for at in [outcome.kept_step + 1, outcome.kept_step + 4] {
        let (dir, stop) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
        let identity = ContentHash::of(b"test");
        let cut = train::run(&mut fresh(), &recipe, data, dir.path(), &identity, &stop, &mut |event| match event {
            Event::Step(line, _) if line.step == at => stop.store(true, Ordering::Relaxed),
            _ => {}
        });
        assert!(matches!(cut, Err(TrainError::Interrupted { step }) if step == at), "{cut:?}");
        assert_eq!(train(&mut fresh(), &recipe, data, dir.path()), outcome);
    }
    // Without patience it goes on.
    let dir = tempfile::tempdir().unwrap();
    let patient =
        train(&mut fresh(), &Recipe { patience: 0, max_steps: outcome.steps + 1, ..recipe }, data, dir.path());
    assert!(!patient.stopped_early && patient.steps == outcome.steps + 1);
}

#[test]
fn what_is_not_trained_stops_the_run() {
    let rows = sft_rows(6, 20);
    let run = |engine: &mut Watched, recipe: &Recipe| {
        let dir = tempfile::tempdir().unwrap();
        let data = Data { train: &rows, ..Data::default() };
        let identity = ContentHash::of(b"x");
        train::run(engine, recipe, data, dir.path(), &identity, &AtomicBool::new(false), &mut |_| {})
    };
    let cut = |name: &str| Watched { cut: Some(format!("model.layers.1.{name}")), ..Watched::new(fresh()) };
    let plain = Recipe { epochs: 3.0, ..recipe(Objective::Sft) };
    // A gradient that never reaches B, from the first update on.
    let done = run(&mut cut("mlp.up_proj.lora_B"), &plain);
    assert!(matches!(&done, Err(TrainError::Frozen { name }) if name.ends_with("up_proj.lora_B")), "{done:?}");
    // One that never reaches A, which is only known after the second; the warm-up's first has a rate of 0.
    for (warmup_ratio, at) in [(0.0, 2), (0.1, 3)] {
        let done = run(&mut cut("self_attn.v_proj.lora_A"), &Recipe { warmup_ratio, ..plain.clone() });
        assert!(
            matches!(&done, Err(TrainError::Unmoved { name, step }) if name.ends_with("v_proj.lora_A") && *step == at),
            "{done:?}"
        );
    }
    // Updates that the engine does not take.
    let done = run(&mut Watched { deaf: true, ..Watched::new(fresh()) }, &plain);
    assert!(matches!(done, Err(TrainError::Unmoved { step: 1, .. })), "{done:?}");
    // A rate of nothing. A warm-up is never the whole run.
    let done = run(&mut Watched::new(fresh()), &Recipe { learning_rate: 0.0, max_steps: 1, ..plain.clone() });
    assert!(matches!(done, Err(TrainError::NoRate { updates: 1 })), "{done:?}");
    run(&mut Watched::new(fresh()), &Recipe { warmup_ratio: 0.5, max_steps: 1, ..plain.clone() }).unwrap();
    // Everything trained, whether adapters or all weights.
    run(&mut Watched::new(fresh()), &plain).unwrap();
    let full = Portable::new(llama(), &Trainable::Full).unwrap();
    run(&mut Watched::new(full), &Recipe { learning_rate: 1e-4, warmup_ratio: 0.3, ..plain }).unwrap();
}

#[test]
fn a_checkpoint_of_another_run_is_not_continued() {
    let (rows, dir) = (sft_rows(4, 500), tempfile::tempdir().unwrap());
    let (recipe, data) = (
        Recipe { max_steps: 3, checkpoint_steps: 1, ..recipe(Objective::Sft) },
        Data { train: &rows, ..Data::default() },
    );
    let first = train(&mut fresh(), &recipe, data, dir.path());
    let mut resumed = false;
    let again = train::run(
        &mut fresh(),
        &recipe,
        data,
        dir.path(),
        &ContentHash::of(b"other"),
        &AtomicBool::new(false),
        &mut |e| resumed |= matches!(e, Event::Resumed(_)),
    )
    .unwrap();
    assert!(!resumed);
    assert_eq!(first, again);
    assert_eq!(metrics(dir.path()).len(), 3, "metrics start anew");
}

#[test]
fn runs_without_anything_to_learn_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let mute = vec![Example::Completion(random_sequence(1, 9, 9))];
    let run = |rows: &[Example], lr: f64| {
        train::run(
            &mut fresh(),
            &Recipe { learning_rate: lr, max_steps: 9, max_grad_norm: 0.0, ..recipe(Objective::Sft) },
            Data { train: rows, ..Data::default() },
            dir.path(),
            &ContentHash::of(b"x"),
            &AtomicBool::new(false),
            &mut |_| {},
        )
    };
    assert!(matches!(run(&mute, 1e-2), Err(TrainError::NoData)));
    assert!(matches!(run(&sft_rows(2, 1), 1e30), Err(TrainError::Diverged { .. })));
}
