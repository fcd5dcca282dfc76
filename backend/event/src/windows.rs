//! Reading the common properties out of a Windows event's flat fields.

use crate::{Event, entity::is_sid};
use std::borrow::Cow;

/// Field names that hold the acting user, best first; the fields with the domain and the SID that go with each. Sysmon's
/// `User` has none: `Security_UserID` of its records is that of its own service.
const USERS: &[(&str, Option<&str>, Option<&str>)] = &[
    ("SubjectUserName", Some("SubjectDomainName"), Some("SubjectUserSid")),
    ("User", None, None),
    ("TargetUserName", Some("TargetDomainName"), Some("TargetUserSid")),
    // NXLog's names of who wrote the record; those of a service that was installed have no `UserID` beside.
    ("AccountName", None, Some("UserID")),
];
/// Who wrote the record, by SID alone: from System in the file, and as others name it.
const WRITERS: &[&str] = &["Security_UserID", "UserID"];

/// Channels and the dataset that their events belong to. The service part is Sigma's `service` with hyphens
/// kept, so that a rule's log source can be found again from it.
const CHANNELS: &[(&str, &str)] = &[
    ("Security", "windows.security"),
    ("System", "windows.system"),
    ("Application", "windows.application"),
    ("Setup", "windows.setup"),
    ("Windows PowerShell", "windows.powershell-classic"),
    ("DNS Server", "windows.dns-server"),
    ("Directory Service", "windows.directory-service"),
    ("PowerShellCore/Operational", "windows.powershell"),
    ("OpenSSH/Operational", "windows.openssh"),
    ("Microsoft-Windows-PowerShell/Operational", "windows.powershell"),
    ("Microsoft-Windows-Sysmon/Operational", "windows.sysmon"),
    ("Microsoft-Windows-TaskScheduler/Operational", "windows.taskscheduler"),
    ("Microsoft-Windows-Windows Defender/Operational", "windows.windefend"),
    ("Microsoft-Windows-WMI-Activity/Operational", "windows.wmi"),
    ("Microsoft-Windows-NTLM/Operational", "windows.ntlm"),
    ("Microsoft-Windows-CodeIntegrity/Operational", "windows.codeintegrity-operational"),
    ("Microsoft-Windows-AppLocker/EXE and DLL", "windows.applocker"),
    ("Microsoft-Windows-AppLocker/MSI and Script", "windows.applocker"),
    ("Microsoft-Windows-AppLocker/Packaged app-Deployment", "windows.applocker"),
    ("Microsoft-Windows-AppLocker/Packaged app-Execution", "windows.applocker"),
    ("Microsoft-Windows-Bits-Client/Operational", "windows.bits-client"),
    ("Microsoft-Windows-DNS-Client/Operational", "windows.dns-client"),
    ("Microsoft-Windows-SmbClient/Security", "windows.smbclient-security"),
    ("Microsoft-Windows-SmbClient/Connectivity", "windows.smbclient-connectivity"),
    ("Microsoft-Windows-PrintService/Admin", "windows.printservice-admin"),
    ("Microsoft-Windows-PrintService/Operational", "windows.printservice-operational"),
    ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall", "windows.firewall-as"),
    (
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        "windows.terminalservices-localsessionmanager",
    ),
    ("Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", "windows.rdpcorets"),
    ("Microsoft-Windows-DriverFrameworks-UserMode/Operational", "windows.driver-framework"),
    ("Microsoft-Windows-DHCP-Server/Operational", "windows.dhcp"),
    ("Microsoft-Windows-SMBServer/Connectivity", "windows.smbserver-connectivity"),
    ("MSExchange Management", "windows.msexchange-management"),
    ("Microsoft-Windows-Security-Mitigations/Kernel Mode", "windows.security-mitigations"),
    ("Microsoft-Windows-Security-Mitigations/User Mode", "windows.security-mitigations"),
    ("Microsoft-Windows-Diagnosis-Scripted/Operational", "windows.diagnosis-scripted"),
    ("Microsoft-Windows-Shell-Core/Operational", "windows.shell-core"),
    ("Microsoft-Windows-LDAP-Client/Debug", "windows.ldap"),
    ("Microsoft-Windows-BitLocker/BitLocker Management", "windows.bitlocker"),
    ("Microsoft-Windows-VHDMP/Operational", "windows.vhdmp"),
    ("Microsoft-Windows-AppXDeploymentServer/Operational", "windows.appxdeployment-server"),
    ("Microsoft-Windows-LSA/Operational", "windows.lsa-server"),
    ("Microsoft-Windows-AppxPackaging/Operational", "windows.appxpackaging-om"),
    ("Microsoft-Windows-DNS Client Events/Operational", "windows.dns-client"),
    ("Microsoft-Windows-AppModel-Runtime/Admin", "windows.appmodel-runtime"),
    ("Microsoft-Windows-CAPI2/Operational", "windows.capi2"),
    (
        "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
        "windows.certificateservicesclient-lifecycle-system",
    ),
    ("Microsoft-Windows-Kernel-ShimEngine/Operational", "windows.kernel-shimengine"),
    ("Microsoft-Windows-Kernel-ShimEngine/Diagnostic", "windows.kernel-shimengine"),
    ("Microsoft-Windows-Application-Experience/Program-Telemetry", "windows.application-experience"),
    (
        "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant",
        "windows.application-experience",
    ),
    ("Microsoft-Windows-Ntfs/Operational", "windows.ntfs"),
    ("Microsoft-Windows-Hyper-V-Worker", "windows.hyper-v-worker"),
    ("Microsoft-Windows-Kernel-EventTracing", "windows.kernel-event-tracing"),
    ("Microsoft-Windows-SENSE/Operational", "windows.sense"),
    ("Microsoft-ServiceBus-Client/Admin", "windows.servicebus-client"),
    ("Microsoft-ServiceBus-Client/Operational", "windows.servicebus-client"),
    ("Microsoft-IIS-Configuration/Operational", "windows.iis-configuration"),
];

/// The dataset of a channel's events (channels compare without case), `windows.other` for one not listed.
pub fn dataset(channel: &str) -> &'static str {
    let found = CHANNELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(channel));
    found.map_or("windows.other", |(_, dataset)| dataset)
}

/// The host's name as written in the record.
pub fn host(e: &Event) -> Option<Cow<'_, str>> {
    e.text("Computer")
}

/// The name of the acting user, and the place of its fields.
fn acting(e: &Event) -> Option<(Cow<'_, str>, Option<&'static str>, Option<&'static str>)> {
    USERS.iter().find_map(|(name, domain, sid)| {
        let user = e.text(name).filter(|u| u != "-")?;
        Some((user, *domain, *sid))
    })
}

/// The acting user as `DOMAIN\name` where both are known. `-` counts as absent.
pub fn user(e: &Event) -> Option<String> {
    let (user, domain, _) = acting(e)?;
    let domain = domain.and_then(|d| e.text(d)).filter(|d| d != "-");
    Some(domain.map_or_else(|| user.to_string(), |d| format!("{d}\\{user}")))
}

/// The SID beside the acting user's name. Where no user is named, that of who wrote the record.
pub fn user_sid(e: &Event) -> Option<Cow<'_, str>> {
    // S-1-0-0 is "nobody".
    let sid = |field: &str| e.text(field).filter(|s| is_sid(s) && s != "S-1-0-0");
    match acting(e) {
        Some((.., field)) => field.and_then(sid),
        None => WRITERS.iter().find_map(|field| sid(field)),
    }
}

/// Log severity word from the record's `Level` (winmeta.xml: 1 critical, 2 error, 3 warning, 4 information,
/// 5 verbose, 0 always).
pub fn severity(e: &Event) -> &'static str {
    match e.text("Level").as_deref() {
        Some("1") => "critical",
        Some("2") => "error",
        Some("3") => "warning",
        Some("5") => "debug",
        _ => "info",
    }
}

/// One readable line: provider, event id, and the values that tell most.
pub fn message(e: &Event) -> String {
    const TELLING: &[&str] = &[
        "CommandLine",
        "NewProcessName",
        "Image",
        "TargetImage",
        "TargetObject",
        "TargetFilename",
        "ServiceName",
        "ImagePath",
        "TaskName",
        "ScriptBlockText",
        "TargetUserName",
        "IpAddress",
        "DestinationIp",
        "QueryName",
        "Payload",
        "param1",
        "Data",
    ];
    let mut line = format!(
        "{} {}",
        e.text("Provider_Name").unwrap_or(Cow::Borrowed("Windows")),
        e.text("EventID").unwrap_or_default()
    );
    for name in TELLING {
        if let Some(text) = e.text(name) {
            line.push_str(" · ");
            line.extend(text.chars().filter(|c| !c.is_control()).take(200));
            if line.len() > 400 {
                break;
            }
        }
    }
    line
}
