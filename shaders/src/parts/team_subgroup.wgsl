// Teams of lanes: the subgroups of a workgroup, all of one size. Which lanes are in one is not assumed, nor that the
// workgroup fills it.
struct Lane {
    @builtin(local_invocation_index) index: u32,
    @builtin(subgroup_id) subgroup: u32,
}

fn team_lanes() -> u32 {
    return subgroupAdd(1u);
}

fn team_of(lane: Lane) -> u32 {
    return lane.subgroup;
}

fn lane_of_team(lane: Lane) -> u32 {
    return subgroupExclusiveAdd(1u);
}

// The sums of the team, in each of its lanes.
fn team_sum(sums: vec4<f32>, lane: Lane) -> vec4<f32> {
    return subgroupAdd(sums);
}

