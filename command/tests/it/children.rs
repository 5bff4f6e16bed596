//! Processes that an application starts as `sys.executable`: `python` where that is set, and a stop where they never end.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{App, Child, coldframe};

/// Starts itself with each command line, and prints the child's output.
const PARENT: &str = r#"
import subprocess, sys
if sys.argv[1:2] == ["start"]:
    for line in (
        ["-c", "import sys, helper; print(sys.argv, helper.NAME, hasattr(sys, 'frozen'))", "x"],
        ["-I", "-X", "dev", "-m", "helper", "y"],
        ["-Im", "helper", "y"],
        [sys.argv[2], "z"],
        ["-c", "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(3)'])"],
        ["--option", "-c", "print(4)"],
        ["command", "x.py"],
    ):
        result = subprocess.run([sys.executable, *line], capture_output=True, text=True)
        print(result.stdout.strip() or result.stderr.strip(), flush=True)
else:
    print("application", sys.argv[1:])
"#;
const HELPER: &str = "import sys\nNAME = 'helper'\nif __name__ == '__main__': print('ran', sys.argv[1:], sys.flags.dev_mode)";

/// Each setting, and how the application's own processes and those of others then behave.
#[test]
fn the_setting_says_who_may_have_a_python() {
    let app = App::new(&[("__main__.py", PARENT), ("helper.py", HELPER)]);
    app.write("loose.py", "import sys; print('loose', sys.argv[1:])");
    let loose = app.file("loose.py");
    let python = "['-c', 'x'] helper False\nran ['y'] True\nran ['y'] False\nloose ['z']\n3\n\
                  application ['--option', '-c', 'print(4)']\napplication ['command', 'x.py']\n";
    for (options, children_are_python, others_are_python) in [
        (&[][..], true, false),
        (&["--python-mode", "children"], true, false),
        (&["--python-mode", "always"], true, true),
        (&["--python-mode", "never"], false, false),
    ] {
        let built = app.build("built", options);
        let start = || Child::new(&built).of(&app).arg("start").arg(&loose);
        if children_are_python {
            start().prints(python);
        } else {
            let printed = start().ok();
            assert!(printed.lines().all(|line| line.starts_with("application ")), "{printed}");
            assert_eq!(printed.lines().count(), 7, "{printed}");
        }
        let named = app.beside("python3");
        drop(fs::remove_file(&named));
        symlink(&built, &named).unwrap();
        let line = ["-c", "print(1)"];
        let application = "application ['-c', 'print(1)']\n";
        let others = if others_are_python { "1\n" } else { application };
        Child::new(&built).of(&app).args(line).env("COLDFRAME_PYTHON", "1").prints(others);
        Child::new(&named).of(&app).args(line).prints(others);
        let mark = format!("1\t2\tpython\t{}", built.display());
        Child::new(&built).of(&app).args(line).env("COLDFRAME_PROCESS", mark).prints(others);
        // A command line alone is the application's in all of them.
        Child::new(&built).of(&app).args(line).prints(application);
        Child::new(&built)
            .of(&app)
            .arg(&loose)
            .prints(&format!("application ['{}']\n", loose.display()));
    }
    // Under `run` the executable is `coldframe`, which has all other command lines.
    let printed = app.run(["start", loose.to_str().unwrap()]).ok();
    let (as_python, _) = python.split_once("application").unwrap();
    assert!(printed.starts_with(as_python), "{printed}");
}

/// Neither is an application, which the setting is about.
#[test]
fn the_tool_is_a_python_for_everybody() {
    coldframe(["-c", "print(1)"]).env("COLDFRAME_PYTHON", "1").prints("1\n");
    let app = App::script("");
    let built = app.beside("interpreter");
    coldframe(["build", "--interpreter", "-o"]).arg(&built).ok();
    Child::new(&built).of(&app).args(["-c", "print(1)"]).prints("1\n");
}

#[test]
fn python_runs_a_script_of_the_archive_by_its_path() {
    let script = "
import multiprocessing, os, sys
def square(number): return number * number
if __name__ == '__main__':
    print(sys.argv[1:], __file__ == sys.argv[0], sys.flags.isolated == (sys.path[0] != os.path.dirname(__file__)), __package__, __spec__)
    for method in ('fork', 'forkserver', 'spawn'):
        with multiprocessing.get_context(method).Pool(2) as pool: print(pool.map(square, range(3)))
    sys.exit(3)
";
    let app = App::new(&[
        (
            "__main__.py",
            "
import os, subprocess, sys
folder = os.path.dirname(__file__)
python = {**os.environ, 'COLDFRAME_PYTHON': '1'}
for path in ('tools/script.py', 'loose-name.py', 'tools/missing.py'):
    child = subprocess.run([sys.executable, os.path.join(folder, path), 'x'], stderr=subprocess.DEVNULL, env=python)
    print(child.returncode, flush=True)
",
        ),
        ("tools/__init__.py", ""),
        ("tools/script.py", script),
        ("loose-name.py", "print('loose', __file__[-13:], __name__)"),
    ]);
    let pools = "[0, 1, 4]\n".repeat(3);
    let expected =
        format!("['x'] True True None None\n{pools}3\nloose loose-name.py __main__\n0\n2\n");
    Child::new(app.build("built", &[])).of(&app).prints(&expected);
}

#[test]
fn children_of_a_python_are_python() {
    let code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(5)'])";
    coldframe(["python", "-c", code]).prints("5\n");
}

#[test]
fn a_program_that_starts_itself_for_ever_is_stopped() {
    let app = App::script(
        "import subprocess, sys\nprint('run', flush=True)\nsys.exit(subprocess.run([sys.executable, 'thing']).returncode)",
    );
    let built = app.build("built", &[]);
    let outcome = Child::new(&built).of(&app).arg("first").outcome();
    assert_eq!(outcome.ending(), Ok(2), "{outcome:#?}");
    assert_eq!(outcome.stdout, "run\n".repeat(9));
    let program = built.display();
    for part in [
        format!("error: stopped: `{program}` has started itself 8 times"),
        format!("the last one is `{program} thing`, which process "),
        "`python-mode`".to_owned(),
    ] {
        assert!(outcome.stderr.contains(&part), "{part}\n{}", outcome.stderr);
    }
}

#[test]
fn workers_may_start_workers() {
    let app = App::script(
        "import multiprocessing, sys\ndef work(level):\n    print(level, flush=True)\n    if level: start(level - 1)\ndef start(level):\n    worker = multiprocessing.Process(target=work, args=(level,))\n    worker.start()\n    worker.join()\nif __name__ == '__main__':\n    multiprocessing.set_start_method('forkserver', force=True)\n    start(5)",
    );
    // A program that leaves its workers to Python has them as deep.
    for settings in ["", "multiprocessing-auto-dispatch = false\n"] {
        app.write("coldframe.toml", settings);
        Child::new(app.build("built", &[])).of(&app).prints("5\n4\n3\n2\n1\n0\n");
    }
}

#[test]
fn a_program_that_replaces_itself_is_no_deeper() {
    let app = App::script(
        "import os, sys\nturn = int(sys.argv[1])\nif turn < 20: os.execv(sys.executable, [sys.executable, str(turn + 1)])\nprint(turn)",
    );
    Child::new(app.build("built", &[])).of(&app).arg("0").prints("20\n");
}

/// A service that updates itself starts its successor and ends; a process that has ended counts as no ancestor.
#[test]
fn a_program_that_starts_its_successor_and_ends_may_go_on_for_ever() {
    let app = App::script(
        "import subprocess, sys\nturn = int(sys.argv[1])\nprint(turn, flush=True)\n\
         if turn < 12: subprocess.Popen([sys.executable, str(turn + 1)])",
    );
    let turns: String = (0..13).map(|turn| format!("{turn}\n")).collect();
    // The pipe ends with the last of them.
    let built = app.build("built", &[]);
    Child::new("sh").of(&app).args(["-c", "\"$0\" 0 | cat"]).arg(built).prints(&turns);
}

/// A child's environment and its command line do not decide whether it is stopped.
#[test]
fn neither_an_empty_environment_nor_a_path_with_a_tab_hides_those_above() {
    let app = App::script(
        "import os, subprocess, sys\nprint('run', flush=True)\n\
         environment = {name: os.environ[name] for name in ('LD_LIBRARY_PATH',) if name in os.environ}\n\
         sys.exit(subprocess.run([sys.executable, 'thing'], env=environment).returncode)",
    );
    for name in ["built", "a\ttab"] {
        let built = app.build(name, &[]);
        let outcome = Child::new(&built).of(&app).outcome();
        assert_eq!((outcome.ending(), outcome.stdout), (Ok(2), "run\n".repeat(9)), "{name}");
    }
}
