//! The picture: bars of what watching adds, ours beside others'.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::{
    DrawingArea, IntoDrawingArea, RGBColor, Rectangle, SVGBackend, Text, TextStyle,
};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::Report;
use crate::observers::{TABLE as OBSERVATION, names as observers};
use crate::parts::calls::{POOL, columns as calls};
use crate::parts::diesel::{TABLE as DIESEL, names as diesel};
use crate::parts::observation::columns as threads;
use crate::parts::sqlx::names as sqlx;
use crate::parts::sqlx_0_8;

/// Whom the picture is for.
#[derive(Clone, Copy)]
pub enum Theme {
    /// Who reads dark letters on white.
    Light,
    /// Who reads light letters on black.
    Dark,
}

struct Colors {
    paper: RGBColor,
    ink: RGBColor,
    faint: RGBColor,
    ours: [RGBColor; 2],
    others: [RGBColor; 2],
}

/// Bars that share a scale: rows, and in each a bar of each series.
struct Panel {
    title: &'static str,
    table: &'static str,
    series: [(&'static str, &'static str); 2],
    rows: &'static [(&'static str, &'static str)],
}

const PANELS: [Panel; 3] = [
    Panel {
        title: "Observing one call (less is better)",
        table: OBSERVATION,
        series: [("one thread", threads::ONE), ("two threads at once, each", threads::TWO)],
        rows: &[
            ("this monitor", observers::OURS),
            ("tracing span, registry", observers::SPAN),
            ("prometheus histogram", observers::PROMETHEUS),
            ("OpenTelemetry SDK histogram", observers::OTEL),
            ("metrics + Prometheus exporter", observers::METRICS),
        ],
    },
    Panel {
        title: "Added to a call through an sqlx pool (5 columns by key)",
        table: POOL,
        series: [("SQLite", calls::SQLITE_KEY), ("PostgreSQL", calls::POSTGRES_KEY)],
        rows: &[
            ("this monitor: wrapper", sqlx::OURS),
            ("this monitor: layer", sqlx::LAYER),
            ("sqlx-tracing, registry", sqlx_0_8::NAME),
            ("sqlx-otel, no SDK", sqlx::OTEL_NONE),
            ("sqlx-otel with an SDK", sqlx::OTEL_SDK),
        ],
    },
    Panel {
        title: "Added to a call through diesel (5 columns by key)",
        table: DIESEL,
        series: [("SQLite", calls::SQLITE_KEY), ("PostgreSQL", calls::POSTGRES_KEY)],
        rows: &[
            ("this monitor: precise mode", diesel::PRECISE),
            ("this monitor: instrumentation", diesel::WATCHED),
            ("diesel-tracing, registry", diesel::PEER),
        ],
    },
];

const WIDTH: i32 = 860;
const MARGIN: i32 = 20;
/// Where bars begin: left of it stand their names.
const BARS: i32 = 260;
/// Right of the longest bar stands its figure.
const FIGURE: i32 = 80;
const TITLE: i32 = 44;
const BAR: i32 = 14;
/// From one row to the next, of two bars.
const ROW: i32 = 2 * BAR + 12;
const GAP: i32 = 26;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The picture as SVG; `None` where nothing was measured that it shows.
///
/// # Errors
///
/// When it cannot be drawn.
pub fn draw(report: &Report, theme: Theme) -> Result<Option<String>> {
    let panels: Vec<&Panel> =
        PANELS.iter().filter(|panel| report.table(panel.table).is_some()).collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let height: i32 = panels.iter().map(|panel| panel.height()).sum::<i32>() + 2 * MARGIN - GAP;
    let colors = theme.colors();
    let mut svg = String::new();
    {
        let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&colors.paper).map_err(unwritten)?;
        let mut top = MARGIN;
        for panel in panels {
            panel.draw(report, &area, &colors, top)?;
            top += panel.height();
        }
        area.present().map_err(unwritten)?;
    }
    Ok(Some(svg))
}

fn unwritten(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot draw the picture: {error}")
}

fn write(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    to: HPos,
    size: i32,
    color: &RGBColor,
) -> Result<()> {
    let style = TextStyle::from(("sans-serif", size)).color(color).pos(Pos::new(to, VPos::Center));
    area.draw(&Text::new(text.to_owned(), at, style)).map_err(unwritten)
}

// === impl Panel ===

impl Panel {
    fn height(&self) -> i32 {
        TITLE + self.rows.len() as i32 * ROW + GAP
    }

    fn draw(&self, report: &Report, area: &Area<'_>, colors: &Colors, top: i32) -> Result<()> {
        write(area, self.title, (MARGIN, top + 8), HPos::Left, 21, &colors.ink)?;
        self.legend(area, colors, top + 8)?;
        let value = |row, column| report.cell(self.table, row, column).and_then(super::Cell::value);
        let values = self.rows.iter().flat_map(|(_, row)| {
            self.series.iter().filter_map(move |(_, column)| value(row, column))
        });
        let most = values.fold(1.0, f64::max);
        for (place, (name, row)) in (0..).zip(self.rows) {
            let top = top + TITLE + place * ROW;
            let is_ours = name.starts_with("this monitor");
            let ink = if is_ours { &colors.ink } else { &colors.faint };
            write(area, name, (BARS - 10, top + BAR), HPos::Right, 17, ink)?;
            let fill = if is_ours { &colors.ours } else { &colors.others };
            for (line, (_, column)) in (0..).zip(&self.series) {
                let top = top + line * BAR;
                let Some(nanos) = value(row, column) else {
                    write(
                        area,
                        "not measured",
                        (BARS + 6, top + BAR / 2),
                        HPos::Left,
                        14,
                        &colors.faint,
                    )?;
                    continue;
                };
                let room = f64::from(WIDTH - BARS - FIGURE - MARGIN);
                let end = BARS + (nanos.max(0.0) / most * room).round() as i32;
                let bar = Rectangle::new(
                    [(BARS, top), (end, top + BAR - 2)],
                    fill[line as usize].filled(),
                );
                area.draw(&bar).map_err(unwritten)?;
                let figure = format!("{nanos:.0} ns");
                write(area, &figure, (end + 6, top + BAR / 2 - 1), HPos::Left, 15, ink)?;
            }
        }
        Ok(())
    }

    /// The two series, at the right, by others' colours.
    fn legend(&self, area: &Area<'_>, colors: &Colors, middle: i32) -> Result<()> {
        let mut right = WIDTH - MARGIN;
        for ((name, _), color) in self.series.iter().zip(&colors.others).rev() {
            // No font is asked; letters are about that wide.
            right -= name.len() as i32 * 13 / 2;
            write(area, name, (right, middle), HPos::Left, 15, &colors.faint)?;
            right -= 18;
            let square = [(right, middle - 6), (right + 12, middle + 6)];
            area.draw(&Rectangle::new(square, color.filled())).map_err(unwritten)?;
            right -= 20;
        }
        Ok(())
    }
}

// === impl Theme ===

impl Theme {
    fn colors(self) -> Colors {
        match self {
            Self::Light => Colors {
                paper: RGBColor(255, 255, 255),
                ink: RGBColor(31, 35, 40),
                faint: RGBColor(89, 99, 110),
                ours: [RGBColor(9, 105, 218), RGBColor(84, 160, 240)],
                others: [RGBColor(129, 139, 150), RGBColor(190, 197, 205)],
            },
            Self::Dark => Colors {
                paper: RGBColor(13, 17, 23),
                ink: RGBColor(240, 246, 252),
                faint: RGBColor(155, 165, 176),
                ours: [RGBColor(76, 157, 255), RGBColor(33, 99, 186)],
                others: [RGBColor(140, 150, 161), RGBColor(77, 86, 97)],
            },
        }
    }
}
