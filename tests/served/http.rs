//! HTTP/1.1 by hand: one connection a call, any header, any body.

use serde_json::Value;
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

/// A call being put together.
pub struct Call<'a> {
    to: &'a str,
    method: String,
    path: String,
    head: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case.
    pub head: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl<'a> Call<'a> {
    /// A call with a right Host and nothing else.
    pub fn new(to: &'a str, method: &str, path: &str) -> Self {
        let head = vec![("host".into(), to.into()), ("connection".into(), "close".into())];
        Call { to, method: method.into(), path: path.into(), head, body: vec![] }
    }

    /// Sets a header, in place of one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.head.push((name.into(), value.into()));
        self
    }

    /// With an access token or API key.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string().as_bytes())
    }

    /// With any body.
    pub fn bytes(mut self, kind: &str, body: &[u8]) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    /// Sends it and reads the answer to its end.
    pub fn send(self) -> Answer {
        let mut stream = TcpStream::connect(self.to).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for (n, v) in &self.head {
            text += &format!("{n}: {v}\r\n");
        }
        if !self.body.is_empty() || matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") {
            text += &format!("content-length: {}\r\n", self.body.len());
        }
        text += "\r\n";
        stream.write_all(text.as_bytes()).unwrap();
        // A server that refuses early closes its side; its answer is there all the same.
        let _ = stream.write_all(&self.body);
        let mut bytes = vec![];
        let _ = stream.read_to_end(&mut bytes);
        Answer::parse(&bytes)
    }
}

impl Answer {
    fn parse(bytes: &[u8]) -> Answer {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("an HTTP answer");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let pair = |l: &str| l.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()));
        let head: Vec<_> = lines.filter_map(pair).collect();
        let mut body = bytes[end + 4..].to_vec();
        if head.iter().any(|(n, v)| n == "transfer-encoding" && v == "chunked") {
            body = unchunk(&body);
        }
        Answer { status, head, body }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The AURORA code of an error.
    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn unchunk(mut b: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    while let Some(at) = b.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&b[..at]).trim(), 16).unwrap_or(0);
        if size == 0 || b.len() < at + 2 + size {
            break;
        }
        out.extend_from_slice(&b[at + 2..at + 2 + size]);
        b = &b[(at + 4 + size).min(b.len())..];
    }
    out
}
