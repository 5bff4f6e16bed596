//! `COLDFRAME_TRACE_IMPORTS`: one timeline of a program and its processes, which their streams know nothing of.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::support::{App, Child, METHODS, coldframe, listing};

const VARIABLE: &str = "COLDFRAME_TRACE_IMPORTS";

/// An application whose modules import each other, in two threads and in a worker too.
fn app() -> App {
    App::new(&[
        (
            "__main__.py",
            r#"
import faulthandler, multiprocessing, os, sys, threading
import first
try:
    import failing
except ZeroDivisionError:
    pass
import importlib
importlib.reload(first)

def work(name):
    import in_worker
    return name

if __name__ == "__main__":
    os.chdir("/")
    thread = threading.Thread(target=__import__, args=("in_thread",))
    thread.start()
    thread.join()
    for method in sys.argv[1:]:
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(pool.map(work, [method]))
            pool.close()
            pool.join()
"#,
        ),
        ("first/__init__.py", "from . import second\n"),
        ("first/second.py", "import first.space.third\n"),
        ("first/space/third.py", ""),
        ("failing.py", "import failing_inside\n"),
        ("failing_inside.py", "1 / 0\n"),
        ("in_thread.py", "import in_thread_too\n"),
        ("in_thread_too.py", ""),
        ("in_worker.py", ""),
    ])
}

/// Modules of the application, and one that is built in.
const SHOWN: &[&str] = &["first", "failing", "in_", "faulthandler"];

/// The events as a tree for each thread of each process, with the times and numbers left out.
fn shown(file: &str) -> String {
    let events: Vec<Value> = serde_json::from_str(&format!("{file}]")).unwrap();
    let number = |event: &Value, key: &str| event[key].as_u64().unwrap();
    let mut names = BTreeMap::new();
    let mut threads: BTreeMap<(u64, u64), Vec<&Value>> = BTreeMap::new();
    for event in &events {
        if event["ph"] == "M" {
            assert_eq!(event["name"], "process_name");
            names.insert(number(event, "pid"), event["args"]["name"].as_str().unwrap());
        } else if SHOWN.iter().any(|shown| event["name"].as_str().unwrap().starts_with(shown)) {
            threads.entry((number(event, "pid"), number(event, "tid"))).or_default().push(event);
        }
    }
    let mut trees = Vec::new();
    for ((process, _), mut events) in threads {
        // The event that ends last was written last, and is the outer one of two that begin together.
        events.reverse();
        events.sort_by_key(|event| number(event, "ts"));
        let name =
            names.get(&process).unwrap_or(&"forked").replace(std::env::consts::EXE_SUFFIX, "");
        let mut tree = format!("{name}\n");
        let mut open: Vec<u64> = Vec::new();
        for event in events {
            let start = number(event, "ts");
            open.retain(|end| *end > start);
            open.push(start + number(event, "dur").max(1));
            let args = &event["args"];
            let file = args["file"].as_str().map(|file| file.rsplit(['/', '\\']).next().unwrap());
            let error = args["error"].as_str().map(|error| format!(" {error}"));
            tree.push_str(&format!(
                "{}{} {} {} {}{}\n",
                "  ".repeat(open.len()),
                event["name"].as_str().unwrap(),
                event["cat"].as_str().unwrap(),
                // Public from 3.11.
                args["loader"].as_str().unwrap().trim_start_matches('_'),
                file.unwrap_or("-"),
                error.unwrap_or_default(),
            ));
        }
        trees.push(tree);
    }
    trees.sort();
    trees.concat()
}

#[test]
fn a_timeline_shows_what_imports_what() {
    let app = app();
    let built = app.build("program", &[]);
    Child::new(&built).of(&app).prints("");
    for argument in ["timeline.json", ""] {
        Child::new(&built).of(&app).current_dir(app.path()).env(VARIABLE, argument).prints("");
    }
    let file = fs::read_to_string(app.file("timeline.json")).unwrap();
    insta::assert_snapshot!(shown(&file));
    // A second process with the variable gets another timeline.
    let again = Child::new(&built).of(&app).current_dir(app.path()).env(VARIABLE, "timeline.json");
    again.prints("");
    let again = fs::read_to_string(app.file("timeline.json")).unwrap();
    assert_eq!(shown(&again), shown(&file));
    let added = Child::new(&built).of(&app).current_dir(app.path()).env(VARIABLE, "+timeline.json");
    added.prints("");
    let both = fs::read_to_string(app.file("timeline.json")).unwrap();
    assert!(both.starts_with(&again) && both.len() > again.len());
    assert_eq!(shown(&both).lines().count(), 2 * shown(&file).lines().count());
}

#[test]
fn workers_add_to_the_timeline_of_their_program() {
    let app = app();
    let file = app.beside("timeline.json");
    let built = app.build("program", &[]);
    for (method, first) in [("fork", "forked"), ("spawn", "program (worker)")] {
        if !METHODS.contains(&method) {
            continue;
        }
        Child::new(&built)
            .of(&app)
            .arg(method)
            .env(VARIABLE, &file)
            .prints(&format!("['{method}']\n"));
        let shown = shown(&fs::read_to_string(&file).unwrap());
        let workers: Vec<_> = shown.split(first).skip(1).collect();
        let is_there =
            workers.iter().any(|tree| tree.contains("  in_worker execute archive in_worker.py"));
        assert!(is_there, "{method}: {shown}");
    }
    if !METHODS.contains(&"forkserver") {
        return;
    }
    let other = app.run(["forkserver"]).env(VARIABLE, &file);
    other.prints("['forkserver']\n");
    let shown = shown(&fs::read_to_string(&file).unwrap());
    assert_eq!(shown.matches("in_worker execute").count(), 1, "{shown}");
}

#[test]
fn modules_of_the_disk_are_on_the_timeline_too() {
    let app = App::new(&[("mine/first.py", "import second"), ("mine/second.py", "")]);
    let file = app.beside("timeline.json");
    let child = coldframe(["python", "-c", "import first, nothing"]).of(&app);
    let outcome = child.env("PYTHONPATH", app.file("mine")).env(VARIABLE, &file).outcome();
    assert!(outcome.stderr.ends_with("ModuleNotFoundError: No module named 'nothing'\n"));
    let timeline = fs::read_to_string(&file).unwrap();
    let shown = shown(&timeline);
    assert!(shown.contains("first execute SourceFileLoader first.py\n"), "{shown}");
    assert!(!timeline.contains("first (create)"), "{timeline}");
}

#[test]
fn a_timeline_that_cannot_be_written_is_an_error() {
    let app = App::script("print(1)");
    let outcome = app.run([""; 0]).env(VARIABLE, "/nowhere/timeline.json").outcome();
    assert_eq!((outcome.ending(), outcome.stdout.as_str()), (Ok(4), ""), "{outcome:#?}");
    let why = fs::File::create("/nowhere/timeline.json").unwrap_err();
    assert_eq!(
        outcome.stderr,
        format!(
            "error: could not write the timeline of imports to `/nowhere/timeline.json`: {why}; name another file with \
             `COLDFRAME_TRACE_IMPORTS`\n"
        )
    );
    assert!(listing(&app.path()).iter().all(|name| name == "script.py"));
}
