//! A key whose values a statement fixes, by constants or parameters.

use plexidb_core::{Comparison, KeySpace, Value, ValueRef};
use smallvec::SmallVec;

use super::{PINNED_VALUES_MAX, Places, parameter, place_of};

/// A value that a statement fixes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PinnedValue {
    /// The parameter with this index, counted from 0.
    Parameter(usize),
    /// The same, of which NULL tells nothing.
    ParameterUnlessNull(usize),
    /// A constant of the text.
    Constant(Value),
}

/// The values that a column of a key may have: one of these.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PinnedColumn {
    pub(crate) comparison: Comparison,
    pub(crate) values: Vec<PinnedValue>,
}

/// A key all of whose columns are fixed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PinnedKey {
    pub(crate) space: KeySpace,
    pub(crate) columns: Vec<PinnedColumn>,
}

impl PinnedKey {
    /// The number of values, each column's with each other's.
    pub(crate) fn len(&self) -> usize {
        self.columns
            .iter()
            .map(|column| column.values.len())
            .fold(1, usize::saturating_mul)
    }

    /// The places of all values, or `None` where one cannot be told apart or there are too many.
    pub(crate) fn places(&self, params: &[ValueRef<'_>]) -> Option<Places> {
        if self.columns.is_empty() || self.len() > PINNED_VALUES_MAX {
            return None;
        }
        (0..self.len()).map(|number| self.place(number, params)).collect()
    }

    /// The place of the value with this number, the last column's values changing fastest.
    fn place(&self, number: usize, params: &[ValueRef<'_>]) -> Option<plexidb_core::Place> {
        let mut rest = number;
        let mut hashes: SmallVec<[Option<u64>; 4]> = SmallVec::new();
        for column in self.columns.iter().rev() {
            let value = &column.values[rest % column.values.len()];
            rest /= column.values.len();
            hashes.push(column.hash(value, params));
        }
        place_of(self.space, hashes.into_iter().rev())
    }
}

impl PinnedColumn {
    fn hash(&self, value: &PinnedValue, params: &[ValueRef<'_>]) -> Option<u64> {
        match value {
            PinnedValue::Parameter(index) => self.comparison.hash(parameter(params, *index)?),
            PinnedValue::ParameterUnlessNull(index) => {
                let value = parameter(params, *index).filter(|value| *value != ValueRef::Null)?;
                self.comparison.hash(value)
            }
            PinnedValue::Constant(value) => self.comparison.hash(value.as_ref()),
        }
    }
}
