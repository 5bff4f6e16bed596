//! The command lines of worker processes: literal ones, as the Pythons write them, and near misses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;

use launcher::fuzzing::{Action, Role, parse};
use launcher::fuzzing::{Arguments, Literal, parse_arguments};
use proptest::prelude::*;

fn arguments(line: &[&str]) -> Vec<OsString> {
    line.iter().map(OsString::from).collect()
}

/// The role, the arguments of CPython's own function as Python would write them, and `sys.argv`.
#[track_caller]
fn check(line: &[&str], role: Role, call: &str, argv: &[&str]) {
    let (module, function) = match role {
        Role::Spawned => ("spawn", "spawn_main"),
        Role::ResourceTracker => ("resource_tracker", "main"),
        Role::SemaphoreTracker => ("semaphore_tracker", "main"),
        Role::ForkServer => ("forkserver", "main"),
    };
    check_action(line, role, &format!("multiprocessing.{module}.{function}({call})"), argv);
}

/// The role, the worker's task as a line to read, and `sys.argv`.
#[track_caller]
fn check_action(line: &[&str], role: Role, action: &str, argv: &[&str]) {
    let worker =
        parse(&arguments(line)).unwrap().unwrap_or_else(|| panic!("{line:?} is a worker's"));
    let done = match &worker.action {
        Action::Call { module, function, arguments } => {
            format!("{module}.{function}({})", shown(arguments))
        }
        Action::Module(module) => format!("-m {module}"),
        Action::Code(code) => format!("-c {code}"),
    };
    assert_eq!(
        (worker.role, done, worker.argv),
        (role, action.to_owned(), arguments(argv)),
        "{line:?}"
    );
    let unbuffered = line.iter().any(|flag| matches!(*flag, "-u" | "-uB"));
    assert_eq!(worker.unbuffered, unbuffered, "{line:?}");
}

fn shown(arguments: &Arguments) -> String {
    let positional = arguments.positional.iter().map(repr);
    let keywords = arguments.keywords.iter().map(|(name, value)| format!("{name}={}", repr(value)));
    positional.chain(keywords).collect::<Vec<_>>().join(", ")
}

/// The text that Python's `repr` writes.
fn repr(literal: &Literal) -> String {
    let list = |items: &[Literal]| items.iter().map(repr).collect::<Vec<_>>().join(", ");
    match literal {
        Literal::None => "None".into(),
        Literal::Boolean(true) => "True".into(),
        Literal::Boolean(false) => "False".into(),
        Literal::Integer(number) => number.to_string(),
        Literal::Text(text) => quoted(&String::from_utf8(text.clone()).unwrap(), ""),
        Literal::Bytes(bytes) => {
            quoted(&bytes.iter().map(|byte| *byte as char).collect::<String>(), "b")
        }
        Literal::List(items) => format!("[{}]", list(items)),
        Literal::Tuple(items) if items.len() == 1 => format!("({},)", list(items)),
        Literal::Tuple(items) => format!("({})", list(items)),
        Literal::Dict(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", repr(key), repr(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Literal::RemainingArguments => "sys.argv[1:]".into(),
    }
}

fn quoted(text: &str, prefix: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = format!("{prefix}{quote}");
    for character in text.chars() {
        match character {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            same if same == quote => quoted.extend(['\\', quote]),
            plain @ ' '..='~' => quoted.push(plain),
            wide if prefix.is_empty() && (wide as u32) > 0xff && wide.is_alphanumeric() => {
                quoted.push(wide);
            }
            small if (small as u32) < 0x100 => quoted.push_str(&format!("\\x{:02x}", small as u32)),
            wide if (wide as u32) < 0x1_0000 => quoted.push_str(&format!("\\u{:04x}", wide as u32)),
            wide => quoted.push_str(&format!("\\U{:08x}", wide as u32)),
        }
    }
    quoted.push(quote);
    quoted
}

#[test]
fn shapes_of_cpython() {
    let flag = "--multiprocessing-fork";
    let frozen = [flag, "tracker_fd=5", "pipe_handle=7"];
    check(
        &frozen,
        Role::Spawned,
        "tracker_fd=5, pipe_handle=7",
        &["", flag, "tracker_fd=5", "pipe_handle=7"],
    );
    let windows = [flag, "parent_pid=1234", "pipe_handle=560"];
    check(
        &windows,
        Role::Spawned,
        "parent_pid=1234, pipe_handle=560",
        &["", flag, "parent_pid=1234", "pipe_handle=560"],
    );

    let spawn =
        "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5, pipe_handle=7)";
    check(&["-c", spawn, flag], Role::Spawned, "tracker_fd=5, pipe_handle=7", &["-c", flag]);
    let flags = [
        "-s",
        "-I",
        "-OO",
        "-X",
        "dev",
        "-Wignore",
        "-W",
        "error::UserWarning",
        "-Xutf8",
        "-c",
        spawn,
        flag,
    ];
    check(&flags, Role::Spawned, "tracker_fd=5, pipe_handle=7", &["-c", flag]);
    check(
        &["-E", "-B", "-bb", "-vv", "-c", spawn, flag],
        Role::Spawned,
        "tracker_fd=5, pipe_handle=7",
        &["-c", flag],
    );

    let tracker = "from multiprocessing.resource_tracker import main;main(3)";
    check(&["-c", tracker], Role::ResourceTracker, "3", &["-c"]);
    let tracker = "from multiprocessing.semaphore_tracker import main;main(3)";
    check(&["-E", "-c", tracker], Role::SemaphoreTracker, "3", &["-c"]);

    for (command, call, rest) in [
        // 3.9 to 3.13.
        (
            "from multiprocessing.forkserver import main; main(8, 9, ['__main__'], **{'main_path': '/a b/\\'x\".py', 'sys_path': ['/p', '']})",
            "8, 9, ['__main__'], main_path='/a b/\\'x\".py', sys_path=['/p', '']",
            &[] as &[&str],
        ),
        // 3.14.
        (
            "from multiprocessing.forkserver import main; main(8, 9, [], authkey_r=12, **{})",
            "8, 9, [], authkey_r=12",
            &[],
        ),
        // 3.13.12 and 3.14.3: the parent's arguments among the keywords.
        (
            "from multiprocessing.forkserver import main; main(8, 9, ['a', 'b'], **{'sys_argv': ['x', '--y=é']})",
            "8, 9, ['a', 'b'], sys_argv=['x', '--y=\\xe9']",
            &[],
        ),
        // 3.13.13, 3.14.4, 3.15: behind the command, which is no longer the last argument.
        (
            "import sys; from multiprocessing.forkserver import main; main(8, 9, ['__main__'], sys_argv=sys.argv[1:], authkey_r=12, **{'init_main_from_name': 'x'})",
            "8, 9, ['__main__'], sys_argv=sys.argv[1:], authkey_r=12, init_main_from_name='x'",
            &["-c", "anything", "--multiprocessing-fork", ""],
        ),
    ] {
        let line = [&["-s", "-c", command], rest].concat();
        check(&line, Role::ForkServer, call, &[&["-c"], rest].concat());
    }
}

const LOKY: &str = "loky.backend.popen_loky_posix";
const JOBLIB: &str = "joblib.externals.loky.backend.popen_loky_posix";
const EXECNET: &str = "import sys;exec(eval(sys.stdin.readline()))";

/// Read from the sources of loky 3.7, joblib 1.5, multiprocess 0.70.19, billiard 4.3, anyio 4.16 and execnet 2.1.
#[test]
fn shapes_of_libraries() {
    let pipe = ["--process-name", "LokyProcess-1", "--pipe", "12"];
    for module in [LOKY, JOBLIB] {
        let line = [&["-m", module], &pipe[..]].concat();
        let argv = [&["-m"], &pipe[..]].concat();
        check_action(&line, Role::Spawned, &format!("-m {module}"), &argv);
    }
    check_action(&["-u", "-m", "anyio.to_process"], Role::Spawned, "-m anyio.to_process", &["-m"]);
    for flags in [&["-u"][..], &["-u", "-B"], &["-uB"]] {
        let line = [flags, &["-c", EXECNET]].concat();
        check_action(&line, Role::Spawned, &format!("-c {EXECNET}"), &["-c"]);
    }
    let billiard = ["--billiard-fork", "pipe_handle=7", "tracker_fd=5"];
    check_action(
        &billiard,
        Role::Spawned,
        "billiard.spawn.spawn_main(pipe_handle=7, tracker_fd=5)",
        &["", "--billiard-fork", "pipe_handle=7", "tracker_fd=5"],
    );
    let windows = ["--billiard-fork", "pipe_handle=560", "parent_pid=1234", "tracker_fd=None"];
    check_action(
        &windows,
        Role::Spawned,
        "billiard.spawn.spawn_main(pipe_handle=560, parent_pid=1234, tracker_fd=None)",
        &[&[""], &windows[..]].concat(),
    );
    for (module, function, call, role, flag) in [
        (
            "multiprocess.spawn",
            "spawn_main",
            "tracker_fd=5, pipe_handle=7",
            Role::Spawned,
            Some("--multiprocessing-fork"),
        ),
        ("multiprocess.resource_tracker", "main", "3", Role::ResourceTracker, None),
        (
            "multiprocess.forkserver",
            "main",
            "8, 9, ['__main__'], main_path='x'",
            Role::ForkServer,
            None,
        ),
        (
            "billiard.spawn",
            "spawn_main",
            "pipe_handle=7, tracker_fd=None",
            Role::Spawned,
            Some("--billiard-fork"),
        ),
        ("billiard.semaphore_tracker", "main", "3", Role::SemaphoreTracker, None),
        ("billiard.forkserver", "main", "8, 9, ['__main__']", Role::ForkServer, None),
        ("loky.backend.resource_tracker", "main", "3, False", Role::ResourceTracker, None),
        ("loky.backend.semaphore_tracker", "main", "3, 0", Role::SemaphoreTracker, None),
        (
            "loky.backend.popen_loky_win32",
            "main",
            "pipe_handle=560, parent_pid=1234",
            Role::Spawned,
            Some("--multiprocessing-fork"),
        ),
        (
            "joblib.externals.loky.backend.resource_tracker",
            "main",
            "3, True",
            Role::ResourceTracker,
            None,
        ),
        (
            "joblib.externals.loky.backend.popen_loky_win32",
            "main",
            "pipe_handle=560, parent_pid=None",
            Role::Spawned,
            Some("--multiprocessing-fork"),
        ),
    ] {
        let command = format!("from {module} import {function}; {function}({call})");
        let rest: Vec<&str> = flag.into_iter().collect();
        let line = [&["-I", "-c", &command], &rest[..]].concat();
        let argv = [&["-c"], &rest[..]].concat();
        check_action(&line, role, &format!("{module}.{function}({call})"), &argv);
    }
}

#[test]
fn what_is_no_worker_is_the_application() {
    let tracker = "from multiprocessing.resource_tracker import main;main(3)";
    for line in [
        &[] as &[&str],
        &[""],
        &["x"],
        &["-c"],
        &["-c", ""],
        &["-c", "print(1)"],
        &["-m", "json.tool"],
        &["--flag", "-c", tracker],
        &["x", "-c", tracker],
        &["--", "-c", tracker],
        &["-", "-c", tracker],
        &["-X", "-c", tracker],
        &["-c", "from multiprocessing.resource_tracker import main"],
        &["-c", "from multiprocessing.resource_tracker import main;"],
        &["-c", "from multiprocessing.resource_tracker import main;main"],
        &["-c", "from multiprocessing.resource_tracker import ensure_running;ensure_running(3)"],
        &["-c", "from multiprocessing.resource_tracker2 import main;main(3)"],
        &["-c", "from my.multiprocessing.resource_tracker import main;main(3)"],
        &["-c", "import multiprocessing.resource_tracker as main;main(3)"],
        &["-c", "from multiprocessing.spawn import spawn_main;main(3)"],
        &["-c", "import os; from multiprocessing.forkserver import main; main(1, 2, [])"],
        &["--multiprocessing-fork"],
        &["--multiprocessing-fork", "12"],
        &["--multiprocessing-fork", "pipe_handle"],
        &["--multiprocessing-fork", "pipe_handle="],
        &["--multiprocessing-fork", "pipe_handle=x"],
        &["--multiprocessing-fork", "tracker_fd=3"],
        &["--multiprocessing-fork", "pipe_handle=3", "other=4"],
        &["--multiprocessing-fork", "pipe_handle=3", "file"],
        &["--multiprocessing-forks", "pipe_handle=3"],
        &["x", "--multiprocessing-fork", "pipe_handle=3"],
        &["--billiard-fork"],
        &["--billiard-forks", "pipe_handle=3"],
        &["-m", LOKY],
        &["-m", LOKY, "--process-name", "x", "--pipe"],
        &["-m", LOKY, "--process-name", "x", "--pipe", "y"],
        &["-m", LOKY, "--pipe", "3", "--process-name", "x"],
        &["-m", LOKY, "--process-name", "x", "--pipe", "3", "4"],
        &["-m", "my.loky.backend.popen_loky_posix", "--process-name", "x", "--pipe", "3"],
        &["x", "-m", LOKY, "--process-name", "x", "--pipe", "3"],
        &["-m", "anyio.to_process"],
        &["-u", "-m", "anyio.to_process", "x"],
        &["-u", "-m", "anyio"],
        &["-c", EXECNET],
        &["-u", "-c", "import sys;exec(eval(sys.stdin.readline())) "],
        &["-u", "-c", "import sys;exec(eval(sys.argv[1]))", "print(1)"],
        &["-Xu", "-m", "anyio.to_process"],
    ] {
        assert_eq!(parse(&arguments(line)), Ok(None), "{line:?}");
    }
}

#[test]
fn what_is_no_literal_is_refused() {
    for call in [
        "main(__import__('os').system('x'))",
        "main(3);print(1)",
        "main(3) or print(1)",
        "main(3",
        "main(3))",
        "main(*[3])",
        "main(3, **{1: 2})",
        "main(a=1, 2)",
        "main(1 + 1)",
        "main(f'{x}')",
        "main(0x3)",
        "main(1.5)",
        "main(99999999999999999999)",
        "main('a' 'b')",
        "main(lambda: 3)",
        "main([x for x in ()])",
        "main(sys.argv)",
        "main(sys.argv[1:][0])",
        "main(Nonesense)",
        "main('\\N{DIGIT ONE}')",
        "main(3)\nprint(1)",
    ] {
        let command = format!("from multiprocessing.resource_tracker import main;{call}");
        let error = parse(&arguments(&["-c", &command])).expect_err(&command);
        assert!(error.to_string().contains(&command), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn undecodable_arguments_are_the_applications() {
    use std::os::unix::ffi::OsStringExt;
    let bad = OsString::from_vec(vec![0xff]);
    assert_eq!(parse(std::slice::from_ref(&bad)), Ok(None));
    assert_eq!(parse(&["-c".into(), bad.clone()]), Ok(None));
    // Behind the command they are the parent's arguments, and are handed on as they are.
    let command = "import sys; from multiprocessing.forkserver import main; main(1, 2, [], sys_argv=sys.argv[1:])";
    let worker = parse(&["-c".into(), command.into(), bad.clone()]).unwrap().unwrap();
    assert_eq!(worker.argv, [OsString::from("-c"), bad]);
}

#[test]
fn surrogates_are_kept() {
    // A file name that is no text, as `os.fsdecode` gives it.
    let arguments = parse_arguments(r"('\udc80', b'\x80')").unwrap();
    assert_eq!(
        arguments.positional,
        [Literal::Text(vec![0xed, 0xb2, 0x80]), Literal::Bytes(vec![0x80])]
    );
}

fn literals() -> impl Strategy<Value = Literal> {
    let leaf = prop_oneof![
        Just(Literal::None),
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(Literal::Integer),
        any::<String>().prop_map(|text| Literal::Text(text.into_bytes())),
        any::<Vec<u8>>().prop_map(Literal::Bytes),
        Just(Literal::RemainingArguments),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Literal::List),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Literal::Tuple),
            prop::collection::vec((inner.clone(), inner), 0..4).prop_map(Literal::Dict),
        ]
    })
}

proptest! {
    #[test]
    fn representations_read_back(
        positional in prop::collection::vec(literals(), 0..4),
        keywords in prop::collection::vec(("[a-z_][a-z0-9_]{0,8}", literals()), 0..4),
    ) {
        let call = Arguments { positional, keywords };
        prop_assert_eq!(parse_arguments(&format!("({})", shown(&call))), Some(call));
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), line in prop::collection::vec(any::<String>(), 0..6)) {
        let _ = parse_arguments(&text);
        let _ = parse_arguments(&format!("({text})"));
        let line: Vec<OsString> = line.into_iter().map(OsString::from).collect();
        let _ = parse(&line);
        let _ = parse(&[&["-c".into(), format!("from multiprocessing.spawn import spawn_main; spawn_main({text})").into()], line.as_slice()].concat());
    }

    #[test]
    fn no_near_miss_makes_it_panic(text in r#"\(?[\[\]{}()'"\\,:*=bxuUN0-9a-f \-]{0,24}\)?"#) {
        let _ = parse_arguments(&text);
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    assert!(parse_arguments(&format!("({}{})", "[".repeat(20), "]".repeat(20))).is_some());
    assert_eq!(parse_arguments(&format!("({}", "[".repeat(1_000_000))), None);
    assert_eq!(parse_arguments(&format!("({}{})", "(".repeat(50_000), ")".repeat(50_000))), None);
}
