//! Systems for which a whole launcher is linked, and what it asks of them is looked at; and ARM64, which qemu runs.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use object::{Object as _, ObjectSymbol as _};

use super::Platform;
use super::rows::Target;
use super::rust_source;
use super::tools::Tools;
use super::zig;
use crate::fetched::debian::Extent;
use xtask::platform_rows::PlatformRows;
use xtask::pythons;
use xtask::workspace::write;

/// The Python that programs for these systems ask for: which one it is does not matter, as it is not there.
const VERSION: &str = "3.11";

impl Target {
    /// As Rust and as zig name it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::MacAarch64 => ("aarch64-apple-darwin", "aarch64-macos"),
            Self::MacX86_64 => ("x86_64-apple-darwin", "x86_64-macos"),
            Self::FreeBsd => ("x86_64-unknown-freebsd", "x86_64-freebsd"),
            Self::Musl => ("x86_64-unknown-linux-musl", "x86_64-linux-musl"),
        }
    }

    fn is_mac(self) -> bool {
        matches!(self, Self::MacAarch64 | Self::MacX86_64)
    }
}

/// Debian's Python for ARM64 with all that it needs, under qemu; gives its program too.
pub(super) fn aarch64(tools: &Tools<'_>) -> anyhow::Result<(Platform, PathBuf)> {
    const TRIPLE: &str = "aarch64-unknown-linux-gnu";
    let suite = Tools::own_suite()?;
    let folder = tools.once("linux-aarch64", |folder| {
        let names = ["python3.11", "libpython3.11-dev", "python3.11-venv"];
        tools.packages(folder, &suite, "arm64", Extent::Whole, &names).map(drop)
    })?;
    let root = folder.join("debian");
    let emulator = tools.once("qemu", |folder| {
        let names = ["qemu-user-static"];
        tools.packages(folder, &suite, "amd64", Extent::Named, &names).map(drop)
    })?;
    let libraries = root.join("usr/lib/aarch64-linux-gnu");
    let configuration = tools.folder.join("linux-aarch64.txt");
    write(&configuration, &configured(&libraries, true))?;
    let runner = tools.workspace.root.join("lab/platforms/run-qemu");
    // A program for the machine's own processor, which starts the other one: so tests can run it as any.
    let python = folder.join("python3.11");
    let qemu = emulator.join("debian/usr/bin/qemu-aarch64-static");
    write(
        &python,
        &format!(
            "#!/bin/sh\nexec {} -L {root} -E LD_LIBRARY_PATH={libraries} {root}/usr/bin/python3.11 \"$@\"\n",
            qemu.display(),
            root = root.display(),
            libraries = libraries.display(),
        ),
    )?;
    permit(&python)?;
    let mut environment = zig::variables(tools, TRIPLE, "aarch64-linux-gnu")?;
    environment.extend([
        rust_source::variable(tools)?,
        ("PYO3_CONFIG_FILE".to_owned(), configuration.into_os_string()),
        ("COLDFRAME_BUILD_PYTHON".to_owned(), python.clone().into_os_string()),
        ("COLDFRAME_TEST_PYTHON".to_owned(), python.clone().into_os_string()),
        ("COLDFRAME_QEMU".to_owned(), qemu.into_os_string()),
        ("COLDFRAME_ROOT".to_owned(), root.into_os_string()),
        (Platform::cargo_variable(TRIPLE, "RUNNER"), runner.into_os_string()),
    ]);
    let folder = tools.folder.join("linux-aarch64-build");
    Ok((Platform { triple: TRIPLE, folder, environment, keeper: None }, python))
}

fn permit(program: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("could not permit `{}`", program.display()))
}

/// Links a whole launcher and looks at what it asks of its system.
pub(super) fn look_at(
    tools: &Tools<'_>,
    target: Target,
    title: &str,
) -> anyhow::Result<PlatformRows> {
    let platform = platform(tools, target)?;
    let mut build = of_both_programs(tools, &platform, "build");
    tools.step(&format!("{}: a launcher", platform.triple), &mut build)?;
    let (mut passed, mut problems) = (0, Vec::new());
    for name in ["coldframe", "coldframe-runtime"] {
        let program = platform.folder.join(platform.triple).join("debug").join(name);
        match asked(&program, target) {
            Ok(()) => passed += 1,
            Err(error) => problems.push(format!("`{name}`: {error:#}")),
        }
    }
    Ok(PlatformRows::built(title, passed, problems))
}

/// Lets the compiler go through all of it.
pub(super) fn check(
    tools: &Tools<'_>,
    target: Target,
    title: &str,
) -> anyhow::Result<PlatformRows> {
    let platform = platform(tools, target)?;
    let mut check = of_both_programs(tools, &platform, "check");
    tools.step(&format!("{}: the launcher", platform.triple), &mut check)?;
    Ok(PlatformRows::built(title, 0, Vec::new()))
}

/// The command of cargo's for `coldframe` and the runtime, linked for a platform.
fn of_both_programs(tools: &Tools<'_>, platform: &Platform, subcommand: &str) -> Command {
    let mut command = tools.workspace.cargo(&[subcommand, "--package", "coldframe"]);
    command.args(["--package", "coldframe-launcher", "--features", "coldframe-launcher/runtime"]);
    platform.link(&mut command);
    command.arg("--bins").arg("--target-dir").arg(&platform.folder);
    command
}

fn platform(tools: &Tools<'_>, target: Target) -> anyhow::Result<Platform> {
    let (triple, zig_name) = target.names();
    let folder = tools.folder.join(format!("{triple}-build"));
    let stubs = folder.join("stubs");
    let configuration = folder.join("python.txt");
    write(&configuration, &configured(&stubs, true))?;
    let mut environment = zig::variables(tools, triple, zig_name)?;
    environment.push(rust_source::variable(tools)?);
    environment.push(("PYO3_CONFIG_FILE".to_owned(), configuration.into_os_string()));
    let mut flags = vec![format!("-Lnative={}", stubs.display())];
    if target.is_mac() {
        write_stubs(&stubs)?;
        // A symbol that no stub has is looked for when the program runs.
        flags.extend(["-Clink-arg=-undefined", "-Clink-arg=dynamic_lookup"].map(str::to_owned));
    } else {
        stub_library(tools, &stubs, &environment)?;
        // Libraries of FreeBSD's base, for which zig has no stubs; the crate `libc` names them, and nobody uses them.
        for name in ["devstat", "kvm", "memstat", "procstat"] {
            let library = format!("lib{name}.so");
            library_of(tools, &stubs, &environment, &library, &library, "")?;
        }
    }
    environment.push(("CARGO_ENCODED_RUSTFLAGS".to_owned(), OsString::from(flags.join("\x1f"))));
    Ok(Platform { triple, folder, environment, keeper: None })
}

/// For pyo3's build scripts.
fn configured(libraries: &Path, is_shared: bool) -> String {
    format!(
        "implementation=CPython\nversion={VERSION}\nshared={is_shared}\nlib_name=python{VERSION}\nlib_dir={}\npointer_width=64\n",
        libraries.display()
    )
}

/// Text files in the place of the libraries of Apple's that are asked for by name.
fn write_stubs(folder: &Path) -> anyhow::Result<()> {
    let stub = |install_name: &str, symbols: &str| {
        format!(
            "--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-macos, x86_64-macos ]\ninstall-name: '{install_name}'\n\
             exports:\n  - targets: [ arm64-macos, x86_64-macos ]\n    symbols: [ {symbols} ]\n...\n"
        )
    };
    write(
        &folder.join("libiconv.tbd"),
        &stub("/usr/lib/libiconv.2.dylib", "_iconv, _iconv_open, _iconv_close"),
    )?;
    write(
        &folder.join(format!("libpython{VERSION}.tbd")),
        &stub(&format!("@rpath/libpython{VERSION}.dylib"), "_Py_RunMain"),
    )
}

/// A library with the names that Python's own exports and nothing behind them: zig's linker for ELF looks for each that is used.
fn stub_library(
    tools: &Tools<'_>,
    folder: &Path,
    environment: &[(String, OsString)],
) -> anyhow::Result<()> {
    let pythons = pythons::discover();
    let wanted = pythons.iter().find(|python| python.version.to_string() == VERSION);
    let python = wanted.with_context(|| {
        format!("no Python {VERSION} is here, whose names are needed; `pyenv install {VERSION}`")
    })?;
    let library = format!("libpython{VERSION}.so");
    let names = stub(&python.executable)?;
    library_of(tools, folder, environment, &library, &format!("{library}.1.0"), &names)
}

/// A library of this C program.
fn library_of(
    tools: &Tools<'_>,
    folder: &Path,
    environment: &[(String, OsString)],
    name: &str,
    soname: &str,
    text: &str,
) -> anyhow::Result<()> {
    let source = folder.join(name).with_extension("c");
    write(&source, text)?;
    let mut build = Command::new(tools.workspace.root.join("lab/platforms/zig-cc"));
    build
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .args(["-shared", "-o"])
        .arg(folder.join(name))
        .arg(format!("-Wl,-soname,{soname}"))
        .arg(&source);
    tools.step("a library in the place of the system's", &mut build)
}

/// A program in C that defines what a Python exports.
fn stub(executable: &Path) -> anyhow::Result<String> {
    let mut ask = Command::new(executable);
    ask.args(["-I", "-c", "import os, sysconfig as s; print(os.path.join(s.get_config_var('LIBDIR'), s.get_config_var('INSTSONAME')), end='')"]);
    let asked = ask.output().context("could not ask Python for its library")?;
    let library = PathBuf::from(String::from_utf8_lossy(&asked.stdout).into_owned());
    // A Python with its library inside exports the same.
    let is_shared = library.to_string_lossy().contains(".so") && library.is_file();
    let file = if is_shared { library } else { executable.to_owned() };
    let contents = fs::read(&file).with_context(|| format!("no `{}`", file.display()))?;
    let parsed = object::File::parse(&*contents).context("Python cannot be read")?;
    let mut text = String::new();
    for symbol in parsed.dynamic_symbols().filter(object::ObjectSymbol::is_definition) {
        let name = symbol.name().unwrap_or_default();
        if !name.starts_with("Py") && !name.starts_with("_Py") {
            continue;
        }
        match symbol.kind() {
            object::SymbolKind::Text => text.push_str(&format!("void {name}(void) {{}}\n")),
            _ => text.push_str(&format!("char {name}[{}];\n", symbol.size().max(1))),
        }
    }
    anyhow::ensure!(
        text.contains("Py_RunMain"),
        "`{}` exports nothing of Python's",
        file.display()
    );
    Ok(text)
}

/// Compares the needs of a program with those that it should have.
fn asked(program: &Path, target: Target) -> anyhow::Result<()> {
    let contents = fs::read(program).with_context(|| format!("no `{}`", program.display()))?;
    let file = object::File::parse(&*contents).context("it is no program that can be read")?;
    let wanted = match target {
        Target::MacAarch64 => object::Architecture::Aarch64,
        Target::MacX86_64 | Target::FreeBsd | Target::Musl => object::Architecture::X86_64,
    };
    if file.architecture() != wanted {
        bail!("it is for {:?}", file.architecture());
    }
    let mut libraries = Vec::new();
    for library in file.import_libraries()? {
        libraries.push(String::from_utf8_lossy(library?.name()).into_owned());
    }
    let is_python = |name: &String| name.contains(&format!("libpython{VERSION}"));
    if !libraries.iter().any(is_python) {
        bail!("it asks for no libpython, but for {}", libraries.join(", "));
    }
    let is_of_system = |name: &String| {
        let name = name.as_str();
        match target.is_mac() {
            true => name.starts_with("/usr/lib/") || name.starts_with("/System/Library/"),
            // The C library, and those that a system's base has.
            false => name.starts_with("lib") && !name.contains('/'),
        }
    };
    let others: Vec<_> =
        libraries.iter().filter(|name| !is_python(name) && !is_of_system(name)).cloned().collect();
    if !others.is_empty() {
        bail!("it asks for {}, which no such system has", others.join(", "));
    }
    Ok(())
}
