//! Nothing leaves the machine: the main job in a network namespace whose one way out is counted.

use crate::served::{PASSWORD, binary, shared};
use std::process::Command;

/// Makes the namespace's only interface, does `$1`, and prints how many packets went out of it.
const COUNT: &str = r#"
set -e
echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
ip link set lo up
ip link add out type veth peer name wire
ip link set wire up
ip addr add 192.0.2.2/24 dev out
ip link set out up
ip route add default dev out
eval "$1" >/dev/null 2>&1 || true
cat /sys/class/net/out/statistics/tx_packets
"#;

/// Packets that left while the commands ran; none where this machine allows no namespace.
fn packets(commands: &str) -> Option<u64> {
    #[allow(clippy::disallowed_methods, reason = "the test starts the product in a namespace")]
    let out = Command::new("unshare")
        .args([
            "-n",
            "-m",
            "sh",
            "-c",
            &format!("mount -t sysfs sysfs /sys 2>/dev/null; {COUNT}"),
            "sh",
            commands,
        ])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&out.stdout);
    match said.trim().parse() {
        Ok(n) if out.status.success() => Some(n),
        _ => {
            println!("skipped: no network namespace here: {}", String::from_utf8_lossy(&out.stderr));
            None
        }
    }
}

#[test]
fn an_import_a_scan_and_a_served_session_send_no_packet() {
    let Some(shared) = shared() else { return };
    // The count can rise: one datagram is seen.
    let Some(one) = packets("bash -c 'echo x > /dev/udp/198.51.100.1/9'") else { return };
    assert!(one > 0, "the way out is counted");
    let home = tempfile::tempdir().unwrap();
    let (bin, home) = (binary().display().to_string(), home.path().display().to_string());
    let logs = shared.join("data/evtx/parse").display().to_string();
    let work = format!(
        "export HOME={home}; unset XDG_RUNTIME_DIR; \
         echo '{PASSWORD}' | {bin} user add root --role admin --password-stdin --data-dir {home}/ws; \
         {bin} import {logs} --data-dir {home}/ws; {bin} scan {logs}; \
         {bin} serve --listen 127.0.0.1:8787 --data-dir {home}/ws & pid=$!; \
         curl -s --retry 60 --retry-connrefused --retry-delay 1 http://127.0.0.1:8787/health; \
         curl -s http://127.0.0.1:8787/; kill $pid; wait $pid; \
         test -s {home}/ws/logs.db && touch {home}/done"
    );
    assert_eq!(packets(&work), Some(0));
    assert!(std::path::Path::new(&home).join("done").exists(), "the work was done");
}

#[test]
fn the_window_signs_in_and_imports_without_sending_a_packet() {
    let Some(shared) = shared() else { return };
    if packets("true").is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (bin, home) = (binary().display().to_string(), home.path().display().to_string());
    let logs = shared.join("data/evtx/parse").display().to_string();
    // A display of this namespace; the window's own process does the import that the command line asks it for.
    let work = format!(
        "export HOME={home} GDK_BACKEND=x11 AURORASOC_KEYRING=false NO_AT_BRIDGE=1; \
         unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS WAYLAND_DISPLAY; \
         mkfifo {home}/number; Xvfb -displayfd 3 -nolisten tcp 3>{home}/number & x=$!; \
         read number <{home}/number; export DISPLAY=:$number; \
         {bin}-desktop --data-dir {home}/ws & app=$!; \
         until grep -qs '\"route\":\"/api/v1/users/me\",\"status\":200' {home}/ws/logs/*; do \
           kill -0 $app || exit; sleep 0.1; done; \
         {bin} import {logs} --data-dir {home}/ws >{home}/said 2>&1; \
         kill $app; wait $app; kill $x; \
         grep -q 'does the work' {home}/said && grep -q 'new events' {home}/said && touch {home}/done"
    );
    assert_eq!(packets(&work), Some(0));
    let said = std::fs::read_to_string(std::path::Path::new(&home).join("said")).unwrap_or_default();
    assert!(std::path::Path::new(&home).join("done").exists(), "the work was not done: {said}");
}
