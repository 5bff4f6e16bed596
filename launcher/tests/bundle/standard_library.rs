//! The standard library: the same bytes whatever compiles them, and code equal to what Python itself would make.

use std::fs;
use std::num::NonZeroUsize;
use std::process::Command;

use importer_core::{Archive, ModuleKind, Optimization};
use interp_config::OptimizationLevel;
use launcher::bundle::{BundleError, BundleRequest, Origin, Report, StandardLibrary, Warning};

use crate::support::{Fixture, archive, build, bytes, texts};

/// Packs the standard library with so many processes, each with hashing of its own.
fn whole(jobs: usize, hash_seed: &str) -> (Vec<u8>, Report) {
    let mut fixture = Fixture::new();
    // `-I` would ignore the seed.
    fixture.compile.arguments.remove(0);
    fixture.compile.environment.push(("PYTHONHASHSEED".into(), hash_seed.into()));
    let request = BundleRequest {
        jobs: NonZeroUsize::new(jobs),
        stdlib: StandardLibrary::Whole,
        ..fixture.request()
    };
    let bundle = build(&request).unwrap();
    let report = bundle.report.clone();
    (bytes(bundle), report)
}

#[test]
fn the_bytes_do_not_depend_on_how_many_processes_compile_or_how_they_hash() {
    let (first, report) = whole(1, "0");
    let (second, _) = whole(3, "7");
    assert!(first == second, "two builds differ");
    let part = report.parts[&Origin::StandardLibrary];
    assert!(part.modules > 500 && part.extensions + part.files > 10, "{part:?}");
    assert_eq!(report.warnings, []);
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
}

/// Reads the code objects from the files it is told of and compares them with what `compile` gives, deeply.
const COMPARE: &str = r#"
import marshal, sys
folder, level = sys.argv[1], int(sys.argv[2])

def parts(code):
    fields = [name for name in dir(code) if name.startswith("co_") and name not in ("co_consts", "co_lines", "co_positions", "co_branches")]
    if sys.version_info >= (3, 12):
        fields.remove("co_lnotab")
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

#[test]
fn the_code_is_what_python_compiles_at_every_level() {
    let fixture = Fixture::new();
    for (level, optimization, number) in [
        (OptimizationLevel::Zero, Optimization::Zero, "0"),
        (OptimizationLevel::Two, Optimization::Two, "2"),
    ] {
        let request = BundleRequest {
            stdlib: StandardLibrary::Whole,
            optimization: level,
            ..fixture.request()
        };
        let archive = archive(build(&request).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let mut index = String::new();
        for module in archive
            .modules()
            .map(Result::unwrap)
            .filter(|module| module.kind() == ModuleKind::Source)
        {
            let count = index.lines().count();
            let at = |suffix: &str| folder.path().join(format!("{count}.{suffix}"));
            fs::write(at("code"), module.code(optimization).unwrap().unwrap()).unwrap();
            fs::write(at("py"), module.source().unwrap().unwrap()).unwrap();
            index.push_str(&format!("{count} {}\n", module.path()));
        }
        fs::write(folder.path().join("index"), &index).unwrap();
        let output = Command::new(&fixture.python.executable)
            .args(["-I", "-W", "ignore", "-c", COMPARE])
            .arg(folder.path())
            .arg(number)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        let compared: usize = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
        assert_eq!(compared, index.lines().count());
        assert!(compared > 500);
    }
}

#[test]
fn inclusions_and_exclusions_change_what_is_taken() {
    let fixture = Fixture::new();
    let request = BundleRequest {
        stdlib: StandardLibrary::Whole,
        include: texts(&["turtledemo"]),
        exclude: texts(&["json", "no_such_thing", "idlelib", "tkinter", "distutils"]),
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

    // The same library again, out of that archive: not compiled, and without what is unwanted now.
    let request = BundleRequest {
        stdlib: StandardLibrary::FromArchive(&first),
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
}

#[test]
fn what_the_interpreter_needs_to_start_cannot_be_left_out() {
    let fixture = Fixture::new();
    let exclude = texts(&["i*lib"]);
    let error = build(&BundleRequest { exclude, ..fixture.request() }).unwrap_err();
    let BundleError::ExcludedEssential { pattern, module } = error else { panic!("{error}") };
    assert_eq!((pattern.as_str(), module), ("i*lib", "importlib"));
}
