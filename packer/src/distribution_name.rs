//! Names of distributions.

/// The name under which PEP 503 compares distributions.
pub(super) fn normalize(name: &str) -> String {
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_lowercase()
}
