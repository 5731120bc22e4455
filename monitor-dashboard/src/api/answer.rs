//! What goes wrong with a question, and pages of an answer.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// Why there is no answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ErrorView {
    /// What could not be done, and what would work.
    pub error: String,
}

/// Why a question has no answer, as a status and a sentence.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    message: String,
}

/// Things on a page unless asked otherwise.
const PAGE_SIZE: usize = 50;

/// Things on a page at most.
const PAGE_SIZE_MAX: usize = 200;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) page: usize,
    pub(crate) page_size: usize,
}

// === impl Failure ===

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorView { error: self.message })).into_response()
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request(rejection.body_text())
    }
}

impl From<PathRejection> for Failure {
    fn from(rejection: PathRejection) -> Self {
        Self::bad_request(rejection.body_text())
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        // What is no JSON and what is JSON of another shape are both wrong questions.
        let status = match rejection.status() {
            StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
            status => status,
        };
        Self::new(status, rejection.body_text())
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the service is shutting down; ask again later")
    }
}

// === impl Page ===

impl Page {
    pub(crate) fn new(page: Option<usize>, page_size: Option<usize>) -> Result<Self, Failure> {
        let page = Self { page: page.unwrap_or(1), page_size: page_size.unwrap_or(PAGE_SIZE) };
        if page.page == 0 {
            return Err(Failure::bad_request("page is 0; pages count from 1"));
        }
        if page.page_size == 0 || page.page_size > PAGE_SIZE_MAX {
            return Err(Failure::bad_request(format!(
                "page_size is {}; choose 1 to {PAGE_SIZE_MAX}",
                page.page_size
            )));
        }
        Ok(page)
    }

    /// The things of this page.
    pub(crate) fn of<T>(self, all: &[T]) -> &[T] {
        let from = (self.page - 1).saturating_mul(self.page_size).min(all.len());
        let to = from.saturating_add(self.page_size).min(all.len());
        &all[from..to]
    }
}

/// Whether a text contains a search, whatever the case of either.
pub(crate) fn contains(text: &str, search: &str) -> bool {
    text.to_lowercase().contains(search)
}
