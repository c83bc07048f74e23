//! The scripts by which the record is changed: what they have in common, and what each one does.

use crate::redis_connection::RedisScript;

/// One script for each call.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) open: RedisScript,
    pub(super) join: RedisScript,
    pub(super) renew: RedisScript,
    pub(super) begin: RedisScript,
    pub(super) end: RedisScript,
    pub(super) touch: RedisScript,
    pub(super) declare: RedisScript,
    pub(super) expel: RedisScript,
    pub(super) settle: RedisScript,
}

macro_rules! script {
    ($file:literal) => {
        RedisScript::new(concat!(include_str!("prelude.lua"), include_str!($file)))
    };
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            open: script!("open.lua"),
            join: script!("join.lua"),
            renew: script!("renew.lua"),
            begin: script!("begin.lua"),
            end: script!("end.lua"),
            touch: script!("touch.lua"),
            declare: script!("declare.lua"),
            expel: script!("expel.lua"),
            settle: script!("settle.lua"),
        }
    }
}
