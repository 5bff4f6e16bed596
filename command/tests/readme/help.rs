//! The examples that `--help` shows.

use crate::sandbox::Sandbox;

#[test]
fn the_examples_in_help_do_what_they_say() {
    let sandbox = Sandbox::new();
    sandbox.furnish();
    let (overview, _) = sandbox.type_in("coldframe --help");
    let mut commands = examples(&overview);
    for subcommand in subcommands(&overview) {
        // The `--help` of `coldframe python` is Python's own.
        if subcommand != "python" {
            let (help, success) = sandbox.type_in(&format!("coldframe {subcommand} --help"));
            assert!(success, "{help}");
            commands.extend(examples(&help));
        }
    }
    assert!(commands.len() > 8, "the examples were not found: {commands:#?}");
    for command in commands {
        // They need packages of the index.
        if ["black", "numpy", "requirements.txt"].iter().any(|needed| command.contains(needed)) {
            sandbox.check_accepted(&command);
            continue;
        }
        let (output, success) = sandbox.type_in(&command);
        assert!(success, "{command}\nprinted:\n{output}");
    }
}

/// The names in the list of subcommands.
fn subcommands(help: &str) -> Vec<String> {
    let names = section(help, "Commands:").filter_map(|line| line.split_whitespace().next());
    let names: Vec<String> = names.filter(|name| *name != "help").map(str::to_owned).collect();
    assert!(names.len() > 4, "{help}");
    names
}

/// The command lines under `Examples:`; their purposes stand behind them, after some spaces.
fn examples(help: &str) -> Vec<String> {
    let lines =
        section(help, "Examples:").map(str::trim).filter(|line| line.starts_with("coldframe "));
    lines.filter_map(|line| line.split("  ").next()).map(str::to_owned).collect()
}

/// The lines below a heading, up to the next empty one.
fn section<'h>(help: &'h str, heading: &str) -> impl Iterator<Item = &'h str> {
    let heading = heading.to_owned();
    help.lines()
        .skip_while(move |line| *line != heading)
        .skip(1)
        .take_while(|line| !line.is_empty())
}
