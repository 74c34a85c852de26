// Teams of lanes: eight neighbours, which add up in workgroup memory. The square root of 64, so that neither a team's sum
// nor that of all teams is long.
const TEAM: u32 = 8u;
// The barrier below is passed once: each team has its rows, and no second ones.
const_assert WORKGROUP / TEAM >= QUADS;
struct Lane {
    @builtin(local_invocation_index) index: u32,
}
var<workgroup> lane_sums: array<vec4<f32>, WORKGROUP>;

fn team_lanes() -> u32 {
    return TEAM;
}

fn team_of(lane: Lane) -> u32 {
    return lane.index / TEAM;
}

fn lane_of_team(lane: Lane) -> u32 {
    return lane.index % TEAM;
}

// The sums of the team, in each of its lanes.
fn team_sum(sums: vec4<f32>, lane: Lane) -> vec4<f32> {
    lane_sums[lane.index] = sums;
    workgroupBarrier();
    let first = lane.index - lane.index % TEAM;
    var sum = vec4<f32>();
    for (var i = 0u; i < TEAM; i++) {
        sum += lane_sums[first + i];
    }
    return sum;
}

