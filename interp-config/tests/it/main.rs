//! Settings as data: what each mistake is answered with, and that writing and reading agree.

mod choices;
mod errors;
mod properties;
mod resolve;
mod settings;
