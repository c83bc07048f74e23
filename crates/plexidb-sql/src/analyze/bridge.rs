//! The scanner's tokens as the parser's, with what the parser cannot read put into a form that it can.
//!
//! Invariant: each token carries its index as its place, so that a name of the syntax tree leads back to the text. A
//! rewrite may lose how things are computed, never which relation or function is named: the tree is read for names
//! alone and never printed.

use plexidb_core::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token as ParserToken, TokenWithSpan, Word};

use super::bounds;
use super::operators::operator;
use super::text::Text;
use crate::reason::Reason;
use crate::scan::{TokenKind, name_content};

mod constants;
mod rewrites;

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The parser sees it and nobody has named it yet; a name must not stay so.
    Unseen,
    /// It may stay unnamed: a keyword, an operator, a value, or left out by a rewrite.
    Exempt,
    /// A name of something: a column, an alias, a type.
    Name,
    /// A part of a relation's name.
    Relation,
    /// A part of a function's name.
    Function,
}

/// What is given to the parser.
pub(super) struct Bridge {
    pub(super) tokens: Vec<TokenWithSpan>,
    /// One mark a token of the text.
    pub(super) marks: Vec<Mark>,
    /// How many SELECTs were written into the tokens.
    pub(super) selects_added: usize,
}

/// What a parenthesis holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parenthesis {
    /// The values of IN.
    In,
    /// The tables of a join, where MySQL and SQLite take a comma.
    Join,
    Other,
}

struct Builder<'t, 'a> {
    text: &'t Text<'a>,
    bridge: Bridge,
    parentheses: Vec<Parenthesis>,
    /// The depth of a VALUES whose rows are being read.
    rows_depth: Option<usize>,
    /// Whether the tables of MySQL's UPDATE are being read, which commas may separate.
    is_update_list: bool,
    at: usize,
}

impl Bridge {
    /// The tokens from this one to the end.
    pub(super) fn build(text: &Text<'_>, from: usize) -> Result<Self, Reason> {
        let bridge = Bridge {
            tokens: Vec::with_capacity(text.len() + 4),
            marks: vec![Mark::Exempt; text.len()],
            selects_added: 0,
        };
        let is_update_list = text.dialect() == Dialect::MySql && text.is_word(from, "UPDATE");
        let mut builder = Builder {
            text,
            bridge,
            parentheses: Vec::new(),
            rows_depth: None,
            is_update_list,
            at: from,
        };
        while builder.at < text.len() {
            builder.step()?;
        }
        bounds::check_count(builder.bridge.tokens.len())?;
        Ok(builder.bridge)
    }
}

impl Builder<'_, '_> {
    fn step(&mut self) -> Result<(), Reason> {
        if self.skip_constants() || self.rewrite() {
            return Ok(());
        }
        let index = self.at;
        self.track(index);
        let token = self.token(index)?;
        self.push(token, index);
        self.at += 1;
        Ok(())
    }

    fn track(&mut self, index: usize) {
        match self.text.kind(index) {
            Some(TokenKind::Open) => {
                let before = index.wrapping_sub(1);
                let parenthesis = if self.text.is_word(before, "IN") {
                    Parenthesis::In
                } else if self.text.is_any(before, &["JOIN", "STRAIGHT_JOIN", "FROM"])
                    && !self
                        .text
                        .is_any(index + 1, &["SELECT", "WITH", "VALUES", "TABLE"])
                {
                    Parenthesis::Join
                } else {
                    Parenthesis::Other
                };
                self.parentheses.push(parenthesis);
            }
            Some(TokenKind::Close) => {
                self.parentheses.pop();
            }
            Some(TokenKind::Word) if self.text.is_any(index, &["VALUES", "VALUE"]) => {
                self.rows_depth = Some(self.parentheses.len());
            }
            Some(TokenKind::Word) if self.rows_depth == Some(self.parentheses.len()) => {
                self.rows_depth = None
            }
            _ => {}
        }
    }

    fn push(&mut self, token: ParserToken, index: usize) {
        // Lines and columns count from 1; a place of 0 is none.
        let place = Location {
            line: 1,
            column: index as u64 + 1,
        };
        self.bridge.tokens.push(TokenWithSpan {
            token,
            span: Span {
                start: place,
                end: place,
            },
        });
    }

    fn push_keyword(&mut self, keyword: &str, index: usize) {
        self.push(ParserToken::make_keyword(keyword), index);
    }

    fn token(&mut self, index: usize) -> Result<ParserToken, Reason> {
        let text = self.text.text(index);
        Ok(match self.text.kind(index).unwrap_or(TokenKind::Unknown) {
            TokenKind::Word => {
                let token = ParserToken::make_word(text, None);
                if !matches!(&token, ParserToken::Word(word) if word.keyword != Keyword::NoKeyword) {
                    self.mark(index, Mark::Unseen);
                }
                token
            }
            TokenKind::QuotedName => {
                self.mark(index, Mark::Unseen);
                let quote = text.chars().next().filter(|char| matches!(char, '`' | '['));
                let value = name_content(text)
                    .ok_or_else(|| Reason::DoesNotParse("a quoted name holds Unicode escapes".to_owned()))?;
                ParserToken::Word(Word {
                    value: value.into_owned(),
                    quote_style: Some(quote.unwrap_or('"')),
                    keyword: Keyword::NoKeyword,
                })
            }
            // The tree is read for names alone: what a literal says was looked at in the text.
            TokenKind::String => ParserToken::SingleQuotedString(String::new()),
            TokenKind::Number => ParserToken::Number(text.to_owned(), false),
            TokenKind::Placeholder | TokenKind::NamedPlaceholder | TokenKind::Variable => {
                ParserToken::Placeholder(text.to_owned())
            }
            TokenKind::Operator => operator(text),
            TokenKind::Comma => ParserToken::Comma,
            TokenKind::Dot => ParserToken::Period,
            TokenKind::Colon => ParserToken::Colon,
            TokenKind::Open => ParserToken::LParen,
            TokenKind::Close => ParserToken::RParen,
            TokenKind::OpenBracket => ParserToken::LBracket,
            TokenKind::CloseBracket => ParserToken::RBracket,
            TokenKind::Semicolon => return Err(Reason::MultiStatement),
            TokenKind::Whitespace
            | TokenKind::Comment
            | TokenKind::ExecutableComment
            | TokenKind::Unknown => {
                return Err(Reason::DoesNotParse(format!("unexpected \"{text}\"")));
            }
        })
    }

    fn mark(&mut self, index: usize, mark: Mark) {
        if let Some(slot) = self.bridge.marks.get_mut(index) {
            *slot = mark;
        }
    }
}
