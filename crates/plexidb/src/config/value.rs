//! How the types of settings are read and shown.
//!
//! Invariant: what [`Value::show`] writes, [`Value::read`] reads back from TOML as the same value.

use std::time::Duration;

use secrecy::SecretString;

use super::kind::{Kind, Raw, read_bytes, show_bytes};

/// A type that a setting can have.
pub(super) trait Value: Sized {
    /// The value, or `None` where it is not of this type.
    fn read(raw: &Raw, kind: &Kind) -> Option<Self>;

    /// The value as TOML; `None` for what is absent or secret.
    fn show(&self, kind: &Kind) -> Option<String>;

    /// The number to hold against the bounds.
    fn number(&self) -> Option<f64> {
        None
    }

    /// Whether there is a value at all.
    fn is_given(&self) -> bool {
        true
    }
}

impl Value for bool {
    fn read(raw: &Raw, _: &Kind) -> Option<Self> {
        match raw {
            Raw::Switch(is_on) => Some(*is_on),
            Raw::Word(word) => match word.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    fn show(&self, _: &Kind) -> Option<String> {
        Some(self.to_string())
    }
}

macro_rules! whole_numbers {
    ($($type:ty)+) => {$(
        impl Value for $type {
            fn read(raw: &Raw, kind: &Kind) -> Option<Self> {
                match (raw, kind) {
                    (Raw::Integer(number), _) => (*number).try_into().ok(),
                    (Raw::Text(text) | Raw::Word(text), Kind::Bytes { .. }) => read_bytes(text)?.try_into().ok(),
                    (Raw::Word(word), _) => word.trim().parse().ok(),
                    _ => None,
                }
            }

            fn show(&self, kind: &Kind) -> Option<String> {
                match kind {
                    Kind::Bytes { .. } => Some(format!("\"{}\"", show_bytes(u64::try_from(*self).ok()?))),
                    _ => Some(self.to_string()),
                }
            }

            fn number(&self) -> Option<f64> {
                Some(*self as f64)
            }
        }
    )+};
}

whole_numbers!(u16 u32 u64 usize);

impl Value for Duration {
    fn read(raw: &Raw, _: &Kind) -> Option<Self> {
        let seconds = match raw {
            Raw::Integer(number) => *number as f64,
            Raw::Float(number) => *number,
            Raw::Word(word) => word.trim().parse().ok()?,
            _ => return None,
        };
        Self::try_from_secs_f64(seconds).ok()
    }

    fn show(&self, _: &Kind) -> Option<String> {
        Some(self.as_secs_f64().to_string())
    }

    fn number(&self) -> Option<f64> {
        Some(self.as_secs_f64())
    }
}

impl Value for String {
    fn read(raw: &Raw, _: &Kind) -> Option<Self> {
        Some(raw.text().to_owned()).filter(|text| !text.is_empty())
    }

    fn show(&self, _: &Kind) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

impl Value for SecretString {
    fn read(raw: &Raw, _: &Kind) -> Option<Self> {
        match raw {
            Raw::Text(text) | Raw::Word(text) => Some(text.as_str().into()),
            _ => None,
        }
    }

    fn show(&self, _: &Kind) -> Option<String> {
        None
    }
}

impl Value for Vec<String> {
    fn read(raw: &Raw, _: &Kind) -> Option<Self> {
        match raw {
            Raw::Texts(texts) => Some(texts.clone()),
            Raw::Text(text) | Raw::Word(text) => {
                let names = text.split(',').map(|name| name.trim().to_owned());
                Some(names.filter(|name| !name.is_empty()).collect())
            }
            _ => None,
        }
    }

    fn show(&self, _: &Kind) -> Option<String> {
        Some(format!("{self:?}"))
    }
}

impl<T: Value> Value for Option<T> {
    /// Where the bounds admit 0, it stands for "none", so that a later source can lift a bound of an earlier one.
    fn read(raw: &Raw, kind: &Kind) -> Option<Self> {
        let value = T::read(raw, kind)?;
        let is_none = value.number() == Some(0.0) && kind.admits(0.0);
        Some((!is_none).then_some(value))
    }

    fn show(&self, kind: &Kind) -> Option<String> {
        self.as_ref().and_then(|value| value.show(kind))
    }

    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(Value::number)
    }

    fn is_given(&self) -> bool {
        self.is_some()
    }
}

/// Makes a type one that is chosen by words; the first word of a value is the one that is shown.
macro_rules! choices {
    ($type:ty, $words:ident: $($word:literal = $value:expr),+) => {
        const $words: &[&str] = &[$($word),+];

        impl $crate::config::value::Value for $type {
            fn read(raw: &$crate::config::kind::Raw, _: &$crate::config::kind::Kind) -> Option<Self> {
                let values = [$(($word, $value)),+];
                values.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(raw.text())).map(|(_, value)| value)
            }

            fn show(&self, _: &$crate::config::kind::Kind) -> Option<String> {
                let values = [$(($word, $value)),+];
                values.iter().find(|(_, value)| value == self).map(|(word, _)| format!("{word:?}"))
            }
        }
    };
}
pub(super) use choices;
