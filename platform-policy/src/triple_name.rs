//! Triples that `target-lexicon` cannot parse.

use target_lexicon::{Architecture, Environment, OperatingSystem, Triple};

use crate::os::Os;

/// A text that names no system that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown system in the target triple `{}`; `rustc --print target-list` lists those that can be named",
    .triple.escape_debug()
)]
pub struct UnknownTriple {
    triple: String,
}

impl UnknownTriple {
    /// The text as it was given.
    #[must_use]
    pub fn triple(&self) -> &str {
        &self.triple
    }
}

impl Os {
    /// The kind of system behind a triple in text, also where `target-lexicon` does not know a part of it.
    ///
    /// The architecture and the C library do not matter for start methods, so a triple that is too new in those is still
    /// classified; and the systems that rustc knows and `target-lexicon` does not are looked up by name.
    ///
    /// ```
    /// use platform_policy::Os;
    ///
    /// assert_eq!(Os::of_name("arm64e-apple-darwin")?, Os::MacOs);
    /// assert_eq!(Os::of_name("aarch64-unknown-nto-qnx800")?, Os::Forking);
    /// assert_eq!(
    ///     Os::of_name("x86_64-unknown-plan9").unwrap_err().to_string(),
    ///     "unknown system in the target triple `x86_64-unknown-plan9`; \
    ///      `rustc --print target-list` lists those that can be named"
    /// );
    /// # Ok::<(), platform_policy::UnknownTriple>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When no part of the text names a system that is known.
    pub fn of_name(triple: &str) -> Result<Self, UnknownTriple> {
        classify(triple)
    }
}

fn classify(name: &str) -> Result<Os, UnknownTriple> {
    if let Ok(triple) = name.parse::<Triple>() {
        return Ok(Os::of(&triple));
    }
    // The first part is the architecture; the system is one of the others.
    let parts: Vec<&str> = name.split('-').skip(1).collect();
    let unknown = || UnknownTriple { triple: name.to_owned() };
    parts
        .iter()
        .find_map(|part| by_system(part))
        .or_else(|| by_parts(name, &parts))
        .ok_or_else(unknown)
}

/// A system that `target-lexicon` knows, beside an architecture or an environment that it does not: `arm64e-apple-darwin`,
/// `x86_64-unknown-linux-gnuasan`.
fn by_parts(name: &str, parts: &[&str]) -> Option<Os> {
    let mut systems = parts.iter().filter_map(|part| part.parse::<OperatingSystem>().ok());
    let operating_system = systems.find(|system| *system != OperatingSystem::Unknown)?;
    // An environment counts as well: `android` is one.
    let environment = parts.iter().filter_map(|part| part.parse::<Environment>().ok()).next_back();
    let architecture =
        if name.starts_with("wasm") { Architecture::Wasm32 } else { Architecture::Unknown };
    let environment = environment.unwrap_or(Environment::Unknown);
    Some(Os::of(&Triple { architecture, operating_system, environment, ..Triple::unknown() }))
}

/// The systems that `target-lexicon` does not know: those of rustc's list, and Cygwin under its other names.
fn by_system(name: &str) -> Option<Os> {
    match name {
        // LLVM's canonical name of Cygwin is `x86_64-pc-windows-cygnus`; MSYS2 is a copy of it.
        "cygnus" | "msys" => Some(Os::Forking),
        // QNX Neutrino and Managarm are POSIX systems with fork().
        "nto" | "managarm" => Some(Os::Forking),
        // LynxOS-178 has POSIX processes, but rustc has no `std` for it, so no launcher runs there that could need them.
        "lynxos178" => Some(Os::NoProcesses),
        // HelenOS, Motor OS and Xous start tasks by calls of their own, and have no fork().
        "helenos" | "motor" | "xous" => Some(Os::NoProcesses),
        // NuttX and QuRT are real-time kernels in one address space.
        "nuttx" | "qurt" => Some(Os::NoProcesses),
        // Secure worlds beside the real system, and a machine inside a proof.
        "teeos" | "trusty" | "zkvm" => Some(Os::NoProcesses),
        // Game consoles, and the controller of a teaching robot.
        "switch" | "vita" | "psx" | "v5" => Some(Os::NoProcesses),
        _ => None,
    }
}
