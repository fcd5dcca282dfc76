//! The rules that come with the program.

use crate::sigma::{self, Parsed};

/// A rule file of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltinFile {
    /// Path below `assets/rules`.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(BuiltinFile { path: $path, text: include_str!(concat!("../../../assets/rules/", $path)) }),*]
    };
}

/// The files that come with the program, for showing a rule's text.
pub fn builtin_files() -> &'static [BuiltinFile] {
    files![
        "windows/defender/protection_disabled.yml",
        "windows/powershell/amsi_bypass.yml",
        "windows/powershell/download_cradle.yml",
        "windows/process_creation/certutil_download_or_decode.yml",
        "windows/process_creation/mshta_inline_or_remote.yml",
        "windows/process_creation/ntds_or_hive_dump.yml",
        "windows/process_creation/office_starts_script_host.yml",
        "windows/process_creation/powershell_encoded_command.yml",
        "windows/process_creation/recovery_inhibited.yml",
        "windows/process_creation/regsvr32_scriptlet.yml",
        "windows/process_creation/remote_service_execution.yml",
        "windows/process_creation/rundll32_script_or_dump.yml",
        "windows/security/directory_replication_by_user.yml",
        "windows/security/executable_written_to_admin_share.yml",
        "windows/security/explicit_credentials_by_script_host.yml",
        "windows/security/kerberos_rc4_service_ticket.yml",
        "windows/security/logon_with_new_credentials.yml",
        "windows/security/member_added_to_administrators.yml",
        "windows/security/rdp_logon_from_loopback.yml",
        "windows/security/security_log_cleared.yml",
        "windows/security/suspicious_scheduled_task_created.yml",
        "windows/security/suspicious_service_installed.yml",
        "windows/security/user_account_created.yml",
        "windows/sysmon/attack_tool_pipe.yml",
        "windows/sysmon/credential_file_created.yml",
        "windows/sysmon/lsass_memory_access.yml",
        "windows/sysmon/remote_thread_in_system_process.yml",
        "windows/sysmon/run_key_with_script_host.yml",
        "windows/sysmon/wmi_event_consumer.yml",
        "windows/system/event_log_cleared.yml",
        "windows/system/suspicious_service_installed.yml",
        "windows/taskscheduler/task_started_from_user_folder.yml",
    ]
}

/// The rules that come with the program. No errors; a test sees to it.
pub fn builtin() -> Parsed {
    let mut all = Parsed::default();
    for file in builtin_files() {
        let one = sigma::parse(file.text);
        all.rules.extend(one.rules);
        all.errors.extend(one.errors);
    }
    all
}
