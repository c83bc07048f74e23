//! The own functions of MySQL and MariaDB.
//!
//! Invariant: settings that change a result (time zone, SQL mode, lengths) are the session's and part of the key.

use super::{Builtin, holds};
use crate::profile::FunctionCall;

#[cfg(test)]
pub(super) const LISTS: &[&str] = &[PURE, TIME, SESSION, VOLATILE];

const PURE: &str = "
    avg bit_and bit_or bit_xor count group_concat json_arrayagg json_objectagg max min std stddev stddev_pop stddev_samp
    sum var_pop var_samp variance any_value grouping
    cume_dist dense_rank first_value lag last_value lead median nth_value ntile percent_rank percentile_cont
    percentile_disc rank row_number
    if ifnull nullif coalesce greatest least interval isnull elt field find_in_set nvl nvl2 values value default cast
    ascii bin bit_length char char_length character_length chr concat concat_operator_oracle concat_ws conv convert
    export_set format from_base64 hex insert instr lcase left length lengthb locate lower lpad ltrim make_set mid
    natural_sort_key oct octet_length ord position quote regexp_instr regexp_like regexp_replace regexp_substr repeat
    replace reverse right rpad rtrim sformat soundex space strcmp substr substring substring_index to_base64 trim ucase
    unhex upper weight_string match against extractvalue updatexml charset collation coercibility to_char
    abs acos asin atan atan2 bit_count ceil ceiling cos cot crc32 crc32c degrees exp floor ln log log10 log2 mod pi pow
    power radians round sign sin sqrt tan truncate
    add_months adddate addtime convert_tz date date_add date_format date_sub datediff day dayname dayofmonth dayofweek
    dayofyear extract from_days from_unixtime get_format hour last_day makedate maketime microsecond minute month
    monthname period_add period_diff quarter sec_to_time second str_to_date subdate subtime time time_format time_to_sec
    timediff timestamp timestampadd timestampdiff to_days to_seconds week weekday weekofyear year yearweek
    json_array json_array_append json_array_insert json_array_intersect json_compact json_contains json_contains_path
    json_depth json_detailed json_equals json_exists json_extract json_insert json_key_value json_keys json_length
    json_loose json_merge json_merge_patch json_merge_preserve json_normalize json_object json_object_filter_keys
    json_object_to_array json_overlaps json_pretty json_query json_quote json_remove json_replace json_schema_valid
    json_search json_set json_storage_size json_table json_type json_unquote json_valid json_value member
    md5 sha sha1 sha2 aes_decrypt aes_encrypt compress uncompress uncompressed_length inet_aton inet_ntoa inet6_aton
    inet6_ntoa is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_uuid uuid_to_bin bin_to_uuid
    point linestring polygon multipoint multilinestring multipolygon geometrycollection mbrcontains mbrcoveredby
    mbrcovers mbrdisjoint mbrequal mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin
    column_add column_check column_create column_delete column_exists column_get column_json column_list";
const TIME: &str = "
    now curdate curtime current_date current_time current_timestamp localtime localtimestamp sysdate utc_date utc_time
    utc_timestamp";
const SESSION: &str = "
    last_insert_id found_rows row_count connection_id user current_user current_role session_user system_user database
    schema version icu_version lastval is_free_lock is_used_lock binlog_gtid_pos ps_current_thread_id ps_thread_id
    default_role";
const VOLATILE: &str = "
    rand uuid uuid_short uuid_v4 uuid_v7 sys_guid random_bytes sleep benchmark load_file nextval setval get_lock
    release_lock release_all_locks encrypt password master_pos_wait master_gtid_wait source_pos_wait";

/// How one of the own functions of MySQL and MariaDB behaves.
pub(in crate::resolve) fn mysql(call: &FunctionCall) -> Option<Builtin> {
    let name = call.name.as_str();
    if call.is_table && name != "json_table" {
        return None;
    }
    if name == "unix_timestamp" {
        // Without an argument it is the time of now; where the count is not known, that is assumed.
        let has_argument = call.arguments.is_some_and(|count| count > 0);
        return Some(if has_argument {
            Builtin::Pure
        } else {
            Builtin::Time
        });
    }
    if name.starts_with("st_") {
        return Some(Builtin::Pure);
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
