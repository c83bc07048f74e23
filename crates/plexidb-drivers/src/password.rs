//! A user's password, which may be changed while connections are made.
//!
//! Invariant: it leaves its secret only on the way into a login.

use std::sync::{Arc, PoisonError, RwLock};

use secrecy::SecretString;

/// The password of the next login; cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Password(Arc<RwLock<Option<SecretString>>>);

impl Password {
    pub(crate) fn new(password: Option<SecretString>) -> Self {
        Self(Arc::new(RwLock::new(password)))
    }

    pub(crate) fn get(&self) -> Option<SecretString> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, password: SecretString) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(password);
    }
}
