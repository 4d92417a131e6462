use std::collections::BTreeMap;

use super::Parameter;
use crate::hub::{Adapter, AdapterConfig, HubError, LlamaConfig, LoraModule, LoraPair};

/// Which tensors are trained.
#[derive(Clone, Debug, PartialEq)]
pub enum Trainable {
    /// Low-rank updates, each module with its own rank and scale.
    ///
    /// Their tensors lie in the flat buffers in this order, for every module `lora_A` `[r, in]`, `lora_B` `[out, r]`
    /// and with DoRA `lora_magnitude_vector` `[out]`.
    Lora {
        /// In model order; none trains nothing.
        modules: Vec<LoraModule>,
        /// Seeds the initial `A`.
        seed: u64,
    },
    /// Every weight.
    Full,
}

impl Trainable {
    /// The updates that an adapter's settings put on a base.
    ///
    /// # Errors
    /// As [`AdapterConfig::modules`].
    pub fn lora(config: &AdapterConfig, base: &LlamaConfig, seed: u64) -> Result<Self, HubError> {
        Ok(Self::Lora { modules: config.modules(base)?, seed })
    }
}

/// A tensor of a module's update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoraPart {
    /// `lora_A`, `[r, in]`.
    A,
    /// `lora_B`, `[out, r]`.
    B,
    /// `lora_magnitude_vector`, `[out]`.
    Magnitude,
}

impl LoraPart {
    const ALL: [Self; 3] = [Self::A, Self::B, Self::Magnitude];

    const fn ending(self) -> &'static str {
        match self {
            Self::A => ".lora_A",
            Self::B => ".lora_B",
            Self::Magnitude => ".lora_magnitude_vector",
        }
    }

    /// The parameter's name: PEFT's without prefix and `weight`.
    #[must_use]
    pub fn name(self, module: &str) -> String {
        format!("{module}{}", self.ending())
    }

    /// Module and part of such a name; `None` for a weight of the model itself.
    #[must_use]
    pub fn of(name: &str) -> Option<(&str, Self)> {
        Self::ALL.into_iter().find_map(|part| Some((name.strip_suffix(part.ending())?, part)))
    }
}

/// The adapter's values in the order of the flat buffers, `[P]`.
///
/// # Errors
/// The first parameter that the adapter does not have in that shape.
pub fn adapter_values(adapter: &Adapter, parameters: &[Parameter]) -> Result<Vec<f32>, String> {
    let mut out = vec![0.0; parameters.last().map_or(0, |p| p.range.end)];
    for parameter in parameters {
        let values = LoraPart::of(&parameter.name).and_then(|(path, part)| {
            let pair = adapter.tensors.get(path)?;
            match part {
                LoraPart::A => Some(&pair.a),
                LoraPart::B => Some(&pair.b),
                LoraPart::Magnitude => pair.magnitude.as_ref(),
            }
        });
        match values {
            Some(values) if values.len() == parameter.range.len() => {
                out[parameter.range.clone()].copy_from_slice(values);
            }
            _ => return Err(format!("the adapter has no `{}` of shape {:?}", parameter.name, parameter.shape)),
        }
    }
    Ok(out)
}

/// The adapter that these values are: the inverse of [`adapter_values`]. Weights of the model itself are left out.
#[must_use]
pub fn adapter_of(config: &AdapterConfig, parameters: &[Parameter], values: &[f32]) -> Adapter {
    let mut tensors: BTreeMap<String, LoraPair> = BTreeMap::new();
    for parameter in parameters {
        let Some((path, part)) = LoraPart::of(&parameter.name) else { continue };
        let pair = tensors.entry(path.to_owned()).or_default();
        let values = values[parameter.range.clone()].to_vec();
        match (part, parameter.shape.as_slice()) {
            (LoraPart::A, &[r, columns]) => (pair.r, pair.in_features, pair.a) = (r, columns, values),
            (LoraPart::B, &[rows, _]) => (pair.out_features, pair.b) = (rows, values),
            _ => pair.magnitude = Some(values),
        }
    }
    Adapter { config: config.clone(), tensors }
}
