//! libpq's `sslmode`: what is encrypted, what is verified.

use plexidb_core::{ConnectPhase, DriverError};
use plexidb_testkit::postgres;

use super::{connect_error, connect_to, query};

async fn is_encrypted(url: &str) -> bool {
    let mut connection = connect_to(url).await;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    query(&mut connection, sql, &[]).await[0].get(0).unwrap()
}

fn with(query: &str) -> String {
    format!("{}?{query}", postgres().url())
}

fn ca() -> String {
    postgres().ca_certificate().display().to_string()
}

fn assert_tls_failure(error: &DriverError) {
    let is_tls = matches!(
        error,
        DriverError::Connect {
            phase: ConnectPhase::Tls,
            ..
        }
    );
    assert!(is_tls, "{error}");
}

#[tokio::test]
async fn the_mode_decides_on_encryption() {
    for (mode, expected) in [
        ("disable", false),
        ("allow", false),
        ("prefer", true),
        ("require", true),
    ] {
        assert_eq!(
            is_encrypted(&with(&format!("sslmode={mode}"))).await,
            expected,
            "{mode}"
        );
    }
    assert!(
        is_encrypted(&postgres().url()).await,
        "what the URL leaves open is encrypted"
    );
    assert!(!is_encrypted(&postgres().url_unix()).await);
}

#[tokio::test]
async fn a_certificate_of_the_right_authority_is_accepted() {
    for mode in ["require", "verify-ca", "verify-full"] {
        assert!(is_encrypted(&with(&format!("sslmode={mode}&sslrootcert={}", ca()))).await);
    }
    let by_name =
        with(&format!("sslmode=verify-full&sslrootcert={}", ca())).replace("127.0.0.1", "localhost");
    assert!(is_encrypted(&by_name).await);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let stranger = postgres().stranger_ca_certificate();
    for mode in ["require", "verify-ca", "verify-full"] {
        let error = connect_error(&with(&format!(
            "sslmode={mode}&sslrootcert={}",
            stranger.display()
        )))
        .await;
        assert_tls_failure(&error);
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    assert_tls_failure(&connect_error(&with("sslmode=verify-full")).await);
    assert_tls_failure(&connect_error(&with("sslrootcert=system")).await);
    let error = connect_error(&with("sslmode=verify-ca&sslrootcert=/nowhere.pem")).await;
    assert_tls_failure(&error);
    assert!(error.to_string().contains("/nowhere.pem"), "{error}");
}

#[tokio::test]
async fn another_name_is_refused_by_verify_full_alone() {
    let server = postgres();
    let other_name = |mode: &str| {
        format!(
            "postgres://{}:{}@db.example:{}/postgres?hostaddr=127.0.0.1&sslmode={mode}&sslrootcert={}",
            server.user(),
            server.password(),
            server.port(),
            ca()
        )
    };
    assert!(is_encrypted(&other_name("verify-ca")).await);
    assert_tls_failure(&connect_error(&other_name("verify-full")).await);
}

#[tokio::test]
async fn scram_is_bound_to_the_channel() {
    for binding in ["disable", "prefer", "require"] {
        assert!(is_encrypted(&with(&format!("channel_binding={binding}"))).await);
    }
    let error = connect_error(&with("channel_binding=require&sslmode=disable")).await;
    assert!(error.to_string().contains("channel_binding=require"), "{error}");
}
