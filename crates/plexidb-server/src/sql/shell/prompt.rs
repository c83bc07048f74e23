//! What stands before the cursor.

use std::borrow::Cow;

use plexidb::Dialect;
use reedline::{Prompt, PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus};

/// The prompt: the kind of the database, and a star while a transaction is open.
pub(super) struct SqlPrompt {
    text: String,
}

impl SqlPrompt {
    pub(super) fn new(dialect: Dialect, is_in_transaction: bool) -> Self {
        Self {
            text: format!("{}{}> ", dialect.name(), if is_in_transaction { "*" } else { "" }),
        }
    }
}

impl Prompt for SqlPrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.text)
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _edit_mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        // As wide as the prompt, so that lines stand below each other.
        Cow::Owned(format!("{:>width$}", "...> ", width = self.text.len()))
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let state = match search.status {
            PromptHistorySearchStatus::Passing => "search",
            PromptHistorySearchStatus::Failing => "nothing found",
        };
        Cow::Owned(format!("({state}: {}) ", search.term))
    }
}
