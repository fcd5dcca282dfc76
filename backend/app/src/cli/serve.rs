//! `serve`: the same server without a window.

use super::Exit;
use crate::{
    config::Config,
    web,
    workspace::{How, Workspace, is_there},
};
use std::net::SocketAddr;

pub(super) async fn serve(config: Config) -> Result<u8, Exit> {
    let wrong = |e: &dyn std::fmt::Display| Exit(2, format!("--listen {}: {e}", config.listen));
    let address: SocketAddr = config.listen.parse().map_err(|e| wrong(&e))?;
    if !address.ip().is_loopback() && config.behind_proxy.is_none() {
        return Err(Exit(
            2,
            format!(
                "--listen {address}: passwords and tokens would cross the network in the clear. Put a TLS proxy in \
                 front and name it with --behind-proxy IP, or listen on 127.0.0.1."
            ),
        ));
    }
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|e| wrong(&e))?;
    is_there(&config.data_dir).map_err(|p| Exit(2, p.to_string()))?;
    let how = How { desktop: false, key: config.key_place(), jobs: true };
    let workspace = Workspace::open(&config.data_dir, how).await?;
    let serving = web::serve(&workspace.app, listener, config.behind_proxy).map_err(|e| wrong(&e))?;
    println!("Listening on http://{}", serving.address);
    for warning in &workspace.app.kernel.warnings {
        eprintln!("{warning}");
    }
    kernel::platform::asked_to_end().await;
    eprintln!("Stopping: jobs pause at their resume points.");
    workspace.app.kernel.end_sockets();
    serving.close().await;
    workspace.close().await;
    Ok(0)
}
