//! The standard library: the same bytes from each compiler, and code that equals Python's own.

use std::fs;
use std::num::NonZeroUsize;
use std::process::Command;

use importer_core::{Archive, ModuleKind, Optimization};
use interp_config::{OptimizationLevel, StandardLibraryExtent};
use packer::{
    Application, BundleErrorKind, BundleRequest, Origin, Report, StandardLibrary, Warning,
};

use crate::support::{Fixture, archive, build, bytes, skipped, texts};

/// Packs the standard library with so many processes, each with hashing of its own.
fn whole(jobs: usize, hash_seed: &str) -> (Vec<u8>, Report) {
    let mut fixture = Fixture::new();
    // `-I` would ignore the seed.
    fixture.compile.arguments.remove(0);
    fixture.compile.environment.push(("PYTHONHASHSEED".into(), hash_seed.into()));
    let request = BundleRequest {
        jobs: NonZeroUsize::new(jobs),
        stdlib: StandardLibrary::Whole,
        standard_library: StandardLibraryExtent::Whole,
        ..fixture.request()
    };
    let bundle = build(&request).unwrap();
    let report = bundle.report.clone();
    (bytes(bundle), report)
}

#[test]
fn the_whole_is_right_and_its_bytes_do_not_depend_on_which_process_compiles_what() {
    let (first, report) = whole(1, "0");
    let (second, _) = whole(3, "7");
    assert!(first == second, "two builds differ");
    let part = report.parts[&Origin::StandardLibrary];
    assert!(part.modules > 500 && part.extensions + part.files > 10, "{part:?}");
    // A system's packages may link to a configuration that is not installed.
    let expected = |warning: &Warning| matches!(warning, Warning::DanglingLink(_));
    assert!(report.warnings.iter().all(expected), "{:?}", report.warnings);
    let archive = Archive::from_bytes(first, "stdlib".as_ref()).unwrap();
    for (name, expected) in [
        ("json.decoder", true),
        ("encodings", true),
        ("lib2to3.tests", false),
        ("unittest.test", false),
        ("test", false),
        ("idlelib.idle_test", false),
        ("turtledemo", false),
        ("_testcapi", false),
        ("xxlimited", false),
        ("pip", false),
    ] {
        assert_eq!(archive.module(name).unwrap().is_some(), expected, "{name}");
    }
    assert!(archive.file("pydoc_data/_pydoc.css").unwrap().is_some());
    let bundled =
        archive.files().any(|file| file.unwrap().path().starts_with("ensurepip/_bundled"));
    assert!(!bundled);
    assert_eq!(compare(&Fixture::new(), &archive, Optimization::Zero), part.modules);
}

/// Reads code objects from the named files and compares them with the results of `compile`, deeply.
const COMPARE: &str = r#"
import marshal, sys
folder, level = sys.argv[1], int(sys.argv[2])

def parts(code):
    fields = [name for name in dir(code) if name.startswith("co_") and name not in ("co_consts", "co_lines", "co_positions", "co_branches")]
    if sys.version_info >= (3, 12) and "co_lnotab" in fields:
        fields.remove("co_lnotab")  # It warns, and is derived from co_linetable.
    yield [repr(getattr(code, name)) for name in fields]
    for constant in code.co_consts:
        yield from constant_parts(constant)

def constant_parts(constant):
    if hasattr(constant, "co_code"):
        yield from parts(constant)
    elif isinstance(constant, tuple):
        for item in constant:
            yield from constant_parts(item)
    elif isinstance(constant, frozenset):
        yield ("frozenset", sorted(map(repr, constant)))
    else:
        yield (type(constant).__name__, repr(constant))

count = 0
for line in open(folder + "/index", encoding="utf-8"):
    number, path = line.rstrip("\n").split(" ", 1)
    found = marshal.loads(open(folder + "/" + number + ".code", "rb").read())
    source = open(folder + "/" + number + ".py", "rb").read()
    wanted = compile(source, path, "exec", dont_inherit=True, optimize=level)
    assert list(parts(found)) == list(parts(wanted)), path
    count += 1
print(count)
"#;

/// Compares the code of each module with this Python's code for its source; gives their number.
fn compare(fixture: &Fixture, archive: &Archive, level: Optimization) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let mut index = String::new();
    let mut count = 0;
    for module in archive.modules().map(Result::unwrap) {
        if module.kind() != ModuleKind::Source {
            continue;
        }
        let at = |suffix: &str| folder.path().join(format!("{count}.{suffix}"));
        fs::write(at("code"), module.code(level).unwrap().unwrap()).unwrap();
        fs::write(at("py"), module.source().unwrap().unwrap()).unwrap();
        index.push_str(&format!("{count} {}\n", module.path()));
        count += 1;
    }
    fs::write(folder.path().join("index"), &index).unwrap();
    let number = match level {
        Optimization::Zero => "0",
        Optimization::One => "1",
        Optimization::Two => "2",
    };
    let output = Command::new(&fixture.python.executable)
        .args(["-I", "-W", "ignore", "-c", COMPARE])
        .arg(folder.path())
        .arg(number)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), count.to_string());
    count
}

#[test]
fn the_code_is_what_python_compiles_at_every_level() {
    let fixture = Fixture::new();
    let package = fixture.python.stdlib.join("asyncio");
    let entry = "asyncio:run".parse().unwrap();
    let application = Application::read(&package, Some(&entry), &fixture.python, &[]).unwrap();
    for (level, optimization) in [
        (OptimizationLevel::Zero, Optimization::Zero),
        (OptimizationLevel::One, Optimization::One),
        (OptimizationLevel::Two, Optimization::Two),
    ] {
        let request = BundleRequest {
            application: Some(&application),
            optimization: level,
            ..fixture.request()
        };
        let archive = archive(build(&request).unwrap());
        assert!(compare(&fixture, &archive, optimization) > 20);
    }
}

#[test]
fn inclusions_and_exclusions_change_what_is_taken() {
    let fixture = Fixture::new();
    // Some systems pack it apart.
    if !fixture.python.stdlib.join("turtledemo").is_dir() {
        skipped(
            "inclusions_and_exclusions_change_what_is_taken",
            "this Python has no `turtledemo`",
        );
        return;
    }
    let request = BundleRequest {
        stdlib: StandardLibrary::Whole,
        standard_library: StandardLibraryExtent::Whole,
        include: texts(&["turtledemo"]),
        // Most of it, to make the test quick.
        exclude: texts(&[
            "json",
            "no_such_thing",
            "idlelib",
            "tkinter",
            "distutils",
            "lib2to3",
            "asyncio",
            "encodings.*",
            "email",
            "xml",
            "multiprocessing",
            "unittest",
            "pydoc*",
            "ctypes",
            "http",
            "urllib",
            "_py*",
            "concurrent",
            "logging",
        ]),
        ..fixture.request()
    };
    let bundle = build(&request).unwrap();
    assert!(bundle.report.warnings.contains(&Warning::ExcludeUnused("no_such_thing".into())));
    let first = archive(bundle);
    for (name, expected) in
        [("turtledemo.clock", true), ("json", false), ("json.tool", false), ("ast", true)]
    {
        assert_eq!(first.module(name).unwrap().is_some(), expected, "{name}");
    }

    // The same library again, out of that archive: not compiled, and without the modules that are unwanted now.
    let request = BundleRequest {
        stdlib: StandardLibrary::FromArchive(&first),
        standard_library: StandardLibraryExtent::Whole,
        exclude: texts(&["turtledemo"]),
        ..fixture.request()
    };
    let again = archive(build(&request).unwrap());
    assert!(again.module("turtledemo.clock").unwrap().is_none());
    assert!(again.file("turtledemo/clock.py").unwrap().is_none());
    let code = |archive: &Archive| {
        let module = archive.module("ast").unwrap().unwrap();
        module.code(Optimization::Zero).unwrap().unwrap().to_vec()
    };
    assert_eq!(code(&first), code(&again));
    // The layouts of libraries come along: without them none would be mapped.
    let layouts = |archive: &Archive| -> Vec<_> {
        let attributes = archive.attributes().map(Result::unwrap);
        attributes.filter(|(key, _)| key.starts_with("layout:")).collect()
    };
    assert_eq!(layouts(&first), layouts(&again));
    // Libraries for Windows are files, and never mapped by us.
    assert_eq!(
        layouts(&first).is_empty(),
        cfg!(windows)
            || first.modules().all(|module| { module.unwrap().kind() != ModuleKind::Extension })
    );
}

#[test]
fn what_the_interpreter_needs_to_start_cannot_be_left_out() {
    let fixture = Fixture::new();
    let exclude = texts(&["i*lib"]);
    let error = build(&BundleRequest { exclude, ..fixture.request() }).unwrap_err();
    assert_eq!(error.kind(), BundleErrorKind::Selection);
    assert_eq!(
        error.to_string(),
        "`--exclude i*lib` leaves out `importlib`, without which Python does not start"
    );
}

#[test]
fn modules_inside_of_one_interpreter_are_missed_in_another() {
    let fixture = Fixture::new();
    let python = &fixture.python;
    assert_eq!(python.lacking(&python.builtin_modules), [""; 0]);
    let without = |name: &str| -> Vec<String> {
        python.builtin_modules.iter().filter(|known| *known != name).cloned().collect()
    };
    assert_eq!(python.lacking(&without("_sre")), ["_sre"]);
    // A file of it can be packed; here the one that is there in every Python gets the place of one.
    let mut with_file = python.clone();
    with_file.lib_dynload = tempfile::tempdir().unwrap().keep();
    let suffix = python.extension_suffixes.last().unwrap();
    fs::write(with_file.lib_dynload.join(format!("_sre{suffix}")), "").unwrap();
    assert_eq!(with_file.lacking(&without("_sre")), [""; 0]);
    fs::remove_dir_all(&with_file.lib_dynload).unwrap();
    // Modules for Python's own tests are not packed, and so not missed.
    let mut with_tests = python.clone();
    with_tests.builtin_modules.push("_testcapi".to_owned());
    assert_eq!(with_tests.lacking(&python.builtin_modules), [""; 0]);
}
