//! Counters for /metrics. Labels carry no user's text.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// Labels of one HTTP route.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RouteLabels {
    /// GET, …
    pub method: String,
    /// Pattern, not path.
    pub route: String,
    /// Status.
    pub status: u16,
}

/// The counters.
pub struct Metrics {
    registry: Registry,
    /// Alerts made.
    pub alerts_created: Counter,
    /// Events that went into an existing alert.
    pub alerts_deduplicated: Counter,
    /// Events stored.
    pub ingest_events: Counter,
    /// Records that could not be read.
    pub ingest_rejected: Counter,
    /// Network attacks found.
    pub network_attacks: Counter,
    /// Seconds from request to decision.
    pub approval_latency: Histogram,
    /// Requests waiting for the model.
    pub inference_queue: Gauge,
    /// Jobs waiting.
    pub queue_lag: Gauge,
    /// Seconds by route pattern.
    pub http: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

fn http_buckets() -> Histogram {
    Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut m = Metrics {
            registry: Registry::with_prefix("aurorasoc"),
            alerts_created: Counter::default(),
            alerts_deduplicated: Counter::default(),
            ingest_events: Counter::default(),
            ingest_rejected: Counter::default(),
            network_attacks: Counter::default(),
            approval_latency: Histogram::new([1.0, 10.0, 60.0, 300.0, 900.0, 1800.0]),
            inference_queue: Gauge::default(),
            queue_lag: Gauge::default(),
            http: Family::new_with_constructor(http_buckets),
        };
        let r = &mut m.registry;
        r.register("alerts_created", "Alerts made", m.alerts_created.clone());
        r.register("alerts_deduplicated", "Events added to an existing alert", m.alerts_deduplicated.clone());
        r.register("ingest_events", "Events stored", m.ingest_events.clone());
        r.register("ingest_rejected", "Records that could not be read", m.ingest_rejected.clone());
        r.register("network_attack_detections", "Network attacks found", m.network_attacks.clone());
        r.register("approval_latency_seconds", "From request to decision", m.approval_latency.clone());
        r.register("inference_queue", "Requests waiting for the model", m.inference_queue.clone());
        r.register("queue_lag", "Jobs waiting", m.queue_lag.clone());
        r.register("http_request_duration_seconds", "By route pattern", m.http.clone());
        m
    }
}

impl Metrics {
    /// The text form (OpenMetrics).
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing into a String can't fail.
        let _ = encode(&mut out, &self.registry);
        out
    }
}
