//! Draws a look at a dashboard: tabs, where the numbers are from, the page, the keys.

use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span, Text};

use crate::app::App;
use crate::client::Trouble;
use crate::question::View;
use crate::sheet::{Sheet, Tone, line};
use crate::text;

/// Lines of the chosen statement's text.
const TEXT_LINES_MAX: usize = 4;

/// Lines that a page keeps whatever else wants to be shown.
const PAGE_LINES_MIN: usize = 6;

const KEYS: &str = "q quit  1-5 view  w window  s sort  r reverse  / search  ←→ page  ? keys";

const HELP: &str = "\
1 2 3 4 5 overview, statements, pools, alerts, requests; Tab for the next
w         window: 1, 5, 15, 60 minutes, since the start
t c p e   statements by share of time, calls, p95, share of failures
s         statements by the next measure: also mean, max, failed, slow
r         reverse the order
/         search statements; Enter without words shows all again
Up Down   move; also j and k, PgUp, PgDn, Home, End
Left Right  the page before and after
q Esc     leave

Any key closes this.";

/// Draws it, as things are at a moment.
pub fn draw(app: &mut App, frame: &mut Frame<'_>, now: Instant) {
    let rows =
        [Constraint::Length(1), Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)];
    let [tabs_at, state_at, page_at, keys_at] = Layout::vertical(rows).areas(frame.area());
    frame.render_widget(tabs(app), tabs_at);
    frame.render_widget(state(app, now, usize::from(state_at.width)), state_at);
    page(app, frame, page_at, now);
    frame.render_widget(keys(app), keys_at);
}

fn tabs(app: &App) -> Line<'static> {
    let mut spans = Vec::new();
    for (place, view) in View::ALL.into_iter().enumerate() {
        let style = match view == app.question.view {
            true => Tone::Title.style().add_modifier(Modifier::REVERSED),
            false => Tone::Plain.style(),
        };
        spans.push(Span::styled(format!(" {} {} ", place + 1, view.as_str()), style));
    }
    let window = format!("  window {}", app.question.window.as_str());
    spans.push(Span::styled(window, Tone::Label.style()));
    Line::from(spans)
}

/// Where the numbers are from, or why there are none.
fn state(app: &App, now: Instant, width: usize) -> Line<'static> {
    let address = app.address.as_str();
    let scope = app.answer.as_ref().map(|answer| answer.scope());
    match (&app.trouble, scope) {
        (Some((_, since)), scope) => {
            let ago = text::time(now.saturating_duration_since(*since).as_secs_f64().floor());
            let lost = format!("lost for {}, trying again", if ago == "0µs" { "0s" } else { &ago });
            let old = scope.map(|scope| format!("numbers {scope}")).unwrap_or_default();
            line(&[(Tone::Bad, &lost), (Tone::Plain, address), (Tone::Warning, &old)], width)
        }
        (None, Some(scope)) => line(&[(Tone::Plain, address), (Tone::Label, &scope)], width),
        (None, None) => line(&[(Tone::Plain, address), (Tone::Label, "asking")], width),
    }
}

fn page(app: &mut App, frame: &mut Frame<'_>, area: Rect, now: Instant) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut sheet = match (&app.answer, &app.trouble) {
        _ if app.is_help => help(width),
        (Some(answer), _) => answer.sheet(&app.question, width),
        (None, Some((trouble, since))) => explanation(trouble, *since, now, width),
        (None, None) => Sheet::new(width),
    };
    if let (Some(_), Some((trouble, _)), false) = (&app.answer, &app.trouble, app.is_help) {
        sheet.head.insert(0, line(&[(Tone::Bad, &trouble.to_string())], width));
    }
    let is_list = !app.is_help && app.answer.as_ref().is_some_and(|answer| answer.is_list());
    let room = height.saturating_sub(sheet.head.len());
    let foot_height =
        if is_list { room.saturating_sub(PAGE_LINES_MIN).min(TEXT_LINES_MAX) } else { 0 };
    let body_height = room - foot_height;
    app.settle(body_height, sheet.body.len(), is_list);
    let mut lines = sheet.head;
    let body = sheet.body.into_iter().enumerate().skip(app.top).take(body_height);
    lines.extend(body.map(|(place, line)| match is_list && place == app.line {
        true => line.patch_style(Tone::Plain.style().add_modifier(Modifier::REVERSED)),
        false => line,
    }));
    frame.render_widget(Text::from(lines), area);
    let chosen =
        app.answer.as_ref().filter(|_| is_list).and_then(|answer| answer.text_of(app.line));
    if let Some(chosen) = chosen {
        let lines = text::fold(&chosen, width, foot_height).into_iter().map(Line::from);
        let [_, foot] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(foot_height as u16)])
                .areas(area);
        frame.render_widget(Text::from_iter(lines), foot);
    }
}

fn help(width: usize) -> Sheet {
    let mut sheet = Sheet::new(width);
    sheet.body.extend(HELP.lines().map(Line::from));
    sheet
}

/// What is wrong, where there is nothing else to show.
fn explanation(trouble: &Trouble, since: Instant, now: Instant, width: usize) -> Sheet {
    let mut sheet = Sheet::new(width);
    sheet.text(Tone::Bad, &trouble.to_string(), TEXT_LINES_MAX);
    let seconds = now.saturating_duration_since(since).as_secs();
    if matches!(trouble, Trouble::Unreachable(_)) && seconds > 0 {
        sheet.text(Tone::Label, "is the service running, and its dashboard at this address?", 2);
    }
    sheet
}

fn keys(app: &App) -> Line<'static> {
    match &app.typing {
        Some(typing) => {
            Line::from(format!("search: {}_  Enter to search, Esc to leave", text::safe(typing)))
        }
        None => Line::styled(KEYS, Tone::Label.style()),
    }
}
