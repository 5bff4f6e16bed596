//! The settings file that holds: a user who can write into a folder above an application must not decide on the code that runs.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use crate::support::{App, Child, coldframe, skipped};

const SETTINGS: &str = "run = { code = 'print(\"the settings above\")' }";
const ABOVE: &str = "the settings above\n";
const OWN: &str = "the application\n";

/// An application two folders below one with settings.
fn laid_out() -> App {
    App::new(&[
        ("coldframe.toml", SETTINGS),
        ("project/part/__main__.py", "print('the application')"),
        ("project/script.py", "print('the application')"),
    ])
}

fn run(app: &App, what: &str) -> Child {
    coldframe(["run"]).of(app).arg(app.file(what))
}

#[test]
fn settings_come_from_folders_that_the_same_people_own() {
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let write = |path: &Path| fs::write(path, "").unwrap();
    type Change<'c> = &'c dyn Fn(&Path);
    let cases: [(&str, Change<'_>, &str, &str); 6] = [
        ("a folder of the user's", &|_| {}, ABOVE, ""),
        ("one for a group", &|above| mode(above, 0o775), ABOVE, ""),
        ("one for everybody", &|above| mode(above, 0o777), OWN, "everybody can write"),
        ("one like /tmp", &|above| mode(above, 0o1777), OWN, "everybody can write"),
        ("a project's root between", &|above| write(&above.join("project/.git")), OWN, ""),
        ("a root by its metadata", &|above| write(&above.join("project/pyproject.toml")), OWN, ""),
    ];
    for (name, change, expected, told) in cases {
        let app = laid_out();
        change(&app.path());
        for what in ["project/part", "project/script.py"] {
            let outcome = run(&app, what).outcome();
            assert_eq!(outcome.stdout, expected, "{name}, {what}: {outcome:#?}");
            assert_eq!(outcome.stderr.contains("was not read"), !told.is_empty(), "{outcome:#?}");
            assert!(outcome.stderr.contains(told), "{outcome:#?}");
        }
    }
}

#[test]
fn settings_of_another_user_do_not_hold() {
    let app = laid_out();
    if chown(app.path(), Some(65534), None).is_err() {
        return skipped("settings_of_another_user_do_not_hold", "only root can give folders away");
    }
    let outcome = run(&app, "project/part").outcome();
    assert_eq!(outcome.stdout, OWN, "{outcome:#?}");
    assert!(outcome.stderr.contains("belongs to another user"), "{outcome:#?}");
    // A user's whole project, built by the superuser of a container, is one project.
    for path in ["", "project", "project/part"] {
        chown(app.file(path), Some(65534), None).unwrap();
    }
    run(&app, "project/part").prints(ABOVE);
}

#[test]
fn a_script_in_a_folder_for_everybody_has_no_settings_there() {
    let app = App::new(&[("script.py", "print('the application')"), ("coldframe.toml", SETTINGS)]);
    run(&app, "script.py").prints(ABOVE);
    fs::set_permissions(app.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let outcome = run(&app, "script.py").outcome();
    assert_eq!(outcome.stdout, OWN, "{outcome:#?}");
}

#[test]
fn build_says_which_file_it_was() {
    let app = laid_out();
    let build = || {
        coldframe(["build"])
            .of(&app)
            .arg(app.file("project/part"))
            .arg("-o")
            .arg(app.beside("built"))
    };
    let file = app.file("coldframe.toml");
    let said = build().outcome().stderr;
    assert!(said.contains(&format!("settings from {}\n", file.display())), "{said}");
    let answer: serde_json::Value = serde_json::from_str(&build().arg("--json").ok()).unwrap();
    assert_eq!(answer.pointer("/settings").and_then(|file| file.as_str()), file.to_str());
}
