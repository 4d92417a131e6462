//! Devices: the table that ships, a name to look up in it, and what is left to one program there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, distance};

const TABLE: &str = include_str!("devices.toml");

const GIB: f64 = (1_u64 << 30) as f64;

/// How many names are suggested for one that is not there.
const SUGGESTED: usize = 5;

/// What devices of one kind have in common.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    title: String,
    share: f64,
    share_from: String,
    efficiency: f64,
    prompt_efficiency: f64,
    #[serde(default)]
    overhead_mb: u64,
}

/// A line of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// As people call it.
    pub name: String,
    /// Others that are the same here.
    #[serde(default)]
    pub also: Vec<String>,
    kind: String,
    /// Memory, in GiB.
    pub memory_gib: f64,
    /// Peak bandwidth in GB/s, if known.
    pub bandwidth: Option<f64>,
    /// Where the bandwidth comes from.
    pub from: Option<String>,
    /// Dense arithmetic in 10^12 operations a second, if known.
    pub teraflops: Option<f64>,
    efficiency: Option<f64>,
}

#[derive(Deserialize)]
struct File {
    kind: BTreeMap<String, Kind>,
    device: Vec<Device>,
}

/// What a device leaves to one program, and how fast it is.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// The device.
    pub name: String,
    /// Phone, board, laptop, card, instance, or memory alone.
    pub kind: String,
    /// All its memory.
    pub memory_bytes: u64,
    /// What one program may take of it.
    pub budget_bytes: u64,
    /// Where the share comes from.
    pub budget_from: String,
    /// What the driver of a card takes itself.
    pub overhead_bytes: u64,
    /// Peak, or measured; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_bytes_per_second: Option<f64>,
    /// Where the bandwidth comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_from: Option<String>,
    /// How much of the bandwidth generation gets.
    pub efficiency: f64,
    /// Dense arithmetic; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations_per_second: Option<f64>,
    /// How much of the arithmetic a prompt gets.
    pub prompt_efficiency: f64,
}

/// The devices of the table, and what their kinds say.
pub struct Table {
    kinds: BTreeMap<String, Kind>,
    devices: Vec<Device>,
}

impl Table {
    /// The table that ships.
    ///
    /// # Errors
    /// None but for a table that was edited into something else.
    pub fn new() -> Result<Self, Error> {
        let file: File = toml::from_str(TABLE).map_err(|e| Error::new(format!("devices.toml: {e}")))?;
        if let Some(device) = file.device.iter().find(|device| !file.kind.contains_key(&device.kind)) {
            return Err(Error::new(format!("devices.toml: `{}` is of no known kind", device.name)));
        }
        Ok(Self { kinds: file.kind, devices: file.device })
    }

    /// All devices, in the table's order.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// The device that `name` means: the same letters and digits, or the only one whose name begins with them.
    ///
    /// # Errors
    /// An unknown or ambiguous name, with those that are near.
    pub fn find(&self, name: &str) -> Result<&Device, Error> {
        let wanted = plain(name);
        let names = || {
            self.devices.iter().flat_map(|device| {
                std::iter::once(&device.name).chain(&device.also).map(move |name| (device, name.as_str()))
            })
        };
        if let Some((device, _)) = names().find(|(_, name)| plain(name) == wanted) {
            return Ok(device);
        }
        let mut begun: Vec<(&Device, &str)> = names().filter(|(_, name)| plain(name).starts_with(&wanted)).collect();
        // A name and its `also` are one device.
        begun.dedup_by(|a, b| std::ptr::eq(a.0, b.0));
        match begun.as_slice() {
            [(device, _)] if !wanted.is_empty() => return Ok(device),
            [] => {}
            several if !wanted.is_empty() => {
                let list: Vec<&str> = several.iter().map(|(_, name)| *name).collect();
                return Err(Error::new(format!("`{name}` may be several devices")).hint(list.join(", ")));
            }
            _ => {}
        }
        let mut near: Vec<(usize, &str)> = names().map(|(_, name)| (likeness(&plain(name), &wanted), name)).collect();
        near.sort();
        let near: Vec<&str> = near.into_iter().take(SUGGESTED).map(|(_, name)| name).collect();
        Err(Error::new(format!("no device `{name}` in the table"))
            .hint(format!("near are {}; `distill plan --list` has all, `--ram 6GB` takes any memory", near.join(", "))))
    }

    /// What `device` leaves to one program; `share` replaces the share of its kind.
    ///
    /// # Errors
    /// A device of another table.
    pub fn place(&self, device: &Device, share: Option<f64>) -> Result<Place, Error> {
        let kind = self.kinds.get(&device.kind).ok_or_else(|| Error::new("a device of no known kind"))?;
        let memory_bytes = (device.memory_gib * GIB) as u64;
        Ok(Place {
            name: device.name.clone(),
            kind: kind.title.clone(),
            memory_bytes,
            budget_bytes: (memory_bytes as f64 * share.unwrap_or(kind.share)) as u64,
            budget_from: share.map_or_else(|| kind.share_from.clone(), |_| "as asked for".to_owned()),
            overhead_bytes: kind.overhead_mb * 1_000_000,
            bandwidth_bytes_per_second: device.bandwidth.map(|gb| gb * 1e9),
            bandwidth_from: device.from.clone(),
            efficiency: device.efficiency.unwrap_or(kind.efficiency),
            operations_per_second: device.teraflops.map(|tera| tera * 1e12),
            prompt_efficiency: kind.prompt_efficiency,
        })
    }

    /// What kind of thing a device is.
    #[must_use]
    pub fn title(&self, device: &Device) -> &str {
        self.kinds.get(&device.kind).map_or("", |kind| kind.title.as_str())
    }
}

impl Place {
    /// A device of which only the memory is known.
    #[must_use]
    pub fn of_memory(memory_bytes: u64, share: Option<f64>) -> Self {
        let from = "rule of thumb: half of a phone's memory; a server without a desktop leaves 0.8 (`--share`)";
        Self {
            name: format!("{:.1} GiB of memory", memory_bytes as f64 / GIB),
            kind: "memory".to_owned(),
            memory_bytes,
            budget_bytes: (memory_bytes as f64 * share.unwrap_or(0.5)) as u64,
            budget_from: if share.is_some() { "as asked for" } else { from }.to_owned(),
            overhead_bytes: 0,
            bandwidth_bytes_per_second: None,
            bandwidth_from: None,
            efficiency: 0.6,
            operations_per_second: None,
            prompt_efficiency: 0.3,
        }
    }

    /// This machine, by what is free on it now.
    #[must_use]
    pub fn here(available_bytes: u64, share: Option<f64>) -> Self {
        Self {
            name: "this machine".to_owned(),
            kind: "free memory".to_owned(),
            budget_bytes: (available_bytes as f64 * share.unwrap_or(0.9)) as u64,
            budget_from: if share.is_some() { "as asked for" } else { "nine tenths of what is free now" }.to_owned(),
            ..Self::of_memory(available_bytes, share)
        }
    }
}

/// `6GB`, `6 GiB`, `512M`, `6` (GiB): memory is sold in powers of two, so GB and GiB are the same here.
///
/// # Errors
/// Something else.
pub fn memory_size(text: &str) -> Result<u64, Error> {
    let wrong = || Error::new(format!("`{text}` is no amount of memory")).hint("for example `--ram 6GB`");
    let text = text.trim().to_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let factor = match unit.trim() {
        "" | "g" | "gb" | "gib" => GIB,
        "m" | "mb" | "mib" => (1_u64 << 20) as f64,
        "t" | "tb" | "tib" => GIB * 1024.0,
        _ => return Err(wrong()),
    };
    let bytes = number * factor;
    if bytes.is_finite() && (1.0..1e16).contains(&bytes) { Ok(bytes as u64) } else { Err(wrong()) }
}

/// Letters and digits alone, in lower case.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

/// Edits between two names, where a name that holds the other is near whatever else it says.
fn likeness(name: &str, wanted: &str) -> usize {
    let edits = distance(name, wanted);
    if !wanted.is_empty() && (name.contains(wanted) || wanted.contains(name)) { edits / 4 } else { edits }
}
