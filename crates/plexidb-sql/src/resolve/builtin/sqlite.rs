//! SQLite's own functions.
//!
//! Invariant: functions of time are listed as pure; that they get a time, which is not 'now', is checked in the text.

use super::{Builtin, holds};
use crate::profile::FunctionCall;

#[cfg(test)]
pub(super) const LISTS: &[&str] = &[PURE, TABLES, TIME, SESSION, VOLATILE];

const PURE: &str = "
    abs avg cast char coalesce concat concat_ws count cume_dist dense_rank first_value format glob group_concat hex
    ifnull iif if instr lag last_value lead length like likelihood likely lower ltrim max median min nth_value ntile
    nullif octet_length percent_rank percentile percentile_cont percentile_disc printf quote rank replace round
    row_number rtrim sign soundex string_agg substr substring sum total trim typeof unhex unicode unistr unistr_quote
    unlikely upper zeroblob
    acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power
    radians sin sinh sqrt tan tanh trunc
    json json_array json_array_insert json_array_length json_error_position json_extract json_group_array
    json_group_object json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set
    json_type json_valid jsonb jsonb_array jsonb_array_insert jsonb_extract jsonb_group_array jsonb_group_object
    jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set
    date time datetime julianday strftime timediff unixepoch";
const TABLES: &str = "json_each json_tree jsonb_each jsonb_tree generate_series";
const TIME: &str = "current_timestamp current_date current_time";
const SESSION: &str = "
    last_insert_rowid changes total_changes sqlite_version sqlite_source_id sqlite_compileoption_get
    sqlite_compileoption_used sqlite_offset sqlite_log";
const VOLATILE: &str = "random randomblob";

/// How one of SQLite's own functions behaves.
pub(in crate::resolve) fn sqlite(call: &FunctionCall) -> Option<Builtin> {
    let name = call.name.as_str();
    if call.schema.is_some() {
        return None;
    }
    if call.is_table {
        return holds(TABLES, name).then_some(Builtin::Pure);
    }
    [
        (PURE, Builtin::Pure),
        (TIME, Builtin::Time),
        (SESSION, Builtin::Session),
        (VOLATILE, Builtin::Volatile),
    ]
    .into_iter()
    .find_map(|(list, behaviour)| holds(list, name).then_some(behaviour))
}
