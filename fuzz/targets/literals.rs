//! Arguments of a call, all literals.

#![no_main]

use launcher::fuzzing::parse_arguments;
use libfuzzer_sys::fuzz_target;

const TEXTS: &[&str] = &[
    "()",
    "(5)",
    "(tracker_fd=5, pipe_handle=-7)",
    "(5, 6, ['__main__', 'x'], **{'sys_path': ['/a', r'b'], 'main_path': None})",
    r#"(b'\x00\377', 'a' "b", '\N{DASH}', '\udc80', u'\U0001f600', True, False, None, (1,), (), [], {})"#,
    "(0x1f, 0b1, 0o17, 1_000, 1e5)",
    "(sys.argv[1:], 5)",
];

fuzz_target!(
    init: fuzz::seed_texts(TEXTS),
    |text: &str| {
        if let Some(arguments) = parse_arguments(text) {
            // Space around them changes nothing.
            assert_eq!(parse_arguments(&format!("{text} ")).as_ref(), Some(&arguments));
        }
    }
);
