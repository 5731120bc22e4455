//! The JSON API: what is asked in a path and a query, and which view answers.

mod actions;
mod alerts;
mod answer;
mod lists;
mod live;
mod moments;
mod pools;
mod scopes;
mod slow_log;
mod statements;
mod whole;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use answer::Failure;

use crate::limits::Limits;
use crate::state::Shared;

/// What the API says of itself as a whole.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "monitor-dashboard",
        description = "What a database performance monitor knows. Durations are in seconds, shares from 0 to 1, moments \
                       RFC 3339 in UTC; `null` is what nobody knows. SQL is normalised: `?` stands for every literal. Fields \
                       may be added within this version; none is renamed or removed. Whatever changes something needs the \
                       header `X-Monitor-Action: 1`.",
    ),
    components(schemas(
        alerts::Severity,
        scopes::ScopeHaving,
        scopes::ScopeSort,
        slow_log::SlowOrder,
        statements::Having,
        statements::Order,
        statements::Sort,
    )),
    modifiers(&Bearer),
)]
struct About;

/// Says that a token may be needed.
struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, api: &mut OpenApi) {
        use utoipa::openapi::security::{
            Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
        };
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
        let none = SecurityRequirement::default();
        let token = SecurityRequirement::new("token", [""; 0]);
        api.security = Some(vec![none, token]);
    }
}

/// What the API says of itself as a whole, without its paths.
pub(crate) fn about() -> OpenApi {
    About::openapi()
}

/// Bytes of a request that changes something.
const ACTION_BYTES_MAX: usize = 16 * 1024;

/// All paths of the API, with what they say of themselves.
pub(crate) fn routes(limits: &Limits) -> OpenApiRouter<Arc<Shared>> {
    let uploads = DefaultBodyLimit::max(limits.upload_bytes_max);
    OpenApiRouter::new()
        .routes(routes!(actions::mute_alert))
        .routes(routes!(actions::unmute_alert))
        .routes(routes!(actions::mute_recommendation))
        .routes(routes!(actions::unmute_recommendation))
        .routes(routes!(moments::moments))
        .routes(routes!(moments::keep, moments::forget))
        .routes(routes!(moments::snapshot))
        .routes(routes!(live::live))
        .routes(routes!(live::session))
        .routes(routes!(whole::overview))
        .routes(routes!(statements::statements))
        .routes(routes!(statements::statement))
        .routes(routes!(lists::kinds))
        .routes(routes!(lists::tables))
        .routes(routes!(pools::pools))
        .routes(routes!(pools::transactions))
        .routes(routes!(scopes::scopes))
        .routes(routes!(slow_log::slow_log))
        .routes(routes!(alerts::alerts))
        .routes(routes!(whole::recommendations))
        .routes(routes!(whole::health))
        .layer(DefaultBodyLimit::max(ACTION_BYTES_MAX))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(moments::comparison, moments::comparison_with))
                .layer(uploads),
        )
}
