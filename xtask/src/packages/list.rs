//! Which packages are tried.

use super::flags::Group;

/// A package, with the application that uses it in `xtask/packages/GROUP/NAME`.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) group: Group,
    pub(super) name: &'static str,
    /// What is installed; the first one's version stands in the table.
    pub(super) requirements: &'static [&'static str],
    pub(super) kind: Kind,
}

/// How an application is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// By what it prints.
    Prints,
    /// It is a web server: by what `serve.py`, which starts it, prints.
    Serves,
}

const fn workers(name: &'static str, requirements: &'static [&'static str], kind: Kind) -> Package {
    Package { group: Group::Workers, name, requirements, kind }
}

const fn hooks(name: &'static str, requirements: &'static [&'static str]) -> Package {
    Package { group: Group::Hooks, name, requirements, kind: Kind::Prints }
}

pub(super) const PACKAGES: &[Package] = &[
    workers("loky", &["loky"], Kind::Prints),
    workers("joblib", &["joblib", "scikit-learn"], Kind::Prints),
    workers("tqdm", &["tqdm"], Kind::Prints),
    workers("multiprocess", &["multiprocess", "pathos"], Kind::Prints),
    workers("billiard", &["billiard"], Kind::Prints),
    workers("anyio", &["anyio"], Kind::Prints),
    workers("uvicorn", &["uvicorn"], Kind::Serves),
    workers("pytest-xdist", &["pytest-xdist", "pytest"], Kind::Prints),
    workers("dask", &["distributed", "dask"], Kind::Prints),
    workers("gunicorn", &["gunicorn"], Kind::Serves),
    workers("flake8", &["flake8"], Kind::Prints),
    workers("pylint", &["pylint"], Kind::Prints),
    hooks("wrapt", &["wrapt"]),
    hooks(
        "opentelemetry",
        &[
            "opentelemetry-distro",
            "opentelemetry-instrumentation-flask",
            "opentelemetry-instrumentation-requests",
            "opentelemetry-instrumentation-sqlite3",
            "flask",
            "requests",
        ],
    ),
];
