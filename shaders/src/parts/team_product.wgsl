// Products of a matrix and a vector by teams: lanes that add up among themselves, whichever part says how. A workgroup makes
// QUADS times four rows; where it has more teams than that, some share the blocks of four rows, and where it has fewer, they
// take turns. The kernel declares WORKGROUP, QUADS and `first_row`, and `params` and `x` as for products.

// More workgroups than so many lie in rows of a grid.
override FOLD: u32;

// What each team has of its four rows; a team has at least four lanes.
var<workgroup> team_sums: array<vec4<f32>, WORKGROUP / 4u>;

fn folded(group: vec3<u32>) -> u32 {
    return group.y * FOLD + group.x;
}

// Products of a block of x with four rows of W, row by row: two blocks at once are all that a lane has to hold.
fn four(v: array<vec4<f32>, 8>, row: u32, block: u32) -> vec4<f32> {
    return vec4<f32>(
        product_of(v, w_block(row, block)), product_of(v, w_block(row + 1u, block)),
        product_of(v, w_block(row + 2u, block)), product_of(v, w_block(row + 3u, block)),
    );
}

fn product_of(v: array<vec4<f32>, 8>, w: array<vec4<f32>, 8>) -> f32 {
    let terms = v[0] * w[0] + v[1] * w[1] + v[2] * w[2] + v[3] * w[3] + v[4] * w[4] + v[5] * w[5] + v[6] * w[6] + v[7] * w[7];
    return terms.x + terms.y + terms.z + terms.w;
}

// Lets all lanes see the products of the workgroup's rows with the row of x that begins at quad `x_at`; says how many teams
// share a row. Neighbouring lanes of a team read neighbouring blocks.
fn share_products(group: u32, x_at: u32, lane: Lane) -> u32 {
    let lanes = team_lanes();
    let own = lane_of_team(lane);
    let teams = WORKGROUP / lanes;
    let share = max(teams / QUADS, 1u);
    for (var first = 0u; first < QUADS; first += teams) {
        let slot = first + team_of(lane);
        let row = first_row(group, slot / share);
        // Teams without a row stay for the sum.
        let has_row = slot < QUADS * share && row < params.rows;
        let blocks = select(0u, params.blocks, has_row);
        var sums = vec4<f32>();
        for (var block = slot % share * lanes + own; block < blocks; block += share * lanes) {
            sums += four(x_quads(x_at + block * 8u), row, block);
        }
        let sum = team_sum(sums, lane);
        if own == 0u && slot < QUADS * share {
            team_sums[slot] = sum;
        }
    }
    workgroupBarrier();
    return share;
}

// The product of one of the workgroup's rows.
fn product(row: u32, share: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < share; i++) {
        sum += team_sums[row / 4u * share + i][row % 4u];
    }
    return sum;
}

