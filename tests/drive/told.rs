//! A session bus of its own with a notification service on it, which tells what it was given to show.

use std::collections::HashMap;

use futures::StreamExt as _;
use tokio::sync::mpsc;
use zbus::{MessageStream, OwnedVariant};

use super::page::PATIENCE;
use super::process::{Home, Running, start_and_read};

/// What the service was given.
#[derive(Debug)]
pub struct Told {
    /// One line, always plain.
    pub summary: String,
    /// Markup, since this service says that it reads it.
    pub body: String,
}

/// The bus and its service.
pub struct Service {
    /// For DBUS_SESSION_BUS_ADDRESS.
    pub address: String,
    told: mpsc::UnboundedReceiver<Told>,
    _daemon: Running,
}

/// Arguments of Notify (Desktop Notifications Specification 1.2).
type Notify = (String, u32, String, String, String, Vec<String>, HashMap<String, OwnedVariant>, i32);

impl Service {
    /// Starts both.
    pub async fn start(home: &Home) -> Self {
        let mut daemon = home.command("dbus-daemon");
        let at = format!("--address=unix:path={}", home.path().join("bus").display());
        daemon.args(["--session", "--nofork", "--nopidfile", "--print-address=1", &at]);
        let (daemon, address) = start_and_read(daemon, "");
        let builder = zbus::connection::Builder::address(address.as_str());
        let bus = builder.name("org.freedesktop.Notifications").build().await.unwrap();
        let mut calls = MessageStream::from(&bus);
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(Ok(call)) = calls.next().await {
                let header = call.header();
                let member = header.member().map(|it| it.to_string()).unwrap_or_default();
                let answered = match member.as_str() {
                    "GetCapabilities" => bus.reply(&header, &vec!["body", "body-markup"]).await,
                    "GetServerInformation" => bus.reply(&header, &("test", "test", "1", "1.2")).await,
                    "Notify" => {
                        let (_, _, _, summary, body, ..): Notify = call.body().deserialize().unwrap();
                        let _ = tell.send(Told { summary, body });
                        bus.reply(&header, &1_u32).await
                    }
                    _ => Ok(()),
                };
                answered.unwrap();
            }
        });
        Self { address, told, _daemon: daemon }
    }

    /// Waits for the next notification.
    pub async fn next(&mut self) -> Told {
        let next = tokio::time::timeout(PATIENCE, self.told.recv()).await;
        next.expect("no notification came").expect("the service ended")
    }

    /// What else it was given up to now.
    pub fn more(&mut self) -> Option<Told> {
        self.told.try_recv().ok()
    }
}
