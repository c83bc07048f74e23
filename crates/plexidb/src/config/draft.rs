//! Sections while the sources are laid over one another, later ones over earlier ones.
//!
//! Invariant: a problem of the sum is reported at the place of the source that set the value.

use std::collections::BTreeMap;

use super::field::{Fields, Section, nearest};
use super::layer::Setting;
use super::problem::Problems;

/// A section and where its values come from.
pub(super) struct Draft<S> {
    pub(super) section: S,
    /// Where the section begins.
    pub(super) opened: String,
    places: BTreeMap<&'static str, String>,
    /// The address could not be read in full, so that contradictions in it would be mere consequences.
    is_address_unsure: bool,
}

impl<S: Section> Draft<S> {
    pub(super) fn new(section: S, opened: impl Into<String>) -> Self {
        Self {
            section,
            opened: opened.into(),
            places: BTreeMap::new(),
            is_address_unsure: false,
        }
    }

    /// Lays the settings of one source over this section. `also_valid` are keys that others take care of.
    pub(super) fn apply(
        &mut self,
        settings: &[Setting],
        also_valid: &[&'static str],
        problems: &mut Problems,
    ) {
        let is_url = |setting: &Setting| S::field(&setting.key).is_some_and(|field| field.key == "url");
        if settings.iter().any(is_url) {
            // A source that gives the whole address leaves nothing of an earlier one's parts.
            S::PARTS
                .iter()
                .filter_map(|key| S::field(key))
                .for_each(|field| (field.reset)(&mut self.section));
        }
        let mut seen: BTreeMap<&'static str, &Setting> = BTreeMap::new();
        for setting in settings {
            let (key, place) = (setting.spell(&setting.key), &setting.place);
            let Some(field) = S::field(&setting.key) else {
                problems.add(
                    place,
                    format!("unknown key {key}"),
                    unknown_key_advice::<S>(setting, also_valid),
                );
                self.is_address_unsure = true;
                continue;
            };
            if let Some(first) = seen.insert(field.key, setting) {
                let what = format!("the setting is given twice, here and at {}", first.place);
                problems.add(
                    place,
                    what,
                    format!("keep one of {} and {key}", first.spell(&first.key)),
                );
            } else if (field.read)(&mut self.section, &setting.raw, &field.kind) {
                self.places.insert(field.key, place.clone());
            } else {
                if let Some(found) = setting.raw.found() {
                    let advice = format!("set it to {}", field.kind.expected());
                    problems.add(place, format!("{key} does not take {found}"), advice);
                }
                self.is_address_unsure |= field.key == "url" || S::PARTS.contains(&field.key);
            }
        }
    }

    /// Notes that a value was set at `place` by other means than [`apply`](Self::apply).
    pub(super) fn note(&mut self, key: &'static str, place: String) {
        self.places.insert(key, place);
    }

    pub(super) fn place(&self, key: &str) -> &str {
        self.places.get(key).unwrap_or(&self.opened)
    }

    /// Holds every value against its bounds and against the others.
    pub(super) fn check(&self, problems: &mut Problems) {
        for field in S::FIELDS {
            if (field.number)(&self.section).is_some_and(|number| !field.kind.admits(number)) {
                let what = format!("`{}` is out of bounds", field.key);
                problems.add(
                    self.place(field.key),
                    what,
                    format!("set it to {}", field.kind.expected()),
                );
            }
        }
        if !self.is_address_unsure {
            for (key, what, advice) in self.section.contradictions() {
                problems.add(self.place(key), what, advice);
            }
        }
    }
}

fn unknown_key_advice<S: Fields>(setting: &Setting, also_valid: &[&'static str]) -> String {
    if let Some(name) = nearest(&setting.key, S::spellings().chain(also_valid.iter().copied())) {
        return format!("did you mean {}?", setting.spell(name));
    }
    let keys = S::FIELDS
        .iter()
        .map(|field| field.key)
        .chain(also_valid.iter().copied());
    let keys: Vec<_> = keys.map(|key| setting.spell(key)).collect();
    format!("remove it; there are {}", keys.join(", "))
}
