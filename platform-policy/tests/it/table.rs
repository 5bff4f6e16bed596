//! Every row of the policy.

use interp_config::StartMethodSetting;
use platform_policy::{Os, PythonBuild, StartMethod, decide, documented_default};

#[test]
fn the_whole_policy() {
    let mut table = String::new();
    let mut row = |columns: [&str; 5]| {
        let [os, build, setting, method, why] = columns;
        table.push_str(format!("{os:<13}{build:<15}{setting:<12}{method:<12}{why}").trim_end());
        table.push('\n');
    };
    row(["system", "build", "setting", "method", "why"]);
    for &os in Os::ALL {
        for &build in PythonBuild::ALL {
            for &setting in StartMethodSetting::ALL {
                let known = [os.as_str(), build.as_str(), setting.as_str()];
                let [os_name, build_name, setting_name] = known;
                match decide(os, build, setting) {
                    Ok(decision) => {
                        let method = decision.method.map_or("-", StartMethod::as_str);
                        row([
                            os_name,
                            build_name,
                            setting_name,
                            method,
                            &decision.reason.to_string(),
                        ]);
                        if let Some(caution) = decision.caution {
                            row(["", "", "", "", &format!("CAUTION: {caution}")]);
                        }
                    }
                    Err(error) => {
                        assert_eq!((error.os(), error.setting()), (os, setting));
                        row([os_name, build_name, setting_name, "ERROR", &error.to_string()]);
                    }
                }
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_default_of_python_itself() {
    let mut table = String::from("python  ");
    for os in Os::ALL {
        table.push_str(&format!("{os:<12}"));
    }
    for minor in 7..=15 {
        table = format!("{}\n{:<8}", table.trim_end(), format!("3.{minor}"));
        for &os in Os::ALL {
            table.push_str(&format!(
                "{:<12}",
                documented_default(os, minor).map_or("-", StartMethod::as_str)
            ));
        }
    }
    insta::assert_snapshot!(table.trim_end());
}
