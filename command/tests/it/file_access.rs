//! Packages that look for files where they lie themselves.

use launcher::command_parts::BUILD_PYTHON;

use crate::support::{App, Child, coldframe, holds_libraries_alone, site_packages};

#[test]
fn a_package_that_lists_its_folder_finds_its_modules() {
    let app = App::new(&[
        ("__main__.py", "import plugins, quiet\nprint(plugins.found, quiet.__file__ == __file__.replace('__main__', 'quiet'))"),
        // It hands its folder on, as pylint does with its checkers.
        ("plugins/__init__.py", "from .registry import register\nfound = register(__path__[0], __name__)"),
        (
            "plugins/registry.py",
            "
import importlib, os, sys
def register(folder, package):
    names = sorted(name[:-3] for name in os.listdir(folder) if name.endswith('.py') and name[0] != '_')
    # From the path to the name, by the entry of `sys.path` that the path begins with.
    roots = [root for root in sys.path if folder == os.path.join(root, package)]
    modules = [importlib.import_module(f'{package}.{name}') for name in names if name != 'registry']
    return names, len(roots), [module.NAME for module in modules], {type(module.__loader__).__name__ for module in modules}
",
        ),
        ("plugins/one.py", "NAME = 'one'"),
        ("plugins/two.py", "NAME = 'two'"),
        ("quiet.py", "print(__file__[-8:])"),
    ]);
    let built = app.build("built", &[]);
    let expected = "quiet.py\n(['one', 'registry', 'two'], 1, ['one', 'two'], {'Finder'}) True\n";
    Child::new(built).of(&app).prints(expected);
}

/// Builds an application of these files, and runs it with a cache of its own; it has to print that.
fn finds_its_files(files: &[(&str, &str)], printed: &str) {
    let app = App::new(files);
    let cache = app.beside("cache");
    let built = Child::new(app.build("built", &[])).of(&app);
    built.env("COLDFRAME_CACHE_DIR", &cache).prints(printed);
}

/// Builds an application of these files, and runs it; it has to print that without a file in the cache.
fn finds_its_files_in_memory(files: &[(&str, &str)], printed: &str) {
    let app = App::new(files);
    let cache = app.beside("cache");
    let built = Child::new(app.build("built", &[])).of(&app);
    built.env("COLDFRAME_CACHE_DIR", &cache).prints(printed);
    assert!(holds_libraries_alone(&cache), "{cache:?}");
}

#[test]
fn a_package_finds_its_plug_ins_by_what_a_package_of_its_own_says() {
    finds_its_files_in_memory(
        &[
            ("__main__.py", "import user.finds\nprint(user.finds.plug_ins())"),
            ("user/__init__.py", ""),
            (
                "user/finds.py",
                "\
import os, sys
def folders(package):
    for folder in package.__path__:
        # As twisted.python.modules does it.
        if os.path.dirname(os.path.dirname(folder)) in sys.path_importer_cache: yield folder
def children(folder):
    return os.listdir(folder)
def plug_ins():
    import user.plug_ins as package
    return sorted(child for folder in folders(package) for child in children(folder) if child != '__pycache__')
",
            ),
            ("user/plug_ins/__init__.py", ""),
            ("user/plug_ins/first.py", ""),
        ],
        "['__init__.py', 'first.py']\n",
    );
}

#[test]
fn a_package_finds_its_modules_by_a_function_of_another_module() {
    finds_its_files_in_memory(
        &[
            ("__main__.py", "import user\nprint(user.structure)"),
            (
                "user/__init__.py",
                "\
from pathlib import Path
from .tools import structure_of
# As transformers does it.
structure = structure_of(Path(__file__).parent / 'models')
",
            ),
            (
                "user/tools.py",
                "\
import os
def structure_of(path):
    return sorted(_names(path))
def _names(path):
    with os.scandir(path) as entries: return [entry.name for entry in entries if entry.name != '__pycache__']
",
            ),
            ("user/models/__init__.py", ""),
            ("user/models/first.py", ""),
        ],
        "['__init__.py', 'first.py']\n",
    );
}

#[test]
fn who_asks_for_the_file_of_a_package_gets_its_folder() {
    finds_its_files(
        &[
            ("__main__.py", "import user\nprint(user.folder())"),
            (
                "user/__init__.py",
                "\
import importlib.resources, os
# As imageio-ffmpeg does it.
def folder():
    with importlib.resources.as_file(importlib.resources.files('user.binaries') / '__init__.py') as path: pass
    return sorted(name for name in os.listdir(path.parent) if name != '__pycache__')
",
            ),
            ("user/binaries/__init__.py", ""),
            ("user/binaries/program", ""),
        ],
        "['__init__.py', 'program']\n",
    );
}

#[test]
fn paths_by_way_of_folders_of_modules_lead_to_files() {
    finds_its_files_in_memory(
        &[
            (
                "__main__.py",
                "import user.parts.reads as reads\nprint(reads.text(), reads.template())",
            ),
            ("user/__init__.py", ""),
            ("user/parts/__init__.py", ""),
            (
                "user/parts/reads.py",
                "\
import os
folder = os.path.join(os.path.dirname(__file__), '..', 'templates')
def text():
    with open(os.path.join(folder, 'README')) as file: return file.read()
def template():
    with open(os.path.join(folder, 'env.py')) as file: return file.read()
",
            ),
            ("user/templates/README", "data"),
            // In no package, so it is no module.
            ("user/templates/env.py", "source"),
        ],
        "data source\n",
    );
}

#[test]
#[cfg(unix)]
fn programs_of_a_package_can_be_started() {
    finds_its_files(
        &[
            ("__main__.py", "import user\nprint(user.answer())"),
            (
                "user/__init__.py",
                "\
import os, subprocess
def answer():
    program = os.path.join(os.path.dirname(__file__), 'bin', 'answer')
    return subprocess.check_output([program], text=True).strip()
",
            ),
            ("user/bin/answer", "#!/bin/sh\necho 42\n"),
        ],
        "42\n",
    );
}

#[test]
fn nothing_is_written_for_a_package_that_asks_finders() {
    let app = App::new(&[
        ("__main__.py", "import plugins\nprint(plugins.found)"),
        (
            "plugins/__init__.py",
            "import pkgutil\nfound = sorted(module.name for module in pkgutil.iter_modules(__path__))",
        ),
        ("plugins/one.py", ""),
    ]);
    let cache = app.beside("cache");
    let built = Child::new(app.build("built", &[])).of(&app).env("COLDFRAME_CACHE_DIR", &cache);
    built.prints("['one']\n");
    assert!(holds_libraries_alone(&cache), "{cache:?}");
}

#[test]
fn the_settings_say_where_files_are() {
    let app = App::new(&[
        (
            "__main__.py",
            "\
import os, plain, sys, user
for module in (os, plain, user): print(not module.__file__.startswith(sys.executable) and os.path.exists(module.__file__))",
        ),
        ("plain/__init__.py", ""),
        (
            "user/__init__.py",
            "import os\nfound = os.path.exists(os.path.join(os.path.dirname(__file__), 'data.txt'))",
        ),
        ("user/data.txt", ""),
    ]);
    // Without a setting no file is on disk, even where the code looks for it there.
    Child::new(app.build("built", &[])).of(&app).prints("False\nFalse\nFalse\n");
    app.write("coldframe.toml", "[build.file-access]\nuser = \"memory\"\nplain = \"cache\"\n");
    let built = app.build("settings", &["--file-access", "os=cache"]);
    Child::new(built).of(&app).prints("True\nTrue\nFalse\n");
}

#[test]
fn rules_for_nothing_and_rules_that_are_none_are_told() {
    let app = App::script("");
    let built = |rule| {
        let build = coldframe(["build", "--archive", "--file-access", rule]).of(&app);
        build.arg(app.path().join("script.py")).arg("-o").arg(app.beside("a.coldframe")).outcome()
    };
    let outcome = built("nunpy=cache");
    assert!(
        outcome.stderr.contains("`file-access` names `nunpy`, of which nothing is packed"),
        "{outcome:#?}"
    );
    for (rule, message) in [
        ("numpy", "expected a package's name, `=`, and `memory` or `cache`"),
        ("numpy=disk", "unknown file access `disk`"),
    ] {
        let outcome = built(rule);
        assert_eq!(outcome.ending(), Ok(2), "{outcome:#?}");
        assert!(outcome.stderr.contains(message), "{outcome:#?}");
    }
}

#[test]
fn type_stubs_are_data() {
    finds_its_files_in_memory(
        &[
            ("__main__.py", "import user\nprint(user.names)"),
            (
                "user/__init__.py",
                "import os\nwith open(os.path.splitext(__file__)[0] + '.pyi') as file: names = file.read()",
            ),
            ("user/__init__.pyi", "a stub"),
        ],
        "a stub\n",
    );
}

#[test]
fn packages_find_the_files_of_others_in_whatever_way() {
    let looks = "\
import importlib, inspect, os, pathlib, sys
def found(name):
    module = importlib.import_module(name)
    folders = module.__path__[0], os.path.dirname(inspect.getfile(module)), os.path.dirname(inspect.getsourcefile(module)), \\
        os.path.dirname(module.__spec__.origin), str(pathlib.Path(module.__file__).resolve().parent), sys.path[0] + '/' + name
    return {open(os.path.join(folder, 'templates', 'page.html')).read() for folder in folders}
";
    finds_its_files_in_memory(
        &[
            ("__main__.py", "import framework\nprint(framework.found('shop'))"),
            ("framework.py", looks),
            ("shop/__init__.py", ""),
            ("shop/templates/page.html", "a page"),
        ],
        "{'a page'}\n",
    );
}

#[test]
fn rules_say_whose_c_code_opens_files() {
    let app = App::new(&[("__main__.py", "import user\nprint(user.found, user.__file__[-17:])")]);
    let environment = app.environment_with_user(&[
        (
            "user/__init__.py",
            "import os, sys\nfound = not __file__.startswith(sys.executable) and sorted(os.listdir(os.path.dirname(__file__)))",
        ),
        ("user/data.txt", ""),
    ]);
    let rules = app.beside("rules.toml");
    std::fs::write(
        &rules,
        "[[distribution]]\nname = \"user\"\nreason = \"its C code opens data.txt\"\nreal-files = true\n",
    )
    .unwrap();
    let venv = ["--venv", environment.to_str().unwrap()];
    let rules = ["--distribution-rules", rules.to_str().unwrap()];
    let cache = app.beside("cache");
    let child = |options: &[&str]| {
        let built = app.build("built", options);
        Child::new(built).of(&app).env("COLDFRAME_CACHE_DIR", &cache)
    };
    let file = ["", "user", "__init__.py"].join(std::path::MAIN_SEPARATOR_STR);
    child(&venv).prints(&format!("False {file}\n"));
    assert!(holds_libraries_alone(&cache), "{cache:?}");
    child(&[venv, rules].concat()).prints(&format!("['__init__.py', 'data.txt'] {file}\n"));
    child(&[&venv[..], &rules, &["--file-access", "user=memory"]].concat())
        .prints(&format!("False {file}\n"));
}

#[test]
#[cfg(target_os = "linux")]
fn extension_modules_are_loaded_from_where_the_setting_says() {
    let app = App::script(
        "
import os, resource, signal, sys
# No file can grow: not even one in memory.
if sys.argv[1:]: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try: import _json
except ImportError as error: print(error)
lines = [line for line in open('/proc/self/maps') if '_json' in line]
print({'memory' if 'memfd:' in line else 'cache' if os.environ['COLDFRAME_CACHE_DIR'] in line else line for line in lines})
",
    );
    let cache = app.beside("cache");
    let run = |setting: &str, arguments: &[&str]| {
        let built = app.build("built", &["--extensions", setting]);
        Child::new(built).of(&app).env("COLDFRAME_CACHE_DIR", &cache).args(arguments).outcome()
    };
    // A Python that has the module inside itself has nothing to load.
    let found = run("memory", &[]);
    if found.stdout == "set()\n" {
        return;
    }
    assert_eq!(found.stdout, "{'memory'}\n", "{found:#?}");
    assert_eq!(run("auto", &[]).stdout, "{'memory'}\n");
    assert!(holds_libraries_alone(&cache), "{cache:?}");
    let refused = run("memory", &["limited"]);
    for part in ["cannot load `_json", "from memory: ", "`extensions` is `memory`", "with `auto`"] {
        assert!(refused.stdout.contains(part), "{part}: {refused:#?}");
    }
    assert!(holds_libraries_alone(&cache), "{cache:?}");
    assert_eq!(run("cache", &[]).stdout, "{'cache'}\n");
    assert_eq!(run("cache", &[]).stdout, "{'cache'}\n");
}

#[test]
fn an_uncaught_error_about_a_packed_path_says_what_is_packed() {
    let main = "\
import os, sys
here = os.path.dirname(__file__)
if sys.argv[1] == 'missing':
    open(here + '/pkg/none.txt')
raise RuntimeError('cannot open ' + here + '/pkg/data.txt')
";
    let app = App::new(&[("__main__.py", main), ("pkg/__init__.py", ""), ("pkg/data.txt", "")]);
    let built = app.build("built", &["--include", "pkg"]);
    for (argument, expected) in [
        (
            "missing",
            "/pkg/none.txt'\ncoldframe: `pkg/none.txt` is not packed; `pkg` has `__init__.py`, `data.txt`\n",
        ),
        (
            "c",
            "/pkg/data.txt\ncoldframe: `pkg/data.txt` is packed, and Python code can read it; C code and other programs need it \
             on disk, where `--file-access pkg=cache` puts it\n",
        ),
    ] {
        let outcome = Child::new(&built).of(&app).arg(argument).outcome();
        assert_eq!(outcome.ending(), Ok(1), "{outcome:#?}");
        assert!(outcome.stderr.ends_with(expected), "{outcome:#?}");
    }
}

/// A script as installers write it: its first line names a Python that is not there on another machine.
const SCRIPT: &str = "\
#!/nowhere/bin/python3
import sys, user
sys.stdout.write(f'{user.__name__} {sys.argv[1:]} {__name__}')
sys.exit(len(sys.argv) == 2 and 7)
";

#[test]
#[cfg_attr(windows, ignore = "scripts of distributions are programs on Windows")]
fn data_of_distributions_beside_their_modules_is_found_below_the_prefix() {
    let app = App::new(&[(
        "__main__.py",
        "\
import importlib.metadata, os, shutil, subprocess, sys, user
share = os.path.join(sys.prefix, 'share')
print(open(os.path.join(share, 'user', 'data.txt')).read(), sorted(os.listdir(share)), os.path.isfile(os.path.join(sys.prefix, 'etc', 'user.conf')))
print(sorted(str(file) for file in importlib.metadata.files('user') if file.locate().is_file()))
for name in 'user', 'user-shell':
    path = os.path.join(sys.prefix, 'bin', name)
    print(subprocess.run([path, 'a b', '-c'], stdout=-1, check=True).stdout, shutil.which(name, path=os.path.dirname(path)) == path)
    sys.stdout.flush()
    child = os.posix_spawn(path, [path, 'c'], os.environ)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
",
    )]);
    let environment = app.beside("venv");
    Child::new(BUILD_PYTHON).args(["-I", "-m", "venv", "--without-pip"]).arg(&environment).ok();
    let site = environment.join(site_packages());
    let mut record = String::new();
    for (path, text) in [
        ("user.py", ""),
        ("../../../share/user/data.txt", "data"),
        ("../../../share/man/man1/user.1", "a manual"),
        ("../../../etc/user.conf", ""),
        ("../../../bin/user", SCRIPT),
        ("../../../bin/user-shell", "#!/bin/sh\nprintf %s \"$1\"\n"),
        ("user-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: user\nVersion: 1.0\n"),
    ] {
        record.push_str(&format!("{path},,\n"));
        let path = site.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    record.push_str("user-1.0.dist-info/RECORD,,\n");
    std::fs::write(site.join("user-1.0.dist-info/RECORD"), record).unwrap();
    let built = app.build("built", &["--venv", environment.to_str().unwrap()]);
    Child::new(built)
        .of(&app)
        .prints(
        "\
data ['user'] True
['bin/user', 'bin/user-shell', 'etc/user.conf', 'share/user/data.txt', 'user-1.0.dist-info/METADATA', 'user-1.0.dist-info/RECORD', 'user.py']
b\"user ['a b', '-c'] __main__\" True
user ['c'] __main__7
b'a b' True
c0
",
    );
}

#[test]
fn data_that_is_added_is_packed() {
    let app = App::new(&[(
        "__main__.py",
        "\
import os
here = os.path.dirname(__file__)
for path in ('assets', 'pkg/images/one.txt', 'other.txt', 'words'):
    path = os.path.join(here, path)
    print(sorted(os.listdir(path)) if os.path.isdir(path) else open(path).read() if os.path.exists(path) else None)
",
    )]);
    for (path, text) in
        [("assets/a.txt", "a"), ("assets/tool.py", "not python"), ("one.txt", "one")]
    {
        app.write(&format!("../data/{path}"), text);
    }
    let at = |name: &str| app.beside("data").join(name).display().to_string();
    let options = [
        "--add-data",
        &at("assets"),
        "--add-data",
        &format!("{}:pkg/images/one.txt", at("one.txt")),
    ];
    let printed = "['a.txt', 'tool.py']\none\nNone\nNone\n";
    Child::new(app.build("built", &options)).of(&app).prints(printed);
    app.run_with(options, [""; 0]).prints(printed);
    // Paths in the settings are relative to their file.
    app.write("coldframe.toml", "[build]\ndata = [{ from = '../data/one.txt', to = 'other.txt' }, { from = '../data/assets', to = 'words' }]\n");
    app.run([""; 0]).prints("None\nNone\none\n['a.txt', 'tool.py']\n");
    for (target, code, message) in [
        ("none", 3, "could not read the data `"),
        ("one.txt:../x", 2, "data cannot lie at `../x`: give a path below the application's"),
    ] {
        let outcome = app.run_with(["--add-data", &at(target)], [""; 0]).outcome();
        assert_eq!(outcome.ending(), Ok(code), "{outcome:#?}");
        assert!(outcome.stderr.contains(message), "{outcome:#?}");
    }
}
