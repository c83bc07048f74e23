//! The way of a write: footprint, connection, slots raised, statement, slots one version up.

use std::sync::Arc;

use plexidb_core::{Executed, Params, Tag};

use super::{Bound, Execution, Inner, bind};
use crate::error::Error;
use crate::flight::Flight;
use crate::request::{Request, Response};
use crate::schema::{Epoch, Statement, Way};

impl Inner {
    /// Runs a statement for its effect, whatever it does.
    pub(crate) async fn execute(
        self: &Arc<Self>,
        sql: &str,
        params: Params<'_>,
        execution: Execution,
    ) -> Result<Executed, Error> {
        let Bound { sql, values } = bind(sql, params, self.connector.dialect())?;
        let epoch = self.schema.current();
        let statement = epoch.statement(&sql);
        let request = Request::Execute {
            sql: &sql,
            params: &values,
        };
        Ok(self
            .write(&epoch, &statement, request, execution)
            .await?
            .into_executed())
    }

    /// Sends a request that may change something.
    pub(crate) async fn write(
        self: &Arc<Self>,
        epoch: &Arc<Epoch>,
        statement: &Statement,
        request: Request<'_>,
        execution: Execution,
    ) -> Result<Response, Error> {
        let way = statement.way();
        if way == Way::Transaction {
            return Err(statement.transaction_control());
        }
        let mut flight = self.depart().await?;
        if statement.does_not_parse() && flight.lease()?.is_read_only(&statement.sql).await? == Some(true) {
            return self.complete(flight, request, execution).await;
        }
        match way {
            Way::Read | Way::Transaction => {}
            Way::Write | Way::Session => flight.claim(&request.tags(statement), vec![Arc::clone(epoch)]),
            Way::Ddl => flight.claim(&[Tag::DATABASE], vec![Arc::clone(epoch)]),
        }
        if way == Way::Session {
            flight.lease()?.taint();
        }
        if way == Way::Ddl {
            let response = flight
                .run(request, execution.timeout.or(self.settings.timeout))
                .await;
            // Also after an error: what failed half-way may have changed something.
            self.land_ddl(flight).await;
            return Ok(response?);
        }
        self.complete(flight, request, execution).await
    }

    async fn complete(
        self: &Arc<Self>,
        mut flight: Flight,
        request: Request<'_>,
        execution: Execution,
    ) -> Result<Response, Error> {
        let response = flight
            .run(request, execution.timeout.or(self.settings.timeout))
            .await;
        flight.land();
        Ok(response?)
    }
}
