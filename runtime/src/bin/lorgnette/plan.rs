//! `lorgnette plan`: every dispatch of a forward pass as a table, without a GPU; or traced on one.

use clap::ValueEnum;
use lorgnette::plan::{Dispatch, Home, Plan, Rows, Step, Tensor};
use lorgnette::{Blueprint, LoadOptions};

use crate::output::{Result, bytes, input, table, write};
use crate::{args, trace};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    load: args::Load,
    #[command(flatten)]
    context: args::Context,
    /// Which forward pass
    #[arg(long, value_enum, default_value_t = Recording::Decode)]
    recording: Recording,
    /// Position of the step's first row
    #[arg(long, value_name = "N", default_value_t = 0)]
    position: u32,
    /// Rows of the step; as many as the recording takes, if not given
    #[arg(long, value_name = "N")]
    count: Option<u32>,
    /// Plays a prompt on the device and on the references, and names the first dispatch whose outputs differ
    #[arg(long, requires = "prompt", conflicts_with_all = ["recording", "position", "count"])]
    trace: bool,
    /// The prompt of a trace, as plain text
    #[arg(
        short,
        long,
        value_name = "TEXT",
        requires = "trace",
        allow_hyphen_values = true
    )]
    prompt: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Recording {
    /// One row, the next id from it
    Decode,
    /// A chunk of a prompt, the next id from its last row
    Prefill,
    /// A few rows, a score for each
    Score,
    /// Fewer rows, the next id from each
    Few,
}

impl Recording {
    fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Prefill => "prefill",
            Self::Score => "score",
            Self::Few => "few",
        }
    }
}

pub fn run(args: &Args) -> Result<()> {
    if let Some(prompt) = &args.prompt {
        return trace::run(&args.load, args.context.context, prompt);
    }
    let options = LoadOptions {
        speculation: matches!(args.recording, Recording::Few),
        ..args.load.options(args.context.context)
    };
    let (_, blueprint) = args.load.blueprint(&options)?;
    let name = args.recording.name();
    let plan = blueprint.plans.iter().find(|plan| plan.name == name);
    let plan = plan.expect("every model has the recordings that are asked for");
    let step = step(args, &blueprint, plan)?;
    let heads = blueprint.config.heads(blueprint.context, blueprint.kv);
    write(&page(plan, &step, heads.kv_width()))
}

fn step(args: &Args, blueprint: &Blueprint, plan: &Plan) -> Result<Step> {
    let context = blueprint.context;
    if args.position >= context {
        let expected = format!("less than {context}, the context");
        return Err(input("position", expected, args.position));
    }
    let most = plan.rows.min(context - args.position);
    match args.count.unwrap_or(most) {
        count if (1..=most).contains(&count) => Ok(Step::new(args.position, count)),
        count => {
            let expected = format!("1 to {most} rows of {} at this position", plan.name);
            Err(input("count", expected, count))
        }
    }
}

fn page(plan: &Plan, step: &Step, kv_width: usize) -> String {
    let cells = |cells: [&str; 7]| cells.map(str::to_owned).to_vec();
    let mut rows = vec![cells([
        "", "dispatch", "kernel", "output", "read", "written", "grid",
    ])];
    let (mut read_all, mut written_all) = (0, 0);
    for (at, dispatch) in plan.dispatches().enumerate() {
        let (read, written) = plan.traffic(dispatch, step);
        read_all += read;
        written_all += written;
        let [x, y, z] = dispatch.grid(dispatch.shader.wanted().variant, step);
        rows.push(cells([
            &at.to_string(),
            &dispatch.label,
            &dispatch.shader.label(),
            &output(plan, dispatch, step, kv_width),
            &bytes(read),
            &bytes(written),
            &format!("{x} x {y} x {z}"),
        ]));
    }
    rows.push(cells([
        "",
        "all",
        "",
        "",
        &bytes(read_all),
        &bytes(written_all),
        "",
    ]));
    format!(
        "{}: {} rows from position {}, {} dispatches in {} segments\n{}",
        plan.name,
        step.count,
        step.position,
        plan.dispatches().count(),
        plan.segments.len(),
        table(&rows, 4),
    )
}

/// The tensors it writes, with the rows and columns of this step.
fn output(plan: &Plan, dispatch: &Dispatch, step: &Step, kv_width: usize) -> String {
    let written = dispatch.uses().filter(|(_, access)| access.writes());
    let shapes: Vec<String> = written
        .map(|(id, _)| shape(plan.tensor(id), step, kv_width))
        .collect();
    shapes.join(" ")
}

fn shape(tensor: &Tensor, step: &Step, kv_width: usize) -> String {
    let cols = match tensor.home {
        Home::Keys(_) | Home::Values(_) => kv_width as u64,
        _ => tensor.row_bytes / 4,
    };
    let rows = match tensor.rows {
        Rows::Fixed(rows) => rows,
        // Of the cache, a step writes its own rows.
        Rows::Step | Rows::Context(_) => step.count,
    };
    format!("{} [{rows}, {cols}]", tensor.name)
}
