//! Makes sure that the servers which the tests need are installed: by apt-get on Debian as root, else by telling how.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use plexidb_testkit::{Missing, ServerKind, missing_servers};

/// Debian asks this script before it starts or stops a service; exit code 101 forbids it.
const SERVICE_POLICY: &str = "/usr/sbin/policy-rc.d";

/// How packages come onto this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Debian,
    Fedora,
    Arch,
    MacOs,
    Other,
}

/// Checks, and installs where it can.
pub(crate) fn run() -> Result<()> {
    let missing = missing_servers();
    if missing.is_empty() {
        eprintln!("setup: PostgreSQL, MariaDB, Redis and PgBouncer are installed");
        return Ok(());
    }
    let kinds: Vec<ServerKind> = missing.iter().map(|missing| missing.kind).collect();
    let system = this_system();
    if system != System::Debian || !is_root() {
        bail!("{}", instructions(&missing, system));
    }
    install_on_debian(&kinds)?;
    match missing_servers().first() {
        None => Ok(()),
        Some(still_missing) => bail!("apt-get has installed the packages, yet: {still_missing}"),
    }
}

fn is_root() -> bool {
    // Our own entry in /proc belongs to the user that we run as; Debian always has it.
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn this_system() -> System {
    if cfg!(target_os = "macos") {
        return System::MacOs;
    }
    system_of(&fs::read_to_string("/etc/os-release").unwrap_or_default())
}

fn system_of(os_release: &str) -> System {
    let ids: Vec<&str> = os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split(' '))
        .collect();
    let is = |name: &str| ids.contains(&name);
    match () {
        () if is("debian") || is("ubuntu") => System::Debian,
        () if is("fedora") || is("rhel") => System::Fedora,
        () if is("arch") => System::Arch,
        () => System::Other,
    }
}

fn instructions(missing: &[Missing], system: System) -> String {
    let packages = |of: fn(ServerKind) -> &'static [&'static str]| -> String {
        missing
            .iter()
            .flat_map(|missing| of(missing.kind))
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let names: Vec<&str> = missing.iter().map(|missing| missing.kind.name()).collect();
    let command = match system {
        System::Debian => {
            format!(
                "sudo apt-get update && sudo apt-get install -y {}",
                packages(ServerKind::debian_packages)
            )
        }
        System::Fedora => format!("sudo dnf install -y {}", packages(ServerKind::fedora_packages)),
        System::Arch => format!("sudo pacman -S --needed {}", packages(ServerKind::arch_packages)),
        System::MacOs => format!("brew install {}", packages(ServerKind::brew_formulas)),
        System::Other => {
            let list: Vec<String> = missing.iter().map(Missing::to_string).collect();
            return list.join("\n");
        }
    };
    format!(
        "the tests need {}, which this machine does not have. Install with:\n\n    {command}\n\n\
         The servers need not run: the tests start private ones.",
        names.join(" and ")
    )
}

fn install_on_debian(kinds: &[ServerKind]) -> Result<()> {
    let packages: Vec<&str> = kinds
        .iter()
        .flat_map(|kind| kind.debian_packages())
        .copied()
        .collect();
    eprintln!("setup: installing {} with apt-get", packages.join(" "));
    let _policy = ServicePolicy::forbid()?;
    apt_get(&["-o", "Acquire::Retries=3", "update"])?;
    let mut words = vec![
        "-o",
        "Acquire::Retries=3",
        "install",
        "-y",
        "--no-install-recommends",
    ];
    words.extend(&packages);
    apt_get(&words)
}

fn apt_get(words: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(std::process::Stdio::null())
        .status()
        .context("cannot run apt-get")?;
    if !status.success() {
        bail!("`apt-get {}` failed ({status})", words.join(" "));
    }
    Ok(())
}

/// Keeps freshly installed services from starting, unless the machine has a policy of its own.
struct ServicePolicy {
    ours: bool,
}

impl ServicePolicy {
    fn forbid() -> Result<Self> {
        if Path::new(SERVICE_POLICY).exists() {
            return Ok(Self { ours: false });
        }
        fs::write(SERVICE_POLICY, "#!/bin/sh\nexit 101\n")
            .with_context(|| format!("cannot write {SERVICE_POLICY}"))?;
        let policy = Self { ours: true };
        fs::set_permissions(SERVICE_POLICY, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("cannot make {SERVICE_POLICY} executable"))?;
        Ok(policy)
    }
}

impl Drop for ServicePolicy {
    fn drop(&mut self) {
        if self.ours {
            // A policy that stays behind would keep services from starting; say so rather than fail.
            if let Err(error) = fs::remove_file(SERVICE_POLICY) {
                eprintln!("setup: cannot remove {SERVICE_POLICY} again ({error}); please remove it");
            }
        }
    }
}

#[cfg(test)]
mod tests;
