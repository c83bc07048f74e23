//! Figures: what was measured, what was aimed at, whether it was met.

use anyhow::Result;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

/// What a figure should be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// It is stated, nothing is aimed at.
    Stated,
}

/// One measured figure.
#[derive(Serialize)]
pub(crate) struct Figure {
    figure: String,
    value: f64,
    unit: &'static str,
    goal: Option<String>,
    met: Option<bool>,
}

/// The figures of one benchmark.
#[derive(Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

impl Report {
    pub(crate) fn add(&mut self, figure: impl Into<String>, value: f64, unit: &'static str, goal: Goal) {
        let (goal, met) = match goal {
            Goal::AtMost(bound) => (Some(format!("≤ {bound}")), Some(value <= bound)),
            Goal::AtLeast(bound) => (Some(format!("≥ {bound}")), Some(value >= bound)),
            Goal::Stated => (None, None),
        };
        self.figures.push(Figure {
            figure: figure.into(),
            value,
            unit,
            goal,
            met,
        });
    }

    pub(crate) fn print(&self, as_json: bool) -> Result<()> {
        if as_json {
            println!("{}", serde_json::to_string_pretty(&self.figures)?);
            return Ok(());
        }
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        table.set_header(["figure", "value", "unit", "goal", "met"]);
        for figure in &self.figures {
            let met = match figure.met {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            };
            let goal = figure.goal.as_deref().unwrap_or("");
            table.add_row([&figure.figure, &display(figure.value), figure.unit, goal, met]);
        }
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("{table}");
        Ok(())
    }
}

/// Three significant digits.
fn display(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}
