// Which row of a KV cache a position is in: the first `keep` have rows of their own, the others follow each other round
// a ring of the rest. The kernel's params have `context`, the rows of the cache.
fn cache_row(position: u32) -> u32 {
    if position < step.keep {
        return position;
    }
    return step.keep + (position - step.keep) % (params.context - step.keep);
}

// What is in the cache has numbers from 0: the kept positions, then the ring from its oldest on.
struct Window {
    // Numbers below this are kept positions in front of a gap; 0 where nothing has left.
    kept: u32,
    // How far behind the ring's first row its oldest is.
    oldest: u32,
    // Rows of the ring.
    ring: u32,
}

fn window() -> Window {
    let ring = params.context - step.keep;
    return Window(select(0u, step.keep, step.dropped > 0u), step.dropped % ring, ring);
}

// The row of a number: no division here, it is asked for every key.
fn window_row(w: Window, number: u32) -> u32 {
    let row = select(number + w.oldest, number, number < w.kept);
    return select(row, row - w.ring, row >= params.context);
}

// The same for four.
fn window_rows(w: Window, numbers: vec4<u32>) -> vec4<u32> {
    let rows = select(numbers + w.oldest, numbers, numbers < vec4<u32>(w.kept));
    return select(rows, rows - w.ring, rows >= vec4<u32>(params.context));
}

