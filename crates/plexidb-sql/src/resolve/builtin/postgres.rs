//! PostgreSQL's own functions that its catalog does not call immutable, and those that only its grammar knows.
//!
//! Invariant: a stable function is listed as pure only if it reads nothing but its arguments and settings that are
//! part of the key. What the catalog calls immutable needs no list.

use super::{Builtin, holds};
use crate::profile::FunctionCall;

#[cfg(test)]
pub(super) const LISTS: &[&str] = &[PURE, GRAMMAR, TIME, SESSION, VOLATILE];

const PURE: &str = "
    to_char to_date to_number to_timestamp date_trunc date_part date_add date_subtract extract timezone
    make_timestamptz overlaps date time timetz timestamp timestamptz interval
    concat concat_ws format length quote_literal quote_nullable numeric money convert convert_from convert_to
    array_agg string_agg array_to_string generate_series in_range enum_first enum_last enum_range anytextcat textanycat
    json_agg json_agg_strict json_build_array json_build_object json_object_agg json_object_agg_strict
    json_object_agg_unique json_object_agg_unique_strict jsonb_agg jsonb_agg_strict jsonb_build_array
    jsonb_build_object jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict
    array_to_json row_to_json to_json to_jsonb
    to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_headline json_to_tsvector
    jsonb_to_tsvector ts_match_tq ts_match_tt xml xml_is_well_formed pg_typeof unaccent";
/// Calls that the grammar resolves itself or to functions of other names.
const GRAMMAR: &str = "
    coalesce nullif greatest least grouping array cast treat collation trim substring position overlay ceil floor
    normalize xmlconcat xmlelement xmlforest xmlpi xmlroot xmlexists xmlparse xmlserialize xmlattributes
    json_array json_object json_scalar json_serialize json_exists json_value json_query";
const TIME: &str = "
    now current_timestamp current_date current_time localtime localtimestamp transaction_timestamp statement_timestamp
    clock_timestamp timeofday mxid_age";
const SESSION: &str = "
    current_user session_user user current_role current_catalog current_schema system_user current_schemas
    current_database current_setting current_query getpgusername getdatabaseencoding get_current_ts_config version
    txid_current txid_current_if_assigned txid_current_snapshot txid_status pg_current_xact_id pg_current_snapshot
    pg_backend_pid currval lastval set_config inet_client_addr inet_client_port inet_server_addr inet_server_port
    pg_current_wal_lsn pg_is_in_recovery pg_postmaster_start_time pg_conf_load_time row_security_active";
const VOLATILE: &str = "
    random setseed gen_random_uuid uuidv4 uuidv7 nextval setval pg_sleep pg_sleep_for pg_sleep_until
    pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared
    pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared
    pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_notify pg_cancel_backend pg_terminate_backend
    pg_export_snapshot pg_relation_size pg_table_size pg_total_relation_size pg_indexes_size pg_database_size
    pg_tablespace_size pg_stat_clear_snapshot pg_stat_reset pg_stat_force_next_flush pg_reload_conf
    pg_logical_emit_message pg_switch_wal pg_xact_status json_table xmltable random_normal";
/// Volatile functions of extensions that write no table, in whatever schema the extension lives.
const EXTENSIONS: &str = "
    uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 gen_random_bytes gen_random_uuid gen_salt crypt digest hmac
    pgp_sym_encrypt pgp_pub_encrypt uuid_generate_v7 pg_stat_statements";

/// How one of PostgreSQL's own functions behaves.
pub(in crate::resolve) fn postgres(call: &FunctionCall) -> Option<Builtin> {
    let name = call.name.as_str();
    if name == "age" {
        // Of one time it is its distance from today, of a transaction's number from the current one.
        return Some(if call.arguments == Some(2) {
            Builtin::Pure
        } else {
            Builtin::Time
        });
    }
    if name == "generate_series" || !call.is_table || holds(VOLATILE, name) {
        return [
            (PURE, Builtin::Pure),
            (GRAMMAR, Builtin::Pure),
            (TIME, Builtin::Time),
            (SESSION, Builtin::Session),
            (VOLATILE, Builtin::Volatile),
        ]
        .into_iter()
        .find_map(|(list, behaviour)| holds(list, name).then_some(behaviour));
    }
    None
}

/// Whether an extension's function is known to write no table.
pub(in crate::resolve) fn is_silent_extension(name: &str) -> bool {
    holds(EXTENSIONS, name)
}
