//! `serve`: the same server without a window.

use super::{Exit, out};
use crate::{
    config::Config,
    web,
    workspace::{How, Workspace, is_there},
};
use api::users::UserList;
use kernel::{Untrusted, auth::users};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(super) async fn serve(config: Config) -> Result<u8, Exit> {
    let address =
        address(&config.listen, config.behind_proxy.is_some()).map_err(|why| wrong(&config, &why))?;
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|e| wrong(&config, &e))?;
    is_there(&config.data_dir).map_err(|p| Exit(2, p.to_string()))?;
    let how = How { desktop: false, key: config.key_place(), jobs: true, live: true };
    let workspace = Workspace::open(&config.data_dir, how).await?;
    let served = serving(&config, &workspace, listener).await;
    workspace.close().await;
    served.map(|()| 0)
}

fn wrong(config: &Config, why: &dyn std::fmt::Display) -> Exit {
    Exit(2, format!("--listen {}: {why}", Untrusted::new(&config.listen).for_terminal()))
}

async fn serving(
    config: &Config,
    workspace: &Workspace,
    listener: tokio::net::TcpListener,
) -> Result<(), Exit> {
    let app = &workspace.app;
    let serving = web::serve(app, listener, config.behind_proxy).map_err(|e| wrong(config, &e))?;
    // Before anybody is told of it who may end it.
    let ended = kernel::platform::asked_to_end();
    let said = out::line(format_args!("Listening on http://{}", serving.address));
    if said.is_ok() {
        for warning in &app.kernel.warnings {
            out::say(warning);
        }
        let any = users::page(&app.kernel.db, &UserList { limit: Some(1), ..UserList::default() }).await;
        if any.is_ok_and(|page| page.total == 0) {
            let dir = Untrusted::new(config.data_dir.to_string_lossy()).for_terminal();
            out::say(format_args!(
                "Nobody can sign in yet: this workspace has no user. Add one from another terminal:\n  \
                 aurorasoc user add NAME --role admin --password-stdin --data-dir {dir} < password.txt"
            ));
        }
        ended.await;
        out::say("Stopping: jobs pause at their resume points.");
    }
    app.kernel.end_sockets();
    serving.close().await;
    said
}

/// Where to listen, or why not there. Without a proxy only where the server answers to the name that a browser then sends.
fn address(listen: &str, proxy: bool) -> Result<SocketAddr, String> {
    let local = listen.rsplit_once(':').filter(|(host, _)| host.eq_ignore_ascii_case("localhost"));
    let text = local.map_or_else(|| listen.to_owned(), |(_, port)| format!("127.0.0.1:{port}"));
    let address: SocketAddr = text
        .parse()
        .map_err(|_| "an IP address and a port are wanted, as in 127.0.0.1:8787 or [::1]:8787")?;
    let answered = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if proxy || answered.contains(&address.ip()) {
        return Ok(address);
    }
    if address.ip().is_loopback() {
        return Err(
            "without a proxy the server answers on 127.0.0.1 and ::1 only; listen on one of these".into()
        );
    }
    Err("passwords and tokens would cross the network in the clear. Put a TLS proxy in front and name it with \
         --behind-proxy IP, or listen on 127.0.0.1."
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_where_it_answers() {
        let shown = |listen: &str| address(listen, false).map(|a| a.to_string());
        for (listen, to) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("localhost:8787", "127.0.0.1:8787"),
            ("LocalHost:1", "127.0.0.1:1"),
            ("[::1]:8787", "[::1]:8787"),
        ] {
            assert_eq!(shown(listen).as_deref(), Ok(to));
        }
        for (listen, why) in [
            ("127.0.0.2:1", "127.0.0.1 and ::1"),
            ("0.0.0.0:1", "--behind-proxy"),
            ("[::]:1", "--behind-proxy"),
            ("127.0.0.1", "a port"),
            ("localhost", "a port"),
            ("localhost:http", "a port"),
            ("example.org:1", "a port"),
        ] {
            let said = shown(listen).unwrap_err();
            assert!(said.contains(why), "{listen}: {said}");
        }
        assert!(address("0.0.0.0:1", true).is_ok() && address("127.0.0.2:1", true).is_ok());
    }
}
