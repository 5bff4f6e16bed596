//! Every choice reads back from its own spelling, in Rust and in a file.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use interp_config::{
    Allocator, Document, ExtensionLoading, OptimizationLevel, Profile, PythonInterpreterConfig,
    Settings, StartMethodSetting, parse,
};

#[track_caller]
fn check<T>(all: &[T], spellings: &[&str], set: impl Fn(&mut PythonInterpreterConfig, T))
where
    T: Copy + Debug + Default + Display + FromStr<Err: Debug> + PartialEq,
{
    assert_eq!(all.iter().map(ToString::to_string).collect::<Vec<_>>(), spellings);
    assert!(all.contains(&T::default()));
    for &value in all {
        assert_eq!(value.to_string().parse::<T>().expect("its own spelling"), value);
        assert!(format!(" {value}").parse::<T>().is_err(), "a spelling is exact");
        assert!(value.to_string().parse::<T>().is_ok());

        let mut settings = Settings::default();
        set(&mut settings.interpreter, value);
        let read = parse(&settings.to_toml(), "coldframe.toml", Document::Coldframe);
        assert_eq!(read.expect("valid").expect("there"), settings);
    }
}

#[test]
fn round_trips() {
    check(
        StartMethodSetting::ALL,
        &["none", "auto", "fork", "forkserver", "spawn"],
        |config, value| {
            config.multiprocessing_start_method = value;
        },
    );
    check(Profile::ALL, &["isolated", "python"], |config, value| config.profile = value);
    check(Allocator::ALL, &["default", "malloc", "pymalloc", "debug"], |config, value| {
        config.allocator = value;
    });
    check(ExtensionLoading::ALL, &["auto", "memory", "cache"], |config, value| {
        config.extensions = value;
    });
    check(OptimizationLevel::ALL, &["0", "1", "2"], |config, value| {
        config.optimization_level = value;
    });
}

#[test]
fn levels_are_numbers() {
    let numbers: Vec<u8> = OptimizationLevel::ALL.iter().map(|level| level.as_u8()).collect();
    assert_eq!(numbers, [0, 1, 2]);
}

#[test]
fn a_choice_can_be_padded() {
    assert_eq!(format!("[{:<6}]", StartMethodSetting::Fork), "[fork  ]");
}
