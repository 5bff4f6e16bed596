//! The applications that run elsewhere.

/// An application; its source is `lab/elsewhere/NAME`.
#[derive(Debug)]
pub(super) struct Application {
    pub(super) name: &'static str,
    /// The packages that are installed from the index.
    pub(super) requirements: &'static [&'static str],
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An application that is built here and runs there.
    Built,
    /// `coldframe` itself builds it there, and it runs there.
    BuiltThere,
}

const fn built(name: &'static str, requirements: &'static [&'static str]) -> Application {
    Application { name, requirements, kind: Kind::Built }
}

pub(super) const APPLICATIONS: &[Application] = &[
    built("stdlib", &[]),
    built("pools", &[]),
    built("numpy", &["numpy"]),
    built("cryptography", &["cryptography"]),
    built("flask", &["flask"]),
    built("pillow", &["pillow"]),
    built("pyside", &["pyside6-essentials"]),
    Application { name: "build", requirements: &[], kind: Kind::BuiltThere },
];
