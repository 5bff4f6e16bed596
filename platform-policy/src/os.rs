//! The systems, told apart only as far as start methods differ on them.

use std::fmt;

use target_lexicon::{Architecture, Environment, OperatingSystem, Triple};

/// The kind of system that a program runs on, seen from `multiprocessing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Os {
    /// Windows: processes, but no `fork()`.
    Windows,
    /// macOS: it has `fork()`, which Apple's own libraries do not survive.
    MacOs,
    /// Every other system on which a process can `fork()`: Linux, the BSDs, Solaris, AIX, Haiku, Cygwin and their like.
    Forking,
    /// A system on which Python can start no process: iOS and its kin, Android, WebAssembly, and what is no general-purpose
    /// system at all.
    NoProcesses,
}

impl Os {
    /// Every kind, in the order in which the policy is documented.
    pub const ALL: &'static [Self] =
        &[Self::Windows, Self::MacOs, Self::Forking, Self::NoProcesses];

    /// The short name, as tables show it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::MacOs => "macos",
            Self::Forking => "forking",
            Self::NoProcesses => "no-processes",
        }
    }

    /// The words for it in a sentence.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::MacOs => "macOS",
            Self::Forking => "a system with `fork()`",
            Self::NoProcesses => "a system without processes",
        }
    }

    /// The kind of system that programs for `triple` run on.
    ///
    /// On POSIX all three start methods need `fork()`: `spawn` and the fork server start their interpreter with
    /// `_posixsubprocess.fork_exec()`. So a system that can start programs only in a way of its own (Fuchsia, VxWorks) counts
    /// as having no processes: CPython cannot use that way.
    ///
    /// ```
    /// use platform_policy::Os;
    /// use target_lexicon::triple;
    ///
    /// assert_eq!(Os::of(&triple!("aarch64-apple-darwin")), Os::MacOs);
    /// assert_eq!(Os::of(&triple!("aarch64-linux-android")), Os::NoProcesses);
    /// ```
    #[must_use]
    pub fn of(triple: &Triple) -> Self {
        // CPython's documentation: `multiprocessing` "is not supported on mobile platforms or WebAssembly platforms". This
        // holds for every system below: Emscripten, WASI, or a Linux interface such as `wasm32-wali-linux-musl`.
        if matches!(triple.architecture, Architecture::Wasm32 | Architecture::Wasm64) {
            return Self::NoProcesses;
        }
        match triple.operating_system {
            OperatingSystem::Windows => Self::Windows,

            // rustc says `darwin` and LLVM says `macosx`; both mean macOS.
            OperatingSystem::Darwin(_) | OperatingSystem::MacOSX(_) => Self::MacOs,

            OperatingSystem::Linux => Self::of_linux(triple.environment),

            OperatingSystem::Aix
            | OperatingSystem::Bitrig
            | OperatingSystem::Dragonfly
            | OperatingSystem::Freebsd
            | OperatingSystem::Haiku
            | OperatingSystem::Hurd
            | OperatingSystem::Illumos
            | OperatingSystem::Netbsd
            | OperatingSystem::Openbsd
            | OperatingSystem::Solaris => Self::Forking,
            // Cygwin's library emulates fork() on Windows, and its Python is a POSIX Python.
            OperatingSystem::Cygwin => Self::Forking,
            // Redox is no Unix, but its C library has fork(), and CPython is among its ports.
            OperatingSystem::Redox => Self::Forking,

            // The sandbox of these forbids new processes, and CPython's `subprocess` refuses at once (PEP 730). Mac Catalyst
            // (`ios-macabi`) is an iOS program as far as the interpreter's build can tell.
            OperatingSystem::IOS(_)
            | OperatingSystem::TvOS(_)
            | OperatingSystem::VisionOS(_)
            | OperatingSystem::WatchOS(_)
            | OperatingSystem::XROS(_) => Self::NoProcesses,

            // WebAssembly under other architecture names than the two above.
            OperatingSystem::Emscripten
            | OperatingSystem::Wasi
            | OperatingSystem::WasiP1
            | OperatingSystem::WasiP2 => Self::NoProcesses,

            // These start programs, but by calls of their own: no fork(), so no way for CPython. A Cloudabi process that has
            // entered its sandbox can name no program, and L4Re tasks are made by a loader.
            OperatingSystem::Cloudabi
            | OperatingSystem::Fuchsia
            | OperatingSystem::L4re
            | OperatingSystem::VxWorks => Self::NoProcesses,

            // One program is the whole system: a unikernel, a game console, a real-time kernel, firmware, a graphics card.
            OperatingSystem::AmdHsa
            | OperatingSystem::Cuda
            | OperatingSystem::Espidf
            | OperatingSystem::Hermit
            | OperatingSystem::Horizon
            | OperatingSystem::Nebulet
            | OperatingSystem::None_
            | OperatingSystem::Psp
            | OperatingSystem::SolidAsp3
            | OperatingSystem::Uefi => Self::NoProcesses,

            // `x86_64-fortanix-unknown-sgx`, `armv7-rtems-eabihf`: where nothing is known, nothing is promised.
            OperatingSystem::Unknown => Self::NoProcesses,

            // The list is not closed. A system that is new in `target-lexicon` is caught by the snapshot of triples; until it
            // has been thought about, it gets no start method rather than a wrong one.
            _ => Self::NoProcesses,
        }
    }

    fn of_linux(environment: Environment) -> Self {
        match environment {
            // The kernel is Linux and has fork(), but a child of an Android application may be killed at any time, and
            // CPython's documentation excludes `multiprocessing` on mobile platforms, Android among them (PEP 738).
            Environment::Android | Environment::Androideabi => Self::NoProcesses,
            // Inside the kernel there is no process to fork.
            Environment::Kernel | Environment::LinuxKernel => Self::NoProcesses,
            // OpenHarmony (`ohos`) is among these: it has musl's fork(), and its Python is a Linux Python.
            _ => Self::Forking,
        }
    }
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
