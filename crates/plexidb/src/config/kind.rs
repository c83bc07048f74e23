//! The kinds of values that a setting can have, with their bounds, and what a source can give in their place.

/// A value as a source gives it.
pub(super) enum Raw {
    Switch(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// Text from the environment, which knows no types: it may stand for a number or a switch too.
    Word(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// Something that no setting takes, by the name of its type.
    Other(&'static str),
    /// Something that its source has already refused.
    Refused,
}

impl Raw {
    /// The text, or the empty one of what is none.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Word(text) => text,
            _ => "",
        }
    }

    /// What it is, for messages; `None` where its source has already said so.
    pub(super) fn found(&self) -> Option<&'static str> {
        match self {
            Self::Switch(_) => Some("true or false"),
            Self::Integer(_) | Self::Float(_) => Some("this number"),
            Self::Text(_) | Self::Word(_) => Some("this text"),
            Self::Texts(_) => Some("a list"),
            Self::Other(name) => Some(name),
            Self::Refused => None,
        }
    }
}

/// What a setting takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Switch,
    Text,
    /// A list of names.
    Names,
    /// A list of URLs, which are never shown.
    Urls,
    /// Text that is never shown.
    Secret,
    Choice(&'static [&'static str]),
    Count {
        unit: &'static str,
        min: u64,
        max: u64,
    },
    Bytes {
        min: u64,
        max: u64,
    },
    Seconds {
        min: f64,
        max: f64,
    },
}

/// A whole number of `unit`. For an optional setting a bound of 0 means "none".
pub(super) const fn count(unit: &'static str, min: u64, max: u64) -> Kind {
    Kind::Count { unit, min, max }
}

/// A number of bytes.
pub(super) const fn bytes(min: u64, max: u64) -> Kind {
    Kind::Bytes { min, max }
}

/// A duration in seconds, fractions allowed. For an optional setting a bound of 0 means "none".
pub(super) const fn seconds(min: f64, max: f64) -> Kind {
    Kind::Seconds { min, max }
}

impl Kind {
    /// What a value has to be, for messages and the reference.
    pub(super) fn expected(&self) -> String {
        match *self {
            Self::Switch => "true or false".to_owned(),
            Self::Text => "text that is not empty".to_owned(),
            Self::Names => "a list of names, such as [\"a\", \"b\"]".to_owned(),
            Self::Urls => {
                "a list of URLs, such as [\"postgres://app@replica-1/chat\"], or of tables".to_owned()
            }
            Self::Secret => "text".to_owned(),
            Self::Choice(words) => {
                let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("one of {}", words.join(", "))
            }
            Self::Count { unit: "", min, max } => format!("a whole number from {min} to {max}"),
            Self::Count { unit, min, max } => format!("a whole number of {unit} from {min} to {max}"),
            Self::Bytes { min, max } => {
                format!(
                    "a number of bytes from {} to {}, bare or as \"64 MiB\"",
                    show_bytes(min),
                    show_bytes(max)
                )
            }
            Self::Seconds { min, max } => format!("a number of seconds from {min} to {max}"),
        }
    }

    /// Whether a number is within the bounds.
    pub(super) fn admits(&self, number: f64) -> bool {
        match *self {
            Self::Count { min, max, .. } | Self::Bytes { min, max } => {
                (min as f64..=max as f64).contains(&number)
            }
            Self::Seconds { min, max } => (min..=max).contains(&number),
            Self::Switch | Self::Text | Self::Names | Self::Urls | Self::Secret | Self::Choice(_) => true,
        }
    }
}

const UNITS: [(&str, u64); 5] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

pub(super) fn read_bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    let factor = match unit.trim_start() {
        "" => 1,
        unit => UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?.1,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

pub(super) fn show_bytes(bytes: u64) -> String {
    let fits = |&&(_, factor): &&(&str, u64)| bytes >= factor && bytes.is_multiple_of(factor);
    match UNITS.iter().find(fits) {
        Some((name, factor)) => format!("{} {name}", bytes / factor),
        None => format!("{bytes} B"),
    }
}
