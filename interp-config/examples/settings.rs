//! Reads settings from the text of a `pyproject.toml`, and tells about a misspelled one.
//!
//! `cargo run -p coldframe-interp-config --example settings`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use interp_config::{ConfigError, Document, parse};

const PYPROJECT: &str = r#"
[tool.coldframe]
run = { entry-point = "primes.main:main" }
multiprocessing-start-method = "spawn"
"#;

fn main() -> Result<(), ConfigError> {
    print!("{}", shown()?);
    Ok(())
}

fn shown() -> Result<String, ConfigError> {
    let settings = parse(PYPROJECT, "pyproject.toml", Document::Pyproject)?.unwrap_or_default();
    let method = settings.interpreter.multiprocessing_start_method;
    let mistake = match parse("profile = \"izolated\"", "coldframe.toml", Document::Coldframe) {
        Ok(_) => "no mistake".to_owned(),
        Err(error) => error.to_string(),
    };
    Ok(format!("start method: {method}\n{mistake}\n"))
}

#[test]
fn it_shows_the_setting_and_the_mistake() {
    let expected = "\
start method: spawn
coldframe.toml:1:11: `profile`: unknown profile `izolated`; did you mean `isolated`? allowed: `isolated`, `python`
";
    assert_eq!(shown().expect("the settings are right"), expected);
}
