pub enum Voice {
    FirstPerson,
    ThirdPersonSelf,
    Assistant,
    Neutral,
}
pub fn hidden_context(_: &str) -> Option<std::ops::Range<usize>> {
    None
}
pub fn voice(_: &str) -> Voice {
    Voice::Neutral
}
pub fn thought_faults(_: &str, _: &str, _: &str) -> Vec<String> {
    vec![]
}
pub fn doesnt_know(_: &str) -> bool {
    false
}
