//! The packages that are tried.

use super::flags::Group;

/// A package, with the application that uses it in `lab/packages/GROUP/NAME`.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) group: Group,
    pub(super) name: &'static str,
    /// The requirements that are installed; the first one's version stands in the table.
    pub(super) requirements: &'static [&'static str],
    pub(super) kind: Kind,
}

/// The way in which an application is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// By its output.
    Prints,
    /// By its output, and its runs are timed beside those of `python -I`.
    Starts,
    /// A web server: by the output of `serve.py`, which starts it.
    Serves,
}

const fn workers(name: &'static str, requirements: &'static [&'static str], kind: Kind) -> Package {
    Package { group: Group::Workers, name, requirements, kind }
}

const fn index(name: &'static str, requirements: &'static [&'static str]) -> Package {
    Package { group: Group::Index, name, requirements, kind: Kind::Starts }
}

const fn places(name: &'static str, requirements: &'static [&'static str]) -> Package {
    Package { group: Group::Places, name, requirements, kind: Kind::Prints }
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
    index("numpy", &["numpy"]),
    index("scipy", &["scipy"]),
    index("pandas", &["pandas"]),
    index("matplotlib", &["matplotlib"]),
    index("pillow", &["pillow"]),
    index("scikit-learn", &["scikit-learn"]),
    index("pyarrow", &["pyarrow"]),
    index("polars", &["polars"]),
    index("lxml", &["lxml"]),
    index("cryptography", &["cryptography"]),
    index("requests", &["requests"]),
    index("httpx", &["httpx"]),
    index("certifi", &["certifi"]),
    index("pydantic", &["pydantic"]),
    index("sqlalchemy", &["sqlalchemy"]),
    index("django", &["django"]),
    index("flask", &["flask"]),
    index("fastapi", &["fastapi", "httpx"]),
    index("jinja2", &["jinja2"]),
    index("click", &["click"]),
    index("rich", &["rich"]),
    index("typer", &["typer"]),
    index("pyyaml", &["pyyaml"]),
    index("protobuf", &["protobuf"]),
    index("grpcio", &["grpcio"]),
    index("regex", &["regex"]),
    index("orjson", &["orjson"]),
    index("uvloop", &["uvloop"]),
    index("psutil", &["psutil"]),
    // The last versions that have `pkg_resources`.
    index("setuptools", &["setuptools<81"]),
    index("jsonschema", &["jsonschema"]),
    index("pytest", &["pytest"]),
    index("boto3", &["boto3"]),
    index("babel", &["babel"]),
    index("tzdata", &["tzdata"]),
    places("opencv", &["opencv-python-headless"]),
    places("scikit-image", &["scikit-image"]),
    places("statsmodels", &["statsmodels"]),
    places("lightgbm", &["lightgbm", "scikit-learn"]),
    places("pycryptodome", &["pycryptodome"]),
    places("soundfile", &["soundfile"]),
    places("pyside6", &["PySide6-Essentials"]),
    places("mypy", &["mypy"]),
    places("python-docx", &["python-docx"]),
    places("alembic", &["alembic"]),
    places("spacy", &["spacy"]),
    places("faker", &["faker"]),
    places("twisted", &["twisted"]),
    places("nbconvert", &["nbconvert"]),
    places("nbclient", &["nbclient", "ipykernel"]),
    places("grpcio-tools", &["grpcio-tools", "setuptools<81"]),
    places("pymupdf", &["pymupdf"]),
    places("jedi", &["jedi"]),
    places("tk", &["matplotlib", "pillow"]),
    places("vader", &["vaderSentiment"]),
    places("rtree", &["rtree"]),
    places("cmake", &["cmake"]),
    places("gradio", &["gradio"]),
    places("ansible", &["ansible-core"]),
    places("shell-script", &["pexpect"]),
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
