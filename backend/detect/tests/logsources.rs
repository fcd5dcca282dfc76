//! Which rules look at which events: the mappings of `assets/mappings`, outside Windows.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::{Engine, Mapping, sigma};
use event::Event;
use serde_json::{Value as Json, json};

fn engine(logsources: &[&str]) -> Engine {
    let rule = |l: &&str| {
        format!(
            "title: '{l}'\nid: {:08x}-9a1f-4d6e-8f2a-3f0b6a3c9d11\nlogsource: {{{l}}}\ndetection:\n  s: {{F: x}}\n  \
             k: [word]\n  condition: s or k\n---\n",
            l.bytes().fold(1_u32, |h, b| h.wrapping_mul(31) ^ u32::from(b))
        )
    };
    let text: String = logsources.iter().map(rule).collect();
    let parsed = sigma::parse(&text);
    assert!(parsed.errors.is_empty(), "{}", parsed.errors[0]);
    let (engine, not_run) = Engine::build(parsed.rules, &Mapping::builtin().unwrap());
    assert!(not_run.is_empty(), "{not_run:?}");
    engine
}

fn of(dataset: &str, fields: &Json) -> Event {
    Event { dataset: dataset.into(), ..support::flat(fields) }
}

fn found(engine: &Engine, event: &Event) -> Vec<String> {
    let mut hits = Vec::new();
    engine.scan(event, &mut hits);
    hits.iter().map(|h| engine.rules()[h.rule].title.clone()).collect()
}

#[test]
fn windows_services_are_found_under_every_name_of_their_channel() {
    for (service, channels) in [
        ("dns-server", &["DNS Server"][..]),
        ("dns-server-analytic", &["Microsoft-Windows-DNS-Server/Analytical"]),
        ("driver-framework", &["Microsoft-Windows-DriverFrameworks-UserMode/Operational"]),
        (
            "microsoft-servicebus-client",
            &["Microsoft-ServiceBus-Client/Admin", "Microsoft-ServiceBus-Client/Operational"],
        ),
        (
            "hyper-v-worker",
            &[
                "Microsoft-Windows-Hyper-V-Worker-Admin",
                "Microsoft-Windows-Hyper-V-Worker/Admin",
                "Microsoft-Windows-Hyper-V-Worker/Operational",
            ],
        ),
        (
            "kernel-event-tracing",
            &[
                "Microsoft-Windows-Kernel-EventTracing/Admin",
                "Microsoft-Windows-Kernel-EventTracing-Admin",
                "Microsoft-Windows-Kernel-EventTracing/Operational",
            ],
        ),
    ] {
        let engine = engine(&[&format!("product: windows, service: {service}")]);
        for channel in channels {
            let event = of("windows.other", &json!({"Channel": channel, "EventID": 1, "F": "x"}));
            assert_eq!(found(&engine, &event).len(), 1, "{service} {channel}");
        }
        assert!(found(&engine, &of("windows.other", &json!({"Channel": "Else", "F": "x"}))).is_empty());
    }
}

#[test]
fn linux_services_are_found_in_their_file_and_in_syslog() {
    let all = [
        "product: linux, service: auditd",
        "product: linux, service: sshd",
        "product: linux, service: auth",
        "product: linux, service: sudo",
        "product: linux, service: cron",
        "product: linux, service: syslog",
        "product: linux, service: mystery",
        "product: linux",
    ];
    let engine = engine(&all);
    let word = json!({"message": "a word"});
    let of = |dataset: &str| -> Vec<String> {
        let short = |t: String| t.rsplit(' ').next().unwrap().to_owned();
        found(&engine, &of(dataset, &word)).into_iter().map(short).collect()
    };
    assert_eq!(of("linux.auditd"), ["auditd", "linux"]);
    assert_eq!(of("linux.sshd"), ["sshd", "linux"]);
    assert_eq!(of("linux.auth"), ["sshd", "auth", "sudo", "linux"]);
    assert_eq!(of("linux.syslog"), ["sshd", "auth", "sudo", "cron", "syslog", "linux"]);
    // A service that the mapping doesn't name is the dataset of its name.
    assert_eq!(of("linux.mystery"), ["mystery", "linux"]);
    assert_eq!(of("zeek.conn"), [""; 0]);
    assert_eq!(of("windows.security"), [""; 0]);
}

#[test]
fn rules_of_other_systems_never_see_windows_events_nor_the_other_way_round() {
    let engine = engine(&[
        "product: windows",
        "product: windows, category: process_creation",
        "product: linux",
        "product: linux, category: process_creation",
        "product: macos, category: process_creation",
        "category: process_creation",
    ]);
    let sysmon = |channel: &str, id: i64| json!({"Channel": channel, "EventID": id, "F": "x"});
    let windows = sysmon("Microsoft-Windows-Sysmon/Operational", 1);
    for dataset in ["windows.sysmon", "windows", "", "json"] {
        let titles = found(&engine, &of(dataset, &windows));
        assert_eq!(
            titles,
            [
                "product: windows",
                "product: windows, category: process_creation",
                "category: process_creation"
            ],
            "{dataset}"
        );
    }
    let linux = sysmon("Linux-Sysmon/Operational", 1);
    assert_eq!(
        found(&engine, &of("linux.sysmon", &linux)),
        ["product: linux", "product: linux, category: process_creation", "category: process_creation"]
    );
    let other = sysmon("Linux-Sysmon/Operational", 3);
    assert_eq!(found(&engine, &of("linux.sysmon", &other)), ["product: linux"]);
    let plain = json!({"F": "x"});
    assert_eq!(
        found(&engine, &of("macos.process_creation", &plain)),
        ["product: macos, category: process_creation", "category: process_creation"]
    );
    assert_eq!(
        found(&engine, &of("linux.process_creation", &plain)),
        ["product: linux", "product: linux, category: process_creation", "category: process_creation"]
    );
}

#[test]
fn zeek_suricata_and_cloudtrail_by_their_datasets() {
    let engine = engine(&[
        "product: zeek, service: http",
        "product: zeek, service: dce_rpc",
        "product: suricata, service: alert",
        "product: suricata, service: ids",
        "product: suricata",
        "product: aws, service: cloudtrail",
        "category: dns",
    ]);
    let plain = json!({"F": "x"});
    for (dataset, want) in [
        ("zeek.http", &["product: zeek, service: http"][..]),
        ("zeek.dce_rpc", &["product: zeek, service: dce_rpc"]),
        (
            "suricata.alert",
            &["product: suricata, service: alert", "product: suricata, service: ids", "product: suricata"],
        ),
        ("suricata.flow", &["product: suricata"]),
        ("aws.cloudtrail", &["product: aws, service: cloudtrail"]),
        ("dns", &["category: dns"]),
    ] {
        assert_eq!(found(&engine, &of(dataset, &plain)), want, "{dataset}");
    }
}

#[test]
fn underscores_stand_for_the_dots_of_zeek() {
    let text = "title: t\nlogsource: {product: zeek, service: conn}\ndetection:\n  s: {id.resp_p: 445}\n  condition: s\n";
    let (engine, _) = Engine::build(sigma::parse(text).rules, &Mapping::builtin().unwrap());
    for fields in [json!({"id.resp_p": 445}), json!({"id_resp_p": 445})] {
        assert_eq!(found(&engine, &of("zeek.conn", &fields)).len(), 1);
    }
}
