//! The modules of ours in Python that an archive with a standard library must hold: the launcher runs them.

/// The source of one of them.
#[derive(Clone, Copy, Debug)]
pub struct SupportSource {
    /// The module's name.
    pub name: &'static str,
    /// Its path in the archive.
    pub path: &'static str,
    /// Its text.
    pub source: &'static str,
}

macro_rules! support {
    ($name:literal) => {
        SupportSource {
            name: concat!("_coldframe_", $name),
            path: concat!("_coldframe_", $name, ".py"),
            source: include_str!(concat!("python/", $name, "_support.py")),
        }
    };
}

/// All of them.
pub const SUPPORT_MODULES: &[SupportSource] = &[
    support!("files"),
    support!("importlib"),
    support!("libraries"),
    support!("pkg_resources"),
    support!("resources"),
    support!("tracebacks"),
    support!("workers"),
];

/// The stub of the built-in module `coldframe`, for type checkers.
pub const STUB: &str = include_str!("python/coldframe.pyi");
