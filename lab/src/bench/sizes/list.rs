//! The applications that are measured.

use anyhow::bail;

/// An application in `lab/sizes/NAME`, with its requirements and its expected output.
#[derive(Debug)]
pub(super) struct Application {
    pub(super) name: &'static str,
    /// Folders of the application that hold no code: PyInstaller does not see that files there are opened.
    pub(super) data: &'static [&'static str],
    /// Modules of the application that only a text names: it does not see these either.
    pub(super) hidden: &'static [&'static str],
}

const fn plain(name: &'static str) -> Application {
    Application { name, data: &[], hidden: &[] }
}

pub(super) const APPLICATIONS: &[Application] = &[
    plain("hello"),
    plain("click"),
    plain("requests"),
    plain("fiona"),
    plain("pandas"),
    plain("numpy-scipy"),
    plain("matplotlib"),
    Application { name: "flask", data: &["templates"], hidden: &[] },
    Application {
        name: "django",
        data: &["books/templates"],
        hidden: &["site_settings", "site_urls", "books.models", "books.views"],
    },
    plain("fastapi"),
    plain("scikit-learn"),
    plain("pyside6"),
];

/// The applications of these names; all of them when there are none.
pub(super) fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Application>> {
    let is_known = |name: &&String| APPLICATIONS.iter().any(|known| known.name == **name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<_> = APPLICATIONS.iter().map(|application| application.name).collect();
        bail!("there is no application `{unknown}` here; there are: {}", known.join(", "));
    }
    let is_chosen = |application: &&Application| {
        names.is_empty() || names.iter().any(|name| name == application.name)
    };
    Ok(APPLICATIONS.iter().filter(is_chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_application_has_its_files() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sizes");
        for application in APPLICATIONS {
            for file in ["__main__.py", "expected.txt", "requirements.txt"] {
                assert!(folder.join(application.name).join(file).is_file(), "{}", application.name);
            }
            for data in application.data {
                assert!(folder.join(application.name).join(data).is_dir(), "{data}");
            }
        }
    }

    #[test]
    fn requirements_are_pinned_as_in_the_shared_environment() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sizes");
        let text = |path: &str| std::fs::read_to_string(folder.join(path)).expect("a text");
        let shared = text("shared.txt");
        assert!(shared.lines().all(|line| line.contains("==")));
        for application in APPLICATIONS {
            for wanted in text(&format!("{}/requirements.txt", application.name)).lines() {
                assert!(shared.lines().any(|line| line == wanted), "{wanted}");
            }
        }
    }

    #[test]
    fn applications_are_chosen_by_name() {
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(chosen(&[]).expect("all").len(), 12);
        assert_eq!(chosen(&names(&["flask"])).expect("one").len(), 1);
        let error = chosen(&names(&["flsak"])).expect_err("none of that name").to_string();
        assert!(
            error.starts_with("there is no application `flsak` here; there are: hello, "),
            "{error}"
        );
    }
}
