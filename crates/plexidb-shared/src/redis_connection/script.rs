//! A Lua script, sent by its hash wherever the server knows it already.

use redis::Cmd;
use ring::digest;

/// A Lua script.
#[derive(Clone, Debug)]
pub struct RedisScript {
    code: &'static str,
    hash: String,
}

impl RedisScript {
    /// The script of this code.
    #[must_use]
    pub fn new(code: &'static str) -> Self {
        let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, code.as_bytes());
        let hash = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { code, hash }
    }

    /// The command that sends the script whole, for pipelines and for servers that do not know it yet. In Redis Cluster all keys must
    /// have one hash tag.
    #[must_use]
    pub fn eval_command(&self, keys: &[&[u8]], arguments: &[&[u8]]) -> Cmd {
        command("EVAL", self.code, keys, arguments)
    }

    /// The command that names the script; a server that does not know it answers `NOSCRIPT`.
    pub(crate) fn by_hash(&self, keys: &[&[u8]], arguments: &[&[u8]]) -> Cmd {
        command("EVALSHA", &self.hash, keys, arguments)
    }
}

fn command(name: &str, script: &str, keys: &[&[u8]], arguments: &[&[u8]]) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(script).arg(keys.len());
    for part in keys.iter().chain(arguments) {
        command.arg(*part);
    }
    command
}
