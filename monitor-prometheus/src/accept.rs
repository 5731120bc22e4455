//! Which format a scraper asks for.

/// A format Prometheus can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The text format 0.0.4. Everything reads it.
    Text,
    /// OpenMetrics text 1.0.0.
    OpenMetrics,
    /// Delimited protobuf messages with native histograms. Needs the feature `protobuf`.
    #[cfg(feature = "protobuf")]
    Protobuf,
}

// === impl Format ===

impl Format {
    /// The best format by an `Accept` header: what it weighs highest among what there is, what
    /// comes first where weights are equal, and text where it asks for nothing we have.
    #[must_use]
    pub fn accepted(header: Option<&str>) -> Self {
        let mut best = (0, Self::Text);
        for wish in header.unwrap_or_default().split(',') {
            let (format, weight) = wish_of(wish);
            if let Some(format) = format.filter(|_| weight > best.0) {
                best = (weight, format);
            }
        }
        best.1
    }

    /// The content type, with the version Prometheus 3 insists on.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            #[cfg(feature = "protobuf")]
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }
}

/// One entry of the header: the format, if it is one of ours, and its weight in thousandths.
fn wish_of(wish: &str) -> (Option<Format>, u32) {
    let mut parts = wish.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let (mut weight, mut version, mut encoding, mut proto) = (1_000, None, None, None);
    for part in parts {
        let Some((name, value)) = part.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => weight = thousandths(value),
            "version" => version = Some(value),
            "encoding" => encoding = Some(value),
            "proto" => proto = Some(value),
            _ => {}
        }
    }
    let format = match media.as_str() {
        "text/plain" if version.is_none_or(|version| version == "0.0.4") => Some(Format::Text),
        "text/*" | "*/*" => Some(Format::Text),
        "application/openmetrics-text" if version.is_none_or(|version| version == "1.0.0") => {
            Some(Format::OpenMetrics)
        }
        #[cfg(feature = "protobuf")]
        "application/vnd.google.protobuf"
            if encoding.is_none_or(|encoding| encoding == "delimited")
                && proto.is_none_or(|proto| proto == "io.prometheus.client.MetricFamily") =>
        {
            Some(Format::Protobuf)
        }
        _ => None,
    };
    let _ = (encoding, proto);
    (format, weight)
}

fn thousandths(value: &str) -> u32 {
    let share = value.parse::<f64>().unwrap_or(0.0);
    if share.is_finite() { (share.clamp(0.0, 1.0) * 1_000.0) as u32 } else { 0 }
}
