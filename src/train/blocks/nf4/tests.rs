use super::super::golden;
use super::*;

fn weights(name: &str) -> Vec<f32> {
    match name {
        "formula" => {
            (0..64u64).map(|i| ((i * 2_654_435_761 % (1 << 32)) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
        }
        "straddling" => golden::inputs(6 * 40, 1, 0.02),
        "odd" => golden::inputs(3 * 7, 2, 0.02),
        "ties" => {
            let mut weights: Vec<f32> = BOUNDS.to_vec();
            weights.extend(BOUNDS.map(f32::next_up));
            weights.extend(BOUNDS.map(f32::next_down));
            weights.push(-1.0);
            weights.resize(64, 0.0);
            weights.extend([0.0; 32].iter().chain(&[-0.0; 32]));
            weights.extend([1e-45, -1e-40, 3e-39, 0.0].repeat(16));
            weights.extend([0.0; 20]);
            weights
        }
        _ => golden::inputs(128 * 576, 3, 0.02),
    }
}

/// Codes, scales and widened weights, plain and double, against bitsandbytes, bit for bit.
#[test]
fn bit_equal_to_bitsandbytes() {
    let golden = golden::read();
    for (name, want) in golden["nf4"].as_object().unwrap() {
        let shape: Vec<usize> =
            want["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
        let weight = weights(name);
        let plain = Nf4::quantize(&weight, shape[0], shape[1], false).unwrap();
        assert_eq!(golden::hexed(plain.codes()), want["codes"], "{name}");
        let Absmax::Plain(scales) = plain.absmax() else { panic!("{name}: plain scales") };
        assert_eq!(golden::hexed_floats(scales), want["absmax"], "{name}");
        let mut widened = vec![0.0; weight.len()];
        plain.dequantize_rows(0..shape[0], &mut widened);
        assert_eq!(golden::hexed_floats(&widened), want["dequantized"], "{name}");

        let want = &want["double"];
        let offset = golden::floats(&want["offset"])[0];
        let around = Absmax::double_around(scales, offset);
        let Absmax::Double { codes, absmax, .. } = &around else { panic!("{name}: double scales") };
        assert_eq!(golden::hexed(codes), want["codes"], "{name}");
        assert_eq!(golden::hexed_floats(absmax), want["absmax"], "{name}");
        let double = Nf4::from_parts(shape[0], shape[1], plain.codes().to_vec(), around.clone()).unwrap();
        double.dequantize_rows(0..shape[0], &mut widened);
        assert_eq!(golden::hexed_floats(&widened), want["dequantized"], "{name}");

        // With the mean that we sum ourselves.
        let Absmax::Double { offset: ours, .. } = plain.absmax().clone().double() else { panic!("{name}") };
        assert!((ours - offset).abs() <= 2e-7 * offset, "{name}: {ours:e} against {offset:e}");
        let double = Nf4::quantize(&weight, shape[0], shape[1], true).unwrap();
        assert_eq!(double.codes(), plain.codes());
        let mut scales = vec![0.0; weight.len().div_ceil(64)];
        double.scales_into(0..scales.len(), &mut scales);
        let one_by_one: Vec<f32> = (0..scales.len()).map(|block_idx| double.scale(block_idx)).collect();
        assert_eq!(scales, one_by_one);
    }
}

#[test]
fn every_vector_width_gives_the_same_bits() {
    let weight = golden::inputs(64 * 64 + 21, 9, 0.3);
    #[allow(clippy::type_complexity, reason = "the signature that is tested")]
    let run = |f: &dyn Fn(&[f32], &mut [u8], &mut [f32]) -> bool| {
        let (mut codes, mut absmax) = (vec![0; weight.len().div_ceil(2)], vec![0.0; weight.len().div_ceil(64)]);
        assert!(f(&weight, &mut codes, &mut absmax));
        (codes, absmax)
    };
    let want = run(&quantize_blocks);
    assert_eq!(run(&quantize_span), want);
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the function is compiled for.
        assert_eq!(run(&|x, codes, absmax| unsafe { quantize_span_avx2(x, codes, absmax) }), want);
    }
}

#[test]
fn nearest_by_plain_search() {
    let weight = golden::inputs(64 * 40, 4, 1.0);
    let quantized = Nf4::quantize(&weight, 40, 64, false).unwrap();
    let mut widened = vec![0.0; weight.len()];
    quantized.dequantize_rows(0..40, &mut widened);
    for (i, (x, got)) in weight.iter().zip(&widened).enumerate() {
        let scale = quantized.scale(i / 64);
        let best = Nf4::CODE.iter().map(|code| (x - code * scale).abs()).fold(f32::INFINITY, f32::min);
        assert!((x - got).abs() <= best + 1e-6 * scale, "{i}: {x} became {got}");
    }
}

#[test]
fn ranges_begin_and_end_anywhere() {
    for double in [false, true] {
        let weight = golden::inputs(9 * 75, 5, 0.02);
        let quantized = Nf4::quantize(&weight, 9, 75, double).unwrap();
        let mut whole = vec![0.0; weight.len()];
        quantized.dequantize_rows(0..9, &mut whole);
        for range in [0..0, 0..1, 1..2, 63..65, 1..130, 64..128, 127..675, 674..675, 3..675] {
            let mut part = vec![f32::NAN; range.len()];
            quantized.dequantize_into(range.clone(), &mut part);
            assert_eq!(part, whole[range]);
        }
        let mut rows = vec![f32::NAN; 2 * 75];
        quantized.dequantize_rows(4..6, &mut rows);
        assert_eq!(rows, whole[300..450]);
    }
}

/// Across more than one span, with other threads, and piece by piece.
#[test]
fn the_same_whatever_the_threads_and_the_source() {
    let (rows, columns) = (3, SPAN - 7);
    let weight = golden::inputs(rows * columns, 6, 0.02);
    let want = Nf4::quantize(&weight, rows, columns, true).unwrap();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let fill = |range: Range<usize>, out: &mut [f32]| out.copy_from_slice(&weight[range]);
        assert_eq!(pool.install(|| Nf4::quantize_from(rows, columns, true, &fill)).unwrap(), want);
    }
    let mut one_by_one = (vec![0; want.codes.len()], vec![0.0; weight.len().div_ceil(64)]);
    assert!(quantize_blocks(&weight, &mut one_by_one.0, &mut one_by_one.1));
    assert_eq!((want.codes, want.absmax), (one_by_one.0, Absmax::Plain(one_by_one.1).double()));
}

#[test]
fn bytes_are_what_is_held() {
    for (rows, columns) in [(128, 576), (3, 7), (1, 64 * 257), (0, 5)] {
        let weight = vec![0.5; rows * columns];
        for double in [false, true] {
            let quantized = Nf4::quantize(&weight, rows, columns, double).unwrap();
            let held = match quantized.absmax() {
                Absmax::Plain(scales) => scales.len() * 4,
                Absmax::Double { codes, absmax, .. } => codes.len() + absmax.len() * 4 + 4,
            };
            assert_eq!(quantized.bytes(), quantized.codes().len() + held);
        }
    }
    assert_eq!(Nf4::bytes_of(2048, 2048, false) * 8, 2048 * 2048 * 9 / 2);
}

#[test]
fn refuses_with_the_place() {
    let mut weight = golden::inputs(2 * SPAN, 7, 0.02);
    let columns = SPAN / 4;
    for (value, at) in [(f32::NAN, SPAN + columns + 3), (f32::INFINITY, SPAN + 9), (f32::NEG_INFINITY, 2 * columns)] {
        weight[at] = value;
        let Err(BlocksError::NotFinite { row, column, value: found }) = Nf4::quantize(&weight, 8, columns, true) else {
            panic!("{value} was quantised");
        };
        assert_eq!((row * columns + column, found.to_bits()), (at, value.to_bits()));
    }
    // In the last, short block.
    let error = Nf4::quantize(&[0.0, 1.0, f32::INFINITY], 1, 3, false);
    assert_eq!(error, Err(BlocksError::NotFinite { row: 0, column: 2, value: f32::INFINITY }));
    assert_eq!(
        error.unwrap_err().to_string(),
        "the weight at row 0, column 2 is inf, and only finite weights can be quantised"
    );
    assert_eq!(Nf4::quantize(&[0.0], 1, 2, false), Err(BlocksError::Length { part: "weight", expected: 2, found: 1 }));
    assert!(Nf4::from_parts(1, 64, vec![0; 31], Absmax::Plain(vec![0.0])).is_err());
    assert!(Nf4::from_parts(1, 64, vec![0; 32], Absmax::Plain(vec![0.0; 2])).is_err());
    let double = Absmax::Double { codes: vec![0], absmax: vec![], offset: 0.0 };
    assert!(Nf4::from_parts(1, 64, vec![0; 32], double).is_err());
}
