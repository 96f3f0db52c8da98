//! Figures as pictures in `docs/charts`.

use plotters::prelude::*;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

const WIDTH: u32 = 760;
/// The library's colour, and what the others share.
const OURS: RGBColor = RGBColor(0xb7, 0x41, 0x0e);
const OTHERS: RGBColor = RGBColor(0x8a, 0x93, 0x9c);
const SERIES: [RGBColor; 4] = [
    OURS,
    RGBColor(0x2f, 0x6d, 0xa3),
    RGBColor(0x4c, 0x8c, 0x4a),
    OTHERS,
];

/// A figure of one program.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) figure: f64,
    /// Whether it is the library's own.
    pub(crate) ours: bool,
}

/// Figures of one thing at several amounts of another.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Line {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    pub(crate) fn new(name: &str, points: &[(usize, f64)]) -> Self {
        Self {
            name: name.to_owned(),
            points: points
                .iter()
                .map(|(at, figure)| (*at as f64, *figure))
                .collect(),
        }
    }
}

fn path(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/charts"));
    fs::create_dir_all(&folder)?;
    Ok(folder.join(name).with_extension("svg"))
}

/// A figure with as many digits as are worth reading.
fn written(figure: f64) -> String {
    if figure >= 1e6 {
        format!("{:.0}M", figure / 1e6)
    } else if figure >= 10_000.0 {
        format!("{:.0}k", figure / 1e3)
    } else if figure >= 100.0 || figure.fract() == 0.0 {
        format!("{figure:.0}")
    } else if figure >= 0.1 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.3}")
    }
}

/// One bar each, in the order they come in.
pub(crate) fn bars(name: &str, title: &str, bars: &[Bar]) -> Result<(), Box<dyn Error>> {
    let path = path(name)?;
    let rows = u32::try_from(bars.len())?;
    let root = SVGBackend::new(&path, (WIDTH, 60 + 30 * rows)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = bars.iter().map(|bar| bar.figure).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .build_cartesian_2d(-0.45 * most..1.12 * most, f64::from(rows)..0.0)?;
    for (row, bar) in (0_u32..).map(f64::from).zip(bars) {
        let colour = if bar.ours { OURS } else { OTHERS };
        let shape = [(0.0, row + 0.15), (bar.figure, row + 0.85)];
        let left = ("sans-serif", 14).into_text_style(&root);
        chart.draw_series([Rectangle::new(shape, colour.filled())])?;
        let at = (-0.45 * most, row + 0.3);
        chart.draw_series([Text::new(bar.name.clone(), at, left.clone())])?;
        let at = (bar.figure + 0.01 * most, row + 0.3);
        chart.draw_series([Text::new(written(bar.figure), at, left)])?;
    }
    root.present()?;
    Ok(())
}

/// Lines over two axes on which each step is ten times the one before.
pub(crate) fn lines(
    name: &str,
    title: &str,
    axes: [&str; 2],
    lines: &[Line],
) -> Result<(), Box<dyn Error>> {
    let path = path(name)?;
    let root = SVGBackend::new(&path, (WIDTH, 380)).into_drawing_area();
    root.fill(&WHITE)?;
    let points = || lines.iter().flat_map(|line| &line.points);
    let (mut across, mut up) = ((f64::MAX, 0.0_f64), (f64::MAX, 0.0_f64));
    for (x, y) in points() {
        across = (across.0.min(*x), across.1.max(*x));
        up = (up.0.min(*y), up.1.max(*y));
    }
    let decades = |(least, most): (f64, f64)| {
        10_f64.powf(least.log10().floor())..10_f64.powf(most.log10().ceil())
    };
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d((across.0..across.1).log_scale(), decades(up).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(axes[0])
        .y_desc(axes[1])
        .x_label_formatter(&|x| written(*x))
        .y_label_formatter(&|y| written(*y))
        .light_line_style(WHITE)
        .draw()?;
    for (line, colour) in lines.iter().zip(SERIES.into_iter().cycle()) {
        chart
            .draw_series(
                LineSeries::new(line.points.clone(), colour.stroke_width(2)).point_size(3),
            )?
            .label(line.name.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerMiddle)
        .background_style(WHITE)
        .border_style(OTHERS)
        .draw()?;
    root.present()?;
    Ok(())
}
