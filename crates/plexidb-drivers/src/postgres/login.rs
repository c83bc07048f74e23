//! The startup message and the server's demand for a password: SCRAM, MD5 or clear text.
//!
//! Invariant: a password leaves the process only hashed, over TLS, or where the URL itself turned TLS off.

use plexidb_core::{ConnectPhase, DriverError};
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use postgres_protocol::message::frontend;
use secrecy::{ExposeSecret, SecretString};

use super::dial::Dialler;
use super::failure::ServerError;
use super::message::{Fields, Malformed, tag};
use super::pooler::{self, INTERVAL_STYLE};
use super::settings::{ChannelBindingMode, Settings, TlsMode};
use super::tls::server_end_point;
use super::wire::Wire;

const TOO_MANY_CONNECTIONS: &str = "53300";

/// What names a session to the server: its process and the key that allows to cancel.
#[derive(Clone, Copy)]
pub(super) struct BackendKey {
    pub(super) pid: i32,
    pub(super) secret: i32,
}

/// Why a login failed.
pub(super) struct LoginFailure {
    pub(super) error: DriverError,
    /// The server's access rules refuse this user and database over a connection like this one.
    pub(super) is_refused_by_rules: bool,
}

impl From<DriverError> for LoginFailure {
    fn from(error: DriverError) -> Self {
        Self {
            error,
            is_refused_by_rules: false,
        }
    }
}

/// The server's side of the authentication, as one message asks for it.
enum Demand {
    Done,
    ClearText,
    Md5([u8; 4]),
    Sasl(Vec<String>),
    SaslContinue(Vec<u8>),
    SaslFinal(Vec<u8>),
    Unsupported(&'static str),
}

/// A login under way.
pub(super) struct Login<'a> {
    pub(super) dialler: &'a Dialler<'a>,
    pub(super) wire: &'a mut Wire,
    scram: Option<ScramSha256>,
    omits_interval_style: bool,
}

impl<'a> Login<'a> {
    pub(super) fn new(dialler: &'a Dialler<'a>, wire: &'a mut Wire, omits_interval_style: bool) -> Self {
        Self {
            dialler,
            wire,
            scram: None,
            omits_interval_style,
        }
    }

    fn settings(&self) -> &'a Settings {
        self.dialler.settings
    }

    fn failure(&self, reason: impl Into<String>) -> DriverError {
        self.dialler.failure(ConnectPhase::Auth, reason, None)
    }

    fn malformed(&self) -> DriverError {
        self.failure("the server sent a malformed message; is it a PostgreSQL server?")
    }

    /// Logs in and waits until the server is ready.
    pub(super) async fn run(mut self) -> Result<(BackendKey, u8), LoginFailure> {
        self.send_startup()?;
        let mut key = BackendKey { pid: 0, secret: 0 };
        loop {
            self.wire.flush().await.map_err(|error| self.unanswered(&error))?;
            let frame = match self.wire.next().await {
                Ok(frame) => frame,
                Err(error) => return Err(self.unanswered(&error).into()),
            };
            let mut fields = Fields(frame.body);
            match frame.tag {
                tag::AUTHENTICATION => {
                    let demand = demand(frame.body).map_err(|Malformed| self.malformed())?;
                    self.answer(demand)?;
                }
                tag::BACKEND_KEY_DATA => {
                    let (Ok(pid), Ok(secret)) = (fields.i32(), fields.i32()) else {
                        return Err(self.malformed().into());
                    };
                    key = BackendKey { pid, secret };
                }
                tag::READY => {
                    let status = fields.u8().map_err(|Malformed| self.malformed())?;
                    return Ok((key, status));
                }
                tag::ERROR => {
                    let error = ServerError::parse(frame.body).map_err(|Malformed| self.malformed())?;
                    return Err(self.refusal(error));
                }
                // A server that lacks a minor version of the protocol goes on with 3.0.
                tag::NEGOTIATE_PROTOCOL => {}
                tag => {
                    let reason = format!("unexpected message \"{}\" during the login", tag.escape_ascii());
                    return Err(self.failure(reason).into());
                }
            }
        }
    }

    fn unanswered(&self, error: &DriverError) -> DriverError {
        match error {
            DriverError::ConnectionLost { reason, .. } => self.failure(format!("{reason} during the login")),
            error => self.failure(error.to_string()),
        }
    }

    fn send_startup(&mut self) -> Result<(), DriverError> {
        let settings = self.settings();
        let who = [
            ("user", settings.user.as_str()),
            ("database", settings.database.as_str()),
        ];
        let session = settings
            .startup
            .iter()
            .filter(|(name, _)| !(self.omits_interval_style && *name == INTERVAL_STYLE))
            .map(|(name, value)| (*name, value.as_str()));
        frontend::startup_message(who.into_iter().chain(session), &mut self.wire.outbound)
            .map_err(|error| self.failure(error.to_string()))
    }

    fn answer(&mut self, demand: Demand) -> Result<(), DriverError> {
        match demand {
            Demand::Done => self.check_finished()?,
            Demand::ClearText => {
                self.check_confidential()?;
                let password = self.password()?;
                let outbound = &mut self.wire.outbound;
                frontend::password_message(password.expose_secret().as_bytes(), outbound)
                    .map_err(|_| self.failure("the password holds a NUL character"))?;
            }
            Demand::Md5(salt) => {
                self.check_binding_not_required()?;
                let user = self.settings().user.as_bytes();
                let hash = md5_hash(user, self.password()?.expose_secret().as_bytes(), salt);
                frontend::password_message(hash.as_bytes(), &mut self.wire.outbound)
                    .map_err(|error| self.failure(error.to_string()))?;
            }
            Demand::Sasl(mechanisms) => self.start_scram(&mechanisms)?,
            Demand::SaslContinue(data) => {
                let scram = self.scram.as_mut().ok_or(()).and_then(|scram| {
                    scram.update(&data).map_err(drop)?;
                    Ok(scram.message().to_vec())
                });
                let message = scram.map_err(|()| self.failure("the server broke the SCRAM exchange"))?;
                frontend::sasl_response(&message, &mut self.wire.outbound)
                    .map_err(|error| self.failure(error.to_string()))?;
            }
            Demand::SaslFinal(data) => {
                let finished = self.scram.as_mut().map(|scram| scram.finish(&data));
                if !matches!(finished, Some(Ok(()))) {
                    return Err(self.failure(
                        "the server could not prove that it knows the password: it may be an impostor",
                    ));
                }
                self.scram = None;
            }
            Demand::Unsupported(method) => {
                return Err(self.failure(format!(
                    "the server demands {method}, which this driver lacks; allow scram-sha-256 in pg_hba.conf"
                )));
            }
        }
        Ok(())
    }

    fn start_scram(&mut self, mechanisms: &[String]) -> Result<(), DriverError> {
        let is_offered = |name: &str| mechanisms.iter().any(|mechanism| mechanism == name);
        let mode = self.settings().channel_binding;
        let is_plus_offered = is_offered(SCRAM_SHA_256_PLUS);
        let hash = match mode {
            ChannelBindingMode::Disable => None,
            _ => server_end_point(self.wire.socket()),
        };
        let (mechanism, binding) = match hash {
            Some(hash) if is_plus_offered => (SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(hash)),
            _ if mode == ChannelBindingMode::Require => return Err(self.binding_impossible()),
            Some(_) => (SCRAM_SHA_256, ChannelBinding::unrequested()),
            None => (SCRAM_SHA_256, ChannelBinding::unsupported()),
        };
        if !is_offered(mechanism) {
            return Err(self.failure(format!(
                "the server offers {} alone; this driver knows SCRAM-SHA-256",
                mechanisms.join(", ")
            )));
        }
        let scram = ScramSha256::new(self.password()?.expose_secret().as_bytes(), binding);
        frontend::sasl_initial_response(mechanism, scram.message(), &mut self.wire.outbound)
            .map_err(|error| self.failure(error.to_string()))?;
        self.scram = Some(scram);
        Ok(())
    }

    /// A server that skips its own proof is not trusted.
    fn check_finished(&self) -> Result<(), DriverError> {
        match self.scram {
            Some(_) => Err(self.failure("the server ended the SCRAM exchange without its proof")),
            None => Ok(()),
        }
    }

    fn binding_impossible(&self) -> DriverError {
        self.failure("channel_binding=require takes TLS and a server that offers SCRAM-SHA-256-PLUS")
    }

    fn check_binding_not_required(&self) -> Result<(), DriverError> {
        match self.settings().channel_binding {
            ChannelBindingMode::Require => Err(self.binding_impossible()),
            _ => Ok(()),
        }
    }

    fn check_confidential(&self) -> Result<(), DriverError> {
        self.check_binding_not_required()?;
        let (socket, tls) = (self.wire.socket(), &self.settings().tls);
        let is_wanted = tls.is_explicit && tls.mode == TlsMode::Disable;
        if socket.is_tls() || socket.is_local() || is_wanted {
            return Ok(());
        }
        Err(self.failure(
            "the server asks for the password in clear text over an unencrypted connection; use TLS, let the server use \
             scram-sha-256, or set sslmode=disable to allow it",
        ))
    }

    fn password(&self) -> Result<SecretString, DriverError> {
        let settings = self.settings();
        settings
            .password
            .get()
            .ok_or_else(|| DriverError::Authentication {
                target: self.dialler.target.to_string(),
                user: settings.user.clone(),
                message: "the server asks for a password, and the URL holds none".to_owned(),
            })
    }

    fn refusal(&self, error: ServerError) -> LoginFailure {
        let target = self.dialler.target.to_string();
        let settings = self.settings();
        let message = error.sql.message.clone();
        let is_refused_by_rules = error.sqlstate() == "28000";
        let error = match pooler::sqlstate_of(&error.sql).unwrap_or(error.sqlstate()) {
            // 42501: the user may not connect to this database.
            state if state.starts_with("28") || state == "42501" => DriverError::Authentication {
                target,
                user: settings.user.clone(),
                message,
            },
            "3D000" => DriverError::UnknownDatabase {
                target,
                database: settings.database.clone(),
                message,
            },
            _ => {
                let advice = match error.sqlstate() {
                    TOO_MANY_CONNECTIONS => {
                        "; close connections elsewhere, make pools smaller, or raise max_connections"
                    }
                    _ => pooler::advice_on(&error.sql),
                };
                let reason = format!("{}{advice}", error.sql);
                self.dialler
                    .failure(ConnectPhase::Auth, reason, Some(Box::new(error.sql)))
            }
        };
        LoginFailure {
            error,
            is_refused_by_rules,
        }
    }
}

fn demand(body: &[u8]) -> Result<Demand, Malformed> {
    let mut fields = Fields(body);
    Ok(match fields.i32()? {
        0 => Demand::Done,
        3 => Demand::ClearText,
        5 => Demand::Md5(fields.bytes(4)?.try_into().map_err(|_| Malformed)?),
        7..=9 => Demand::Unsupported("GSSAPI or SSPI"),
        10 => {
            let mut mechanisms = Vec::new();
            loop {
                match fields.text()?.into_owned() {
                    end if end.is_empty() => break Demand::Sasl(mechanisms),
                    mechanism => mechanisms.push(mechanism),
                }
            }
        }
        11 => Demand::SaslContinue(fields.0.to_vec()),
        12 => Demand::SaslFinal(fields.0.to_vec()),
        _ => Demand::Unsupported("an authentication method that is not known"),
    })
}
