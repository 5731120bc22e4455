//! An exporter of OpenTelemetry that lets go of everything: what is measured is what it costs to record.

use std::time::Duration;

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk_0_32 as before;

/// Nowhere to export to, in the version of OpenTelemetry that is measured and in the one that sqlx-otel takes.
#[derive(Debug)]
pub struct Nowhere;

// === impl Nowhere ===

impl PushMetricExporter for Nowhere {
    async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

impl before::metrics::exporter::PushMetricExporter for Nowhere {
    async fn export(
        &self,
        _: &before::metrics::data::ResourceMetrics,
    ) -> before::error::OTelSdkResult {
        Ok(())
    }

    fn force_flush(&self) -> before::error::OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> before::error::OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> before::metrics::Temporality {
        before::metrics::Temporality::Cumulative
    }
}

impl before::trace::SpanExporter for Nowhere {
    async fn export(&self, _: Vec<before::trace::SpanData>) -> before::error::OTelSdkResult {
        Ok(())
    }
}
