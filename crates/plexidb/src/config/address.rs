//! URLs from their parts, and what can be told of a URL without knowing its driver.

use std::net::Ipv6Addr;

use secrecy::{ExposeSecret as _, SecretString};

use super::field::Contradiction;

/// The parts of a URL before its path.
pub(super) struct Authority<'a> {
    pub(super) username: Option<&'a str>,
    pub(super) password: Option<&'a SecretString>,
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
}

impl Authority<'_> {
    /// Appends `user:password@host:port`, each part encoded.
    pub(super) fn push_to(&self, url: &mut String) {
        if self.username.is_some() || self.password.is_some() {
            push_encoded(url, self.username.unwrap_or_default(), "");
            if let Some(password) = self.password {
                url.push(':');
                push_encoded(url, password.expose_secret(), "");
            }
            url.push('@');
        }
        let unbracketed = self.host.trim_start_matches('[').trim_end_matches(']');
        if unbracketed.parse::<Ipv6Addr>().is_ok() {
            url.extend(["[", unbracketed, "]"]);
        } else {
            push_encoded(url, self.host, "");
        }
        if let Some(port) = self.port {
            url.extend([":", &port.to_string()]);
        }
    }
}

/// Appends `text` with every byte as `%XX` but letters, digits, `-._~` and those of `kept`.
pub(super) fn push_encoded(url: &mut String, text: &str, kept: &str) {
    for byte in text.bytes() {
        let char = char::from(byte);
        if char.is_ascii_alphanumeric() || "-._~".contains(char) || (byte.is_ascii() && kept.contains(char)) {
            url.push(char);
        } else {
            url.push('%');
            url.extend(
                [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
            );
        }
    }
}

/// What is wrong with a URL that only its scheme and the `parts` beside it tell.
pub(super) fn url_problems(
    url: &SecretString,
    schemes: &[&str],
    parts: &[&'static str],
) -> Vec<Contradiction> {
    let mut found = Vec::new();
    if let Some(first) = parts.first() {
        let what = format!("both `url` and `{}` are given", parts.join("`, `"));
        found.push((*first, what, "keep the URL or the parts".to_owned()));
    }
    let what = match url.expose_secret().split_once(':') {
        Some((scheme, _)) if schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme)) => return found,
        Some(_) => "the URL's scheme is not known",
        None => "the URL has no scheme",
    };
    found.push((
        "url",
        what.to_owned(),
        format!("begin it with one of `{}:`", schemes.join(":`, `")),
    ));
    found
}
