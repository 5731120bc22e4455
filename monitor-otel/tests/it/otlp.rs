//! What goes over the wire: OTLP by HTTP, to a receiver in this process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use monitor_core::Monitor;
use monitor_core::capture::Call;
use monitor_otel::Telemetry;
use monitor_otel::opentelemetry::metrics::MeterProvider;
use monitor_otel::opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use prost::Message;

use super::world::{ms, shop};

/// One request after the other, as path and body.
fn receiver() -> (SocketAddr, Receiver<(String, Vec<u8>)>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (sent, received) = channel();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let (head, body) = read(&mut stream.as_ref().unwrap());
            let path = head[0].split(' ').nth(1).unwrap().to_owned();
            let done = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.unwrap().write_all(done.as_bytes()).unwrap();
            if sent.send((path, body)).is_err() {
                return;
            }
        }
    });
    (address, received)
}

/// The lines of a message's head, and its body.
fn read(stream: &mut &TcpStream) -> (Vec<String>, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    (head, body)
}

/// HTTP by hand, to loopback only, so that the tests build no HTTP library.
#[derive(Debug)]
struct Wire(SocketAddr);

#[async_trait::async_trait]
impl HttpClient for Wire {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut stream = TcpStream::connect(self.0)?;
        let (path, body) = (request.uri().path(), request.body());
        write!(stream, "POST {path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(body)?;
        read(&mut &stream);
        Ok(Response::new(Bytes::new()))
    }
}

fn exported(received: &Receiver<(String, Vec<u8>)>, path: &str) -> Vec<u8> {
    let (sent_to, body) = received.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(sent_to, path);
    body
}

#[test]
fn spans_and_metrics_arrive_as_otlp() {
    let (address, received) = receiver();
    let endpoint = |path: &str| format!("http://{address}{path}");
    let spans = SpanExporter::builder()
        .with_http()
        .with_http_client(Wire(address))
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint("/v1/traces"))
        .build()
        .unwrap();
    let metrics = MetricExporter::builder()
        .with_http()
        .with_http_client(Wire(address))
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint("/v1/metrics"))
        .build()
        .unwrap();
    let tracers = SdkTracerProvider::builder().with_batch_exporter(spans).build();
    let reader = PeriodicReader::builder(metrics).build();
    let meters = SdkMeterProvider::builder().with_reader(reader).build();
    let telemetry = Telemetry::new().metrics(meters.meter("shop")).spans(tracers.tracer("shop"));
    let monitor = Monitor::builder().beat_by_hand().observer(telemetry).build().unwrap();
    monitor.database(shop()).record(Call::new("SELECT * FROM orders WHERE id = 7", ms(3)));
    monitor.tell_observers();

    tracers.force_flush().unwrap();
    let body = exported(&received, "/v1/traces");
    let traces = ExportTraceServiceRequest::decode(&body[..]).unwrap();
    let span = &traces.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(span.name, "SELECT orders");
    assert_eq!(span.kind, 3, "CLIENT");
    assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, 3_000_000);
    let text = span.attributes.iter().find(|attribute| attribute.key == "db.query.text").unwrap();
    let value = text.value.clone().unwrap().value.unwrap();
    assert_eq!(value, Value::StringValue("select * from orders where id = ?".into()));

    meters.force_flush().unwrap();
    let body = exported(&received, "/v1/metrics");
    let exported = ExportMetricsServiceRequest::decode(&body[..]).unwrap();
    let metrics = &exported.resource_metrics[0].scope_metrics[0].metrics;
    let duration = metrics.iter().find(|m| m.name == "db.client.operation.duration").unwrap();
    assert_eq!(duration.unit, "s");
    let Some(Data::Histogram(histogram)) = &duration.data else { panic!("histogram") };
    assert_eq!(histogram.data_points[0].count, 1);
    assert_eq!(histogram.data_points[0].sum, Some(0.003));
    assert_eq!(histogram.data_points[0].explicit_bounds[..2], [0.001, 0.005]);
}
