//! The JSON API: what is asked in a path and a query, and which view answers.

mod alerts;
mod answer;
mod lists;
mod pools;
mod slow_log;
mod statements;
mod whole;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use answer::Failure;

use crate::state::Shared;

/// All paths of the API, with what they say of themselves.
pub(crate) fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(whole::overview))
        .routes(routes!(statements::statements))
        .routes(routes!(statements::statement))
        .routes(routes!(lists::kinds))
        .routes(routes!(lists::tables))
        .routes(routes!(pools::pools))
        .routes(routes!(pools::transactions))
        .routes(routes!(slow_log::slow_log))
        .routes(routes!(alerts::alerts))
        .routes(routes!(whole::recommendations))
        .routes(routes!(whole::health))
}
