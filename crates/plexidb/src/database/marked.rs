//! Writes while Redis cannot be reached: each in a transaction that has locked the open marker.
//!
//! Invariant: what cannot be part of a transaction is refused; nothing becomes visible while the marker may be closed.

use std::sync::Arc;

use plexidb_core::{Dialect, Tag};
use plexidb_sql::TagList;

use super::Inner;
use crate::error::Error;
use crate::flight::{Claim, Flight};
use crate::request::{Request, Response};
use crate::schema::{Epoch, Statement, Way};
use crate::scope::ScopeSettings;
use crate::shared::{CutOff, SharedError};

/// How often a marker is opened again that somebody has closed meanwhile.
const TRIES_MAX: usize = 4;

impl Inner {
    /// Runs a write that could not be announced.
    pub(super) async fn write_marked(
        self: &Arc<Self>,
        cut_off: &CutOff,
        epoch: &Arc<Epoch>,
        statement: &Statement,
        request: Request<'_>,
        scope: Option<&Arc<ScopeSettings>>,
    ) -> Result<Response, Error> {
        let way = statement.way();
        self.check_transactional(statement)?;
        let mut flight = self.depart().await?;
        if let Some(scope) = scope {
            flight.enter(scope, None).await?;
        }
        let mut tries = 0;
        let sent = loop {
            flight.run(Request::Control { sql: "BEGIN" }, None).await?;
            let sent = self
                .send_marked(cut_off, &mut flight, epoch, statement, request)
                .await;
            if sent.is_err() && !flight.is_under_way() {
                flight.roll_back().await;
            }
            tries += 1;
            // Nothing was sent but the question for the marker.
            if tries == TRIES_MAX || !matches!(&sent, Err(Error::Shared(SharedError::MarkerClosed))) {
                break sent;
            }
        };
        if way == Way::Ddl {
            self.land_ddl(flight).await;
        } else {
            flight.land();
        }
        sent
    }

    async fn send_marked(
        self: &Arc<Self>,
        cut_off: &CutOff,
        flight: &mut Flight,
        epoch: &Arc<Epoch>,
        statement: &Statement,
        request: Request<'_>,
    ) -> Result<Response, Error> {
        self.lock_marker(cut_off, flight).await?;
        let response = flight.run(request, None).await?;
        let is_ddl = statement.way() == Way::Ddl;
        let tags: TagList = match is_ddl {
            true => TagList::from_slice(&[Tag::DATABASE]),
            false => request.touched(statement).all().collect(),
        };
        let claim =
            Claim::of(&self.slots, &tags, vec![Arc::clone(epoch)]).logged(self.endpoints.write_log(), &tags);
        flight.claim(if is_ddl { claim.of_schema_change() } else { claim });
        flight.run(Request::Control { sql: "COMMIT" }, None).await?;
        Ok(response)
    }

    /// Announces what a transaction has written, before its COMMIT, or locks the marker in it.
    pub(crate) async fn announce_commit(self: &Arc<Self>, flight: &mut Flight) -> Result<(), Error> {
        let Err(error) = flight.announce(None).await else {
            return Ok(());
        };
        let Some((tier, cut_off)) = self.tier().and_then(|tier| Some((tier, tier.way_out(&error)?))) else {
            return Err(error);
        };
        if let Some(sql) = tier.lift_within() {
            flight.run(Request::Control { sql }, None).await?;
        }
        self.lock_marker(cut_off, flight).await
    }

    /// Locks the open marker in the transaction of this flight, until it ends. After an error the transaction has to be rolled back.
    pub(crate) async fn lock_marker(
        self: &Arc<Self>,
        cut_off: &CutOff,
        flight: &mut Flight,
    ) -> Result<(), Error> {
        let generation = cut_off.open(self).await?;
        match cut_off.lock(&mut ***flight.lease()?, generation).await? {
            true => Ok(()),
            false => Err(SharedError::MarkerClosed.into()),
        }
    }

    fn check_transactional(&self, statement: &Statement) -> Result<(), SharedError> {
        let what = match statement.way() {
            Way::Write if statement.footprint.is_transactional => return Ok(()),
            Way::Ddl if self.connector.dialect() == Dialect::Postgres => return Ok(()),
            Way::Ddl => "a change of the schema",
            Way::Write => "a write to a table without transactions",
            Way::Session | Way::Read | Way::Transaction => {
                "a statement of which it is not known what it writes"
            }
        };
        Err(SharedError::NotWithoutRedis { what })
    }
}
