//! What a user of the configuration notices, by theme.

use super::environment::Environment;
use super::{Config, ConfigBuilder, ConfigErrors};

mod address;
mod environment;
mod pool;
mod problems;
mod reference;
mod replicas;
mod secrets;
mod sources;

fn load<const N: usize>(toml: &str, variables: [(&str, &str); N]) -> Result<Config, ConfigErrors> {
    Config::builder()
        .toml(toml)
        .environment()
        .build_in(&Environment::from(variables))
}

fn problems(result: Result<Config, ConfigErrors>) -> Vec<String> {
    let errors = result.expect_err("the configuration is wrong");
    errors.problems().iter().map(ToString::to_string).collect()
}

fn build_alone(builder: ConfigBuilder) -> Result<Config, ConfigErrors> {
    builder.build_in(&Environment::default())
}
