//! One declaration per setting, from which everything else is made: the struct's field with its documentation,
//! parsing, the names of environment variables, the search for the nearest name, bounds and the reference.

use super::kind::{Kind, Raw};

/// One setting of a section.
pub(super) struct Field<S: 'static> {
    pub(super) key: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) doc: &'static str,
    pub(super) kind: Kind,
    /// Sets the value; `false` where it is of another type.
    pub(super) read: fn(&mut S, &Raw, &Kind) -> bool,
    /// The value as TOML, where it is neither absent nor secret.
    pub(super) show: fn(&S, &Kind) -> Option<String>,
    /// The number to hold against the bounds.
    pub(super) number: fn(&S) -> Option<f64>,
    pub(super) is_given: fn(&S) -> bool,
    pub(super) reset: fn(&mut S),
}

impl<S> Field<S> {
    /// Every spelling, the proper one first.
    pub(super) fn spellings(&self) -> impl Iterator<Item = &'static str> + use<S> {
        std::iter::once(self.key).chain(self.aliases.iter().copied())
    }
}

/// The settings of a section.
pub(super) trait Fields: Sized + 'static {
    const FIELDS: &'static [Field<Self>];

    fn field(spelling: &str) -> Option<&'static Field<Self>> {
        Self::FIELDS
            .iter()
            .find(|field| field.spellings().any(|known| known == spelling))
    }

    fn spellings() -> impl Iterator<Item = &'static str> {
        Self::FIELDS.iter().flat_map(Field::spellings)
    }
}

/// What a section checks beyond its fields' bounds.
pub(super) trait Section: Fields {
    /// The keys that stand in for `url`, where there is one.
    const PARTS: &'static [&'static str];

    /// Fields that contradict each other or are missing.
    fn contradictions(&self) -> Vec<Contradiction>;

    /// The parts that are given.
    fn parts(&self) -> Vec<&'static str> {
        let given = |key: &&&str| Self::field(key).is_some_and(|field| (field.is_given)(self));
        Self::PARTS.iter().filter(given).copied().collect()
    }
}

/// What is wrong with a section as a whole: the key, what, and what to do.
pub(super) type Contradiction = (&'static str, String, String);

/// The nearest of `names`, where it is near enough to have been meant.
pub(super) fn nearest(wrong: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let distances = names.map(|name| (strsim::damerau_levenshtein(wrong, name), name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1.max(name.len() / 3)).then_some(name)
}

/// Declares a section: `field (as "key")? (or "alias" | "alias")?: type = default, kind;`.
macro_rules! section {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident $(as $key:literal)? $(or $($alias:literal)|+)?: $type:ty = $default:expr, $kind:expr;
            )+
        }
        $(also { $($(#[$also_meta:meta])+ $also:ident: $also_type:ty;)+ })?
        $(setters on $builder:ident)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nDefault: `", stringify!($default), "`; value: `", stringify!($kind), "`.")]
                pub $field: $type,
            )+
            $($($(#[$also_meta])+ pub $also: $also_type,)+)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ $($($also: Default::default(),)+)? }
            }
        }

        impl $crate::config::field::Fields for $name {
            const FIELDS: &'static [$crate::config::field::Field<Self>] = &[$(
                $crate::config::field::Field {
                    key: $crate::config::field::section!(@key $field $($key)?),
                    aliases: &[$($($alias),+)?],
                    doc: concat!($($doc),+),
                    kind: $kind,
                    read: |section, raw, kind| match $crate::config::value::Value::read(raw, kind) {
                        Some(value) => {
                            section.$field = value;
                            true
                        }
                        None => false,
                    },
                    show: |section, kind| $crate::config::value::Value::show(&section.$field, kind),
                    number: |section| $crate::config::value::Value::number(&section.$field),
                    is_given: |section| $crate::config::value::Value::is_given(&section.$field),
                    reset: |section| section.$field = $default,
                }
            ),+];
        }

        $crate::config::field::section!(@setters [$($builder)?] $([$($doc)+ $field: $type])+);
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@setters [] $($rest:tt)+) => {};
    (@setters [$builder:ident] $([$($doc:literal)+ $field:ident: $type:ty])+) => {
        impl $builder {$(
            $(#[doc = $doc])+
            #[must_use]
            pub fn $field(self, value: $type) -> Self {
                self.choose(stringify!($field), move |config| config.$field = value)
            }
        )+}
    };
}
pub(super) use section;
